package learn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// naiveFTRL is Algorithm 1 of the paper, with the weight worked out from sums that are kept
// from the beginning.
type naiveFTRL struct{ gradients, weights []float64 }

func (f *naiveFTRL) weight(o *FTRL) float64 {
	z, n := 0.0, 0.0
	for i, g := range f.gradients {
		sigma := (math.Sqrt(n+g*g) - math.Sqrt(n)) / o.Alpha
		z += g - sigma*f.weights[i]
		n += g * g
	}
	if math.Abs(z) <= o.L1 {
		return 0
	}
	return -1 / ((o.Beta+math.Sqrt(n))/o.Alpha + o.L2) * (z - math.Copysign(o.L1, z))
}

func TestFTRLAgreesWithThePaper(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		f := NewFTRL(1)
		var naive naiveFTRL
		for range 60 {
			want := naive.weight(f)
			if got := f.Weight(0); math.Abs(got-want) > 1e-12 {
				t.Fatalf("weight %v after %d gradients, want %v", got, len(naive.gradients), want)
			}
			g := rng.NormFloat64()
			naive.gradients, naive.weights = append(naive.gradients, g), append(naive.weights, want)
			f.Learn(0, g)
		}
	}
}

func TestQuantiles(t *testing.T) {
	for name, c := range map[string]struct {
		sorted []float64
		n      int
		want   []float64
	}{
		"nothing":        {nil, 4, []float64{}},
		"one value":      {[]float64{3, 3, 3}, 4, []float64{3}},
		"first and last": {[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, []float64{1, 5, 9}},
		"a heavy value":  {[]float64{0, 0, 0, 0, 0, 0, 0, 5}, 4, []float64{0, 5}},
		"mostly zero":    {[]float64{0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 5, []float64{0, 1, 2, 3, 4}},
		"heavy and last": {[]float64{1, 2, 3, 4, 9, 9, 9, 9, 9, 9}, 4, []float64{1, 2, 4, 9}},
		"all heavy":      {[]float64{1, 1, 2, 2, 3, 3, 4, 4}, 4, []float64{1, 2, 3, 4}},
	} {
		got := quantiles(c.sorted, c.n)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}

// A world with a known answer: the odds rise with one field, fall with a missing one, and do not
// depend on noise.
func TestLearnsAKnownWorld(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rows := NewRows(named("x", "gap", "noise"))
	for range 20_000 {
		x, gap := rng.Float64()*10, math.NaN()
		odds := x - 6
		if rng.IntN(2) == 0 {
			gap = 1
			odds += 2
		}
		if err := rows.Add(of(x, gap, rng.Float64()), rng.Float64() < rank.Sigmoid(odds)); err != nil {
			t.Fatal(err)
		}
	}
	m, report, err := TrainLR(rows, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if report.AUC < 0.9 || report.LogLoss > 0.7*report.Baseline {
		t.Errorf("%+v", report)
	}
	for _, p := range [][2][]float64{{{9, 1, 0.5}, {2, 1, 0.5}}, {{5, 1, 0.5}, {5, math.NaN(), 0.5}}} {
		if chanceOf(m, p[0]...) <= chanceOf(m, p[1]...)+0.1 {
			t.Errorf("score of %v is %.3f, of %v %.3f", p[0], chanceOf(m, p[0]...), p[1], chanceOf(m, p[1]...))
		}
	}
	if low, high := oddsOf(m, of(6, 1, 0.05)), oddsOf(m, of(6, 1, 0.95)); math.Abs(high-low) > 0.5 {
		t.Errorf("noise moves the log-odds by %.2f", high-low)
	}
}

func TestTrainingRefuses(t *testing.T) {
	few, same := NewRows(named("x")), NewRows(named("x"))
	for i := range 2 * MinRows {
		if i < MinRows-1 {
			if err := few.Add(of(1), i%2 == 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := same.Add(of(1), true); err != nil {
			t.Fatal(err)
		}
	}
	for name, rows := range map[string]*Rows{"too few rows": few, "one label": same} {
		if _, _, err := TrainLR(rows, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := few.Add(of(1, 2), true); err == nil {
		t.Error("a row of another width was taken")
	}
}
