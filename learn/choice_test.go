package learn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
)

// blended is a fitting of rows with a score of recall, and another number that says more.
func blended(t *testing.T) *fitting {
	t.Helper()
	samples, err := NewSamples(fsys.NewMem(), "rows", rank.Names{Numbers: []string{recallScore, "other"}, Words: []string{itemID}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		score, other := 1/(60+float64(rng.IntN(300))), rng.NormFloat64()
		row := rank.Row{Numbers: []float64{score, other}, Words: []rank.Token{rank.TokenOf(string(rune('a' + i%7)))}, Ends: []uint32{1}}
		if _, err := samples.Append(&row); err != nil {
			t.Fatal(err)
		}
		s := Sample{Time: int64(i), Group: uint32(i / 20), Stands: 1}
		if rng.Float64() < rank.Sigmoid(300*(score-0.015)+other) {
			s.Signals = 1
		}
		if err := samples.Settle(&s); err != nil {
			t.Fatal(err)
		}
	}
	if err := samples.Seal(); err != nil {
		t.Fatal(err)
	}
	split := splitOf(samples.Len())
	fitted, err := FitFields(samples.Names, split[0], func(visit func(*rank.Row)) error {
		return samples.Each(0, split[0], func(_ int, s *Sample) error { visit(&s.Row); return nil })
	}, FieldOptions{})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := rank.NewSchema(fitted.Fields)
	if err != nil {
		t.Fatal(err)
	}
	return &fitting{FitOptions: FitOptions{Epochs: 2, Patience: 2}, samples: samples, split: split, rng: rng, schema: schema, counts: fitted.Counts}
}

// TestBlend holds mixtures of each kind against the weighted sum of the log-odds of their parts, and
// that with no say of its own a model keeps the order of recall.
func TestBlend(t *testing.T) {
	f := blended(t)
	score, err := f.byScore()
	if err != nil {
		t.Fatal(err)
	}
	var batch rank.Batch
	var scores []float64
	err = f.samples.Each(0, 500, func(_ int, s *Sample) error {
		f.schema.Encode(&batch, &s.Row)
		scores = append(scores, s.Row.Numbers[0])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	predict := func(m rank.Model) []float32 {
		odds := make([]float32, len(scores))
		m.Predict(&batch, odds)
		return odds
	}
	byScore := predict(score)
	for _, kind := range Learners {
		f.Kind = kind
		learned, err := f.lead(t.Context(), Trials(kind)[:1])
		if err != nil {
			t.Fatal(err)
		}
		model := learned.model
		alone := predict(model)
		for _, own := range []float64{1, 0.7, 0.4, 0} {
			f.way.own = own
			mixed, err := f.blend(model)
			if err != nil {
				t.Fatal(err)
			}
			got := predict(mixed)
			for i, x := range got {
				want := own*float64(alone[i]) + (1-own)*float64(byScore[i])
				if math.Abs(float64(x)-want) > 1e-3*(1+math.Abs(want)) {
					t.Fatalf("%s with %g of its own says %g of row %d, want %g", kind, own, x, i, want)
				}
			}
			if own > 0 {
				continue
			}
			order := make([]int, len(scores))
			for i := range order {
				order[i] = i
			}
			slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
			for i, at := range order[1:] {
				if scores[order[i]] > scores[at] && got[order[i]] <= got[at] {
					t.Fatalf("%s: a score of %g has odds of %g, one of %g has %g", kind, scores[order[i]], got[order[i]], scores[at], got[at])
				}
			}
		}
	}
}

// TestWays: there is the usual way first and the order of recall last, however many rows there are, and
// words are left out only where there are not too many.
func TestWays(t *testing.T) {
	words := []string{itemID, "item.author"}
	for _, c := range []struct {
		words []string
		rows  int
		mutes int
	}{{words, choiceMost, 3}, {words[:1], 9, 2}, {nil, 9, 1}, {words, choiceMost + 1, 1}} {
		list := ways(rank.Names{Words: c.words}, c.rows)
		if len(list) != 3*c.mutes+1 || list[0].own != 1 || list[0].muted != nil || list[len(list)-1].own != 0 {
			t.Errorf("%d rows with %v: %+v", c.rows, c.words, list)
		}
		if c.mutes == 1 && list[len(list)-1].muted != nil {
			t.Errorf("%d rows with %v: words are left out", c.rows, c.words)
		}
	}
}

// TestByScoreOfScoresAtZero holds that scores of 0 and below are behind all others, and odds are finite.
func TestByScoreOfScoresAtZero(t *testing.T) {
	if least := leastOf([]float64{-1, 0, 0.5, 2}); least != 0.25 {
		t.Errorf("scores have a logarithm from %g on, want 0.25", least)
	}
	if least := leastOf([]float64{-2, -1}); least != 1 {
		t.Errorf("with no score above 0 it is %g, want 1", least)
	}
}

// TestAblationGoesTheSameWay: where questions choose the order of recall, which heeds nothing else, nothing
// else is worth anything; a ranker without it that is fitted in the usual way would tell otherwise.
func TestAblationGoesTheSameWay(t *testing.T) {
	names := rank.Names{Numbers: []string{recallScore, "other"}}
	rng := rand.New(rand.NewPCG(2, 2))
	random := func() rank.Row { return row(1/(60+float64(rng.IntN(300))), rng.NormFloat64()) }
	samples := samplesOf(t, names, 4000, func(int) Sample {
		r := random()
		return Sample{Row: r, Signals: bit(rng.Float64() < rank.Sigmoid(100*(r.Numbers[0]-0.01)+r.Numbers[1]))}
	})
	const each, asked = 5, 2 * leastAsked
	questions := &Questions{}
	questions.Samples = samplesOf(t, names, each*asked, func(i int) Sample {
		if i%each == 0 {
			questions.Asked = append(questions.Asked, Question{First: i, Rows: each})
		}
		r := random()
		r.Numbers[0] = 1 / float64(60+40*(i%each)) // the first is wanted
		return Sample{Row: r}
	})
	var chosen Way
	_, whole, err := FitRanker(t.Context(), samples, click, FitOptions{Seed: 1, Questions: questions, Chose: func(w Way) { chosen = w }})
	if err != nil {
		t.Fatal(err)
	}
	if chosen.own != 0 {
		t.Fatalf("the questions want recall's order, and chose %+v", chosen)
	}
	without := func(way *Way) float64 {
		_, fits, err := FitRanker(t.Context(), samples, click, FitOptions{Seed: 1, Way: way, Without: []string{"other"}})
		if err != nil {
			t.Fatal(err)
		}
		return fits[0].LogLoss
	}
	if got := without(&chosen); got != whole[0].LogLoss {
		t.Errorf("without what the model does not heed the log-loss is %v instead of %v", got, whole[0].LogLoss)
	}
	if without(nil) == whole[0].LogLoss {
		t.Error("the usual way is no other: the test shows nothing")
	}
}
