package eval_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/eval"
)

func ones(n int) []int { return slices.Repeat([]int{1}, n) }

func TestBootstrapOfSmallWorlds(t *testing.T) {
	for _, c := range []struct {
		name   string
		sums   []float64
		counts []int
		want   eval.Interval
	}{
		{"nothing", nil, nil, eval.Interval{}},
		{"only empty groups", []float64{0, 0}, []int{0, 0}, eval.Interval{}},
		{"one group", []float64{3}, []int{4}, eval.Interval{0.75, 0.75}},
		{"all alike", []float64{2, 1, 3}, []int{4, 2, 6}, eval.Interval{0.5, 0.5}},
		{"empty groups are passed over", []float64{2, 0, 1}, []int{4, 0, 2}, eval.Interval{0.5, 0.5}},
		{"two apart", []float64{0, 1}, ones(2), eval.Interval{0, 1}},
	} {
		if got := eval.Bootstrap(c.sums, c.counts, 200, 0.95, rand.New(rand.NewPCG(1, 2))); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBootstrapIsSeeded(t *testing.T) {
	sums := make([]float64, 50)
	for i := range sums {
		sums[i] = float64(i)
	}
	of := func(seed uint64) eval.Interval {
		return eval.Bootstrap(sums, ones(50), 100, 0.95, rand.New(rand.NewPCG(seed, 0)))
	}
	if of(1) != of(1) || of(1) == of(2) {
		t.Errorf("seeds 1, 1, 2 give %v, %v, %v", of(1), of(1), of(2))
	}
}

// TestBootstrapCovers draws samples of a known mean: about 95 % of the intervals must hold
// it, and for single values they must be as wide as the normal approximation says. Groups of
// equal values are one value each, however many asks they count.
func TestBootstrapCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	const worlds, groups, p = 300, 200, 0.3
	held, width := 0, 0.0
	for range worlds {
		sums, counts := make([]float64, groups), make([]int, groups)
		for i := range sums {
			counts[i] = 7
			if rng.Float64() < p {
				sums[i] = 7
			}
		}
		ci := eval.Bootstrap(sums, counts, 300, 0.95, rng)
		if ci[0] <= p && p <= ci[1] {
			held++
		}
		width += (ci[1] - ci[0]) / worlds
	}
	if share := float64(held) / worlds; share < 0.90 || share > 0.99 {
		t.Errorf("%.3f of the intervals hold the mean, want about 0.95", share)
	}
	if want := 2 * 1.96 * math.Sqrt(p*(1-p)/groups); math.Abs(width-want) > 0.1*want {
		t.Errorf("intervals are %.4f wide, want about %.4f", width, want)
	}
}

// TestPaired: what worlds have in common does not widen the interval of a difference, and the
// interval holds the truth about as often as it says.
func TestPaired(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 5))
	const worlds, seeds = 300, 40
	held, wide, narrow := 0, 0.0, 0.0
	for range worlds {
		low, way, high := make([]float64, seeds), make([]float64, seeds), make([]float64, seeds)
		for i := range low {
			low[i] = 0.1 + 0.05*rng.Float64() // the luck of the world
			high[i] = low[i] + 0.4
			way[i] = low[i] + 0.1 + 0.01*rng.NormFloat64()
		}
		gap := eval.Paired(seeds, 300, 0.95, rng, func(drawn []int) float64 { return eval.GapClosed(way, low, high, drawn) })
		if gap[0] <= 0.25 && 0.25 <= gap[1] {
			held++
		}
		narrow += gap[1] - gap[0]
		mean := eval.Bootstrap(way, ones(seeds), 300, 0.95, rng)
		wide += (mean[1] - mean[0]) / 0.4
	}
	if held < worlds*88/100 || narrow > 0.8*wide {
		t.Errorf("%d of %d intervals hold the gap; they are %.4f wide, those of the way alone %.4f", held, worlds, narrow/worlds, wide/worlds)
	}
	for _, n := range []int{0, 1} {
		if ci := eval.Paired(n, 50, 0.95, rng, func([]int) float64 { return 1 }); !math.IsNaN(ci[0]) || !math.IsNaN(ci[1]) {
			t.Errorf("an interval of %d things: %v", n, ci)
		}
	}
	for _, c := range []struct{ way, want float64 }{{0.1, 0}, {0.3, 0.5}, {0.5, 1}} {
		if got := eval.GapClosed([]float64{c.way}, []float64{0.1}, []float64{0.5}, eval.Everything(1)); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v closes %v of the gap, want %v", c.way, got, c.want)
		}
	}
}
