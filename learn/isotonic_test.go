package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// bentRows are rows whose true log-odds are bent by a function before anybody sees them.
func bentRows(rng *rand.Rand, n int, bend func(truth float64) float64) (p predicted, truth []float64) {
	for range n {
		x := 1.5*rng.NormFloat64() - 1
		truth = append(truth, x)
		p.odds, p.labels, p.stands = append(p.odds, bend(x)), append(p.labels, rng.Float64() < rank.Sigmoid(x)), append(p.stands, 1)
	}
	return p, truth
}

// TestCalibrateChooses: where log-odds are bent so that no line unbends them, steps do, and are taken;
// where a line does, it is.
func TestCalibrateChooses(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for name, c := range map[string]struct {
		bend  func(float64) float64
		steps bool
	}{
		"by a line":  {func(x float64) float64 { return 3*x + 1 }, false},
		"by a cube":  {func(x float64) float64 { return x * x * x }, true},
		"by a bound": {func(x float64) float64 { return math.Tanh(x / 3) }, true},
	} {
		p, truth := bentRows(rng, 40_000, c.bend)
		got := calibrate(&p)
		if (got.Knots != nil) != c.steps {
			t.Errorf("%s: %d steps", name, len(got.Knots))
		}
		far, last := 0.0, math.Inf(-1)
		order := make([]int, len(truth))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return int(math.Copysign(1, p.odds[a]-p.odds[b])) })
		for _, i := range order {
			odds := got.Of(p.odds[i])
			if odds < last {
				t.Fatalf("%s: the order is turned around", name)
			}
			last = odds
			far += math.Abs(rank.Sigmoid(odds)-rank.Sigmoid(truth[i])) / float64(len(truth))
		}
		if far > 0.02 {
			t.Errorf("%s: probabilities are off by %.4f", name, far)
		}
	}
}

// TestIsotonicIsTheBestAscending: no ascending steps of the same parts explain the labels better, found by
// trying; and where there is too little, there are none.
func TestIsotonicIsTheBestAscending(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	p, _ := bentRows(rng, 3000, func(x float64) float64 { return x * x * x })
	got, ok := fitIsotonic(p.odds, p.labels, p.stands)
	if !ok || len(got.Knots) < 3 || !slices.IsSorted(got.Knots) || !slices.IsSorted(got.Odds) {
		t.Fatalf("%v %+v", ok, got)
	}
	for i := 1; i < len(got.Knots); i++ {
		if slope := (got.Odds[i] - got.Odds[i-1]) / (got.Knots[i] - got.Knots[i-1]); !(slope > 0 && slope <= isotonicSteep+1e-9) {
			t.Errorf("step %d is %v steep", i, slope)
		}
	}
	again, _ := fitIsotonic(p.odds, p.labels, p.stands)
	if !slices.Equal(again.Knots, got.Knots) || !slices.Equal(again.Odds, got.Odds) {
		t.Error("the same rows make other steps")
	}
	best := p.loss(got, true)
	for range 300 { // not the least for certain: it is drawn straight between steps, and thinks of rows beside
		other := rank.Calibration{Knots: got.Knots, Odds: slices.Clone(got.Odds)}
		other.Odds[rng.IntN(len(other.Odds))] += 0.3 * rng.NormFloat64()
		if slices.IsSorted(other.Odds) && p.loss(other, true) < best-0.002 {
			t.Fatalf("%+v has a log-loss of %.5f, the fit %.5f", other, p.loss(other, true), best)
		}
	}
	few := make([]bool, len(p.labels))
	for name, c := range map[string]*predicted{"few rows": p.part(0, 900), "one class": {odds: p.odds, labels: few, stands: p.stands},
		"all the same": {odds: make([]float64, len(p.odds)), labels: p.labels, stands: p.stands}} {
		if got, ok := fitIsotonic(c.odds, c.labels, c.stands); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
