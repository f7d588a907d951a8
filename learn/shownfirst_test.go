package learn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// TestShownFirstIsRankOne holds each kind of model without the field against itself with rank 1.
func TestShownFirstIsRankOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	schema, err := rank.NewSchema([]rank.Field{
		{Name: "a", Kind: rank.Spread, Knots: []float64{0, 1, 2}},
		{Name: exposedRank, Kind: rank.Spread, Knots: []float64{-1, 2, 5}}, // so that rank 1 has two entries
		{Name: "w", Kind: rank.Category, Tokens: []rank.Token{3, 5}},
	})
	if err != nil {
		t.Fatal(err)
	}
	some := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64())
		}
		return list
	}
	const dim = 4
	lr := rank.LR{Fields: schema, Bias: 0.5, Weights: some(schema.Weights())}
	fm := rank.FM{LR: lr, Dim: dim, Vectors: some(schema.Weights() * dim)}
	deep := &rank.DeepFM{FM: fm, Layers: []rank.Layer{{In: 3 * dim, Out: 5, Weights: some(3 * dim * 5), Bias: some(5)}, {In: 5, Out: 1, Weights: some(5), Bias: some(1)}}}
	for _, m := range []rank.Model{&lr, &fm, deep} {
		rest, err := withoutRank(schema)
		if err != nil {
			t.Fatal(err)
		}
		without := shownFirst(m, rest)
		if names := without.Schema().Names().Numbers; len(names) != 1 || names[0] != "a" {
			t.Fatalf("%T asks for %q", without, names)
		}
		for range 50 {
			a, words := 3*rng.Float64()-0.5, []rank.Token{rank.Token(rng.IntN(7))}
			whole, part := rank.Row{Numbers: []float64{a, 1}, Words: words, Ends: []uint32{1}}, rank.Row{Numbers: []float64{a}, Words: words, Ends: []uint32{1}}
			if want, got := oddsOf(m, &whole), oddsOf(without, &part); math.Abs(float64(want-got)) > 1e-4 {
				t.Errorf("%T: %v without the field, %v with rank 1", m, got, want)
			}
		}
		if again, err := withoutRank(rest); err != nil || again != rest || shownFirst(without, again) != without {
			t.Errorf("%T without the field became another, %v", without, err)
		}
	}
}

func oddsOf(m rank.Model, row *rank.Row) float32 {
	var b rank.Batch
	m.Schema().Encode(&b, row)
	odds := make([]float32, 1)
	m.Predict(&b, odds)
	return odds[0]
}
