package learn

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
)

// samplesOf are n rows in memory.
func samplesOf(t *testing.T, names rank.Names, n int, row func(i int) Sample) *Samples {
	t.Helper()
	s, err := NewSamples(fsys.NewMem(), "rows", names)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		sample := row(i)
		if _, err := s.Append(&sample.Row); err != nil {
			t.Fatal(err)
		}
		if sample.Stands == 0 {
			sample.Stands = 1
		}
		if err := s.Settle(&sample); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Seal(); err != nil {
		t.Fatal(err)
	}
	return s
}

// named are rows of numbers alone.
func named(numbers ...string) rank.Names { return rank.Names{Numbers: numbers} }

func row(numbers ...float64) rank.Row { return rank.Row{Numbers: numbers} }

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

var click = []Target{{Signal: "click", Weight: 1}}

// scoreOf is the probability that a ranker of one head gives a row.
func scoreOf(r *rank.Ranker, row rank.Row) float64 {
	var b rank.Batch
	r.Schema().Encode(&b, &row)
	scores := make([]float64, 1)
	r.Score(&b, nil, 0, make([]float32, 1), scores)
	return r.Shown(scores[0])
}

// A world with a known answer: the odds rise with one number, fall where one is missing, and do not
// depend on noise. Every kind of model finds it, and says so with the right probabilities.
func TestLearnsAKnownWorld(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	chance := func(x, gap float64) float64 {
		odds := x - 6
		if !math.IsNaN(gap) {
			odds += 2
		}
		return rank.Sigmoid(odds)
	}
	samples := samplesOf(t, named("x", "gap", "noise"), 20_000, func(int) Sample {
		x, gap := rng.Float64()*10, math.NaN()
		if rng.IntN(2) == 0 {
			gap = 1
		}
		return Sample{Row: row(x, gap, rng.Float64()), Signals: bit(rng.Float64() < chance(x, gap))}
	})
	for _, kind := range Learners {
		r, fits, err := FitRanker(t.Context(), samples, click, FitOptions{Kind: kind, Seed: 1, Epochs: 5})
		if err != nil {
			t.Fatal(err)
		}
		fit := &fits[0]
		if fit.AUC < 0.9 || fit.LogLoss > 0.7*fit.Baseline || fit.Error > 0.03 || math.Abs(fit.Calibration-1) > 0.06 {
			t.Errorf("%s: %+v", kind, fit)
		}
		for _, p := range [][2]float64{{9, 1}, {2, 1}, {5, 1}, {5, math.NaN()}, {6, 1}} {
			if got, want := scoreOf(r, row(p[0], p[1], 0.5)), chance(p[0], p[1]); math.Abs(got-want) > 0.1 {
				t.Errorf("%s: the score of %v is %.3f, want %.3f", kind, p, got, want)
			}
		}
	}
}

// TestManyNumbers: where many numbers say a little each, a factorization machine finds about as much as
// a logistic regression: its vectors, which all move at once, do not drown the weights beside them.
func TestManyNumbers(t *testing.T) {
	const numbers = 30
	rng := rand.New(rand.NewPCG(7, 8))
	var names []string
	for i := range numbers {
		names = append(names, fmt.Sprint("x", i))
	}
	samples := samplesOf(t, named(names...), 10_000, func(int) Sample {
		x := make([]float64, numbers)
		odds, common := -3.5, rng.ExpFloat64()
		for i := range x {
			if rng.IntN(2) == 0 {
				x[i] = common * rng.ExpFloat64()
				odds += 0.1 * x[i]
			}
		}
		return Sample{Row: row(x...), Signals: bit(rng.Float64() < rank.Sigmoid(odds))}
	})
	auc := map[string]float64{}
	for _, kind := range []string{"lr", "fm"} {
		_, fits, err := FitRanker(t.Context(), samples, click, FitOptions{Kind: kind, Seed: 1, Epochs: 5})
		if err != nil {
			t.Fatal(err)
		}
		auc[kind] = fits[0].AUC
	}
	if auc["fm"] < auc["lr"]-0.015 {
		t.Errorf("AUC of fm is %.4f, of lr %.4f", auc["fm"], auc["lr"])
	}
}

// TestSamplingIsCorrected: of a world of which one negative in ten was kept, the probabilities are
// those of the whole.
func TestSamplingIsCorrected(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	chance := func(x float64) float64 { return rank.Sigmoid(x - 5) }
	samples := samplesOf(t, named("x"), 30_000, func(int) Sample {
		for {
			x := rng.Float64() * 4
			label := rng.Float64() < chance(x)
			if label {
				return Sample{Row: row(x), Signals: 1}
			}
			if rng.Float64() < 0.1 {
				return Sample{Row: row(x), Stands: 10}
			}
		}
	})
	r, fits, err := FitRanker(t.Context(), samples, click, FitOptions{Seed: 1, Rate: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	if fit := &fits[0]; fit.Error > 0.01 || fit.Raw > 0.02 || fit.LogLoss >= fit.Baseline {
		t.Errorf("%+v", fit)
	}
	for _, x := range []float64{0.5, 2, 3.5} {
		if got, want := scoreOf(r, row(x)), chance(x); math.Abs(got-want) > 0.2*want+0.005 {
			t.Errorf("the score of %v is %.4f, want %.4f", x, got, want)
		}
	}
}

// TestThePlaceIsNotTheMerit: a shop that shows its worst items first has clicks mostly on those. Told
// where items were shown, the model still finds the better ones, and its score is the chance of an item
// that is shown first.
func TestThePlaceIsNotTheMerit(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	chance := func(merit float64, shown int) float64 { return rank.Sigmoid(-2 + 1.5*merit - 0.4*float64(shown-1)) }
	samples := samplesOf(t, named("merit", exposedRank), 40_000, func(int) Sample {
		shown := 1 + rng.IntN(8)
		merit := min(1, max(0, float64(shown)/10+0.3*rng.NormFloat64()))
		return Sample{Row: row(merit, float64(shown)), Signals: bit(rng.Float64() < chance(merit, shown))}
	})
	misled, _, err := FitRanker(t.Context(), samples, click, FitOptions{Seed: 1, Without: []string{exposedRank}})
	if err != nil {
		t.Fatal(err)
	}
	m, fits, err := FitRanker(t.Context(), samples, click, FitOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if names := m.Schema().Names().Numbers; len(names) != 1 || names[0] != "merit" {
		t.Fatalf("the model asks for %q; nobody knows a rank before ranking", names)
	}
	low, high := scoreOf(m, row(0.2)), scoreOf(m, row(0.7))
	if math.Abs(low-chance(0.2, 1)) > 0.04 || math.Abs(high-chance(0.7, 1)) > 0.06 {
		t.Errorf("scores %.3f and %.3f, want the chances when shown first, %.3f and %.3f", low, high, chance(0.2, 1), chance(0.7, 1))
	}
	if scoreOf(misled, row(0.7)) > scoreOf(misled, row(0.2)) {
		t.Error("the world misleads nobody: the test shows nothing")
	}
	if fits[0].LogLoss >= fits[0].Baseline {
		t.Errorf("log-loss %.4f of a baseline of %.4f", fits[0].LogLoss, fits[0].Baseline)
	}
}

// TestHeads: of two signals each head learns its own, and the order is by what they are worth.
func TestHeads(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	samples := samplesOf(t, named("x", "price"), 8_000, func(int) Sample {
		x := rng.Float64()
		return Sample{Row: row(x, 1), Signals: bit(rng.Float64() < x) | bit(rng.Float64() < 0.3*(1-x))<<1}
	})
	targets := []Target{{Signal: "click", Weight: 1}, {Signal: "purchase", Weight: 5, Value: "price"}}
	r, fits, err := FitRanker(t.Context(), samples, targets, FitOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Heads) != 2 || len(fits) != 2 || r.Heads[1].Signal != "purchase" || r.Heads[1].Value != "price" || fits[1].AUC < 0.55 {
		t.Fatalf("%+v", fits)
	}
	var b rank.Batch
	var rows rank.Rows
	for _, x := range []float64{0.1, 0.9} {
		one := row(x, 1)
		r.Schema().Encode(&b, &one)
		rows.Append(&one)
	}
	scores := make([]float64, 2)
	r.Score(&b, &rows, 0, make([]float32, 2), scores)
	if scores[0] <= scores[1] { // 0.1 + 5·0.27 against 0.9 + 5·0.03
		t.Errorf("worth %v", scores)
	}
}

func TestTrainingRefuses(t *testing.T) {
	half := func(i int) Sample { return Sample{Row: row(float64(i)), Signals: uint32(i & 1)} }
	for name, c := range map[string]struct {
		samples *Samples
		says    string
	}{
		"no rows":      {samplesOf(t, named("x"), 0, half), "0 rows"},
		"too few rows": {samplesOf(t, named("x"), MinRows-1, half), "at least 200"},
		"one label":    {samplesOf(t, named("x"), 2*MinRows, func(i int) Sample { return Sample{Row: row(1)} }), "same label"},
		"one label at the end": {samplesOf(t, named("x"), 1000, func(i int) Sample {
			return Sample{Row: row(1), Signals: uint32(i&1) & bit(i < 750)}
		}), "held back to measure"},
	} {
		if _, _, err := FitRanker(t.Context(), c.samples, click, FitOptions{}); !errors.Is(err, ErrTooLittle) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := FitRanker(t.Context(), samplesOf(t, named("x"), 1000, half), click, FitOptions{Kind: "oracle"}); err == nil {
		t.Error("a model of no kind was fitted")
	}
}

// TestDoubts: what teaches nothing is named.
func TestDoubts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	names := rank.Names{Numbers: []string{"x", "constant", "missing"}, Words: []string{"item.id", "feature.last"}}
	samples := samplesOf(t, names, 2000, func(i int) Sample {
		r := row(rng.Float64(), 7, math.NaN())
		r.Words = append(r.Words, rank.Token(i)) // no word twice
		r.End()
		r.Words = append(r.Words, rank.Token(i%3))
		r.End()
		return Sample{Row: r, Signals: uint32(i & 1)}
	})
	r, fits, err := FitRanker(t.Context(), samples, click, FitOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"constant is 7 in every row", "missing has no value", "item.id has no word"} {
		if !slices.ContainsFunc(fits[0].Doubts, func(d string) bool { return strings.HasPrefix(d, name) }) {
			t.Errorf("nothing says that %s: %q", name, fits[0].Doubts)
		}
	}
	if f := r.Schema().Fields[4]; f.Kind != rank.Sequence || len(f.Tokens) != 3 || len(fits[0].Doubts) != 3 {
		t.Errorf("%+v, %q", f, fits[0].Doubts)
	}
}
