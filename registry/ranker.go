package registry

import (
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// What the checks of a ranker see of it, whatever its form.

// Names are those of what rows must have for the ranker of the bundle.
func (b *Bundle) Names() rank.Names { return b.Ranker.Schema().Names() }

// Odds writes what the ranker makes of each row to odds, which must have a place for each: log-odds,
// or what the row is worth to a ranker of several heads; NaN when its model makes no number of the
// row. It is safe for concurrent use.
func (b *Bundle) Odds(rows []rank.Row, odds []float64) { oddsOf(b.Ranker, rows, odds) }

func oddsOf(r *rank.Ranker, rows []rank.Row, odds []float64) {
	var batch rank.Batch
	var kept rank.Rows
	for i := range rows {
		r.Schema().Encode(&batch, &rows[i])
		kept.Append(&rows[i])
	}
	raw := make([]float32, len(rows))
	r.Score(&batch, &kept, 0, raw, odds)
	for i, v := range raw { // of several heads, those of the last
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			odds[i] = math.NaN()
		}
	}
}

// needsGolden reports that the bundle is of a form that always comes with golden rows.
func (b *Bundle) needsGolden() bool { return b.Kind == Ranker && !b.earlier }

// goldenDrawn is how many golden rows are drawn for a ranker that brings none.
const goldenDrawn = 32

// exampled are the golden rows that a model is kept with: its own, or for a ranker without some rows
// drawn by lot from what its fields can tell apart; nil for what does not rank.
func exampled(model Model) *Golden {
	switch m := model.(type) {
	case *Exemplified:
		return m.Golden
	case *rank.Ranker:
		g := &Golden{Names: m.Schema().Names(), Rows: drawn(m.Schema()), Odds: make([]float64, goldenDrawn)}
		oddsOf(m, g.Rows, g.Odds)
		return g
	}
	return nil
}

// drawn are rows with values between the knots of their fields, or about their mean, and words of
// their vocabularies; one in eight is none, or one that nobody saw in training. The same schema draws
// the same rows.
func drawn(s *rank.Schema) []rank.Row {
	rng := rand.New(rand.NewPCG(1, uint64(s.Weights())))
	rows := make([]rank.Row, goldenDrawn)
	for i := range rows {
		row := &rows[i]
		for f := range s.Fields {
			field := &s.Fields[f]
			switch {
			case field.Number():
				row.Numbers = append(row.Numbers, number(field, rng))
			case field.Kind != rank.Cross:
				for range rng.IntN(4) {
					word := rank.Token(rng.Uint64())
					if n := len(field.Tokens); n > 0 && rng.IntN(8) > 0 {
						word = field.Tokens[rng.IntN(n)]
					}
					row.Words = append(row.Words, word)
				}
				row.End()
			}
		}
	}
	return rows
}

func number(f *rank.Field, rng *rand.Rand) float64 {
	if rng.IntN(8) == 0 {
		return math.NaN()
	}
	if n := len(f.Knots); n > 0 {
		at := rng.IntN(n)
		low, high := f.Knots[at], f.Knots[min(at+1, n-1)]
		return low + rng.Float64()*(high-low)
	}
	if f.Scale > 0 {
		return f.Mean + rng.NormFloat64()/f.Scale
	}
	return rng.NormFloat64()
}
