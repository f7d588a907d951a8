package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestQuantilesBySorting compares with the definition: the smallest member that at least a
// share q of the sample does not exceed.
func TestQuantilesBySorting(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		samples := make([][]time.Duration, 1+random.IntN(4))
		var all []time.Duration
		for i := range samples {
			for range random.IntN(60) {
				samples[i] = append(samples[i], time.Duration(random.IntN(50)))
			}
			all = append(all, samples[i]...)
		}
		got := sorted(samples...)
		for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 1} {
			if want := slowQuantile(all, q); got.at(q) != want {
				t.Fatalf("quantile %v of %v is %d, want %d", q, all, got.at(q), want)
			}
		}
	}
}

func slowQuantile(all []time.Duration, q float64) time.Duration {
	all = slices.Clone(all)
	slices.Sort(all)
	for _, x := range all {
		within := 0
		for _, y := range all {
			if y <= x {
				within++
			}
		}
		if float64(within) >= q*float64(len(all)) {
			return x
		}
	}
	return 0
}

func TestSortedLeavesItsSamples(t *testing.T) {
	sample := []time.Duration{3, 1, 2}
	if got := sorted(sample); !slices.Equal(got, took{1, 2, 3}) {
		t.Errorf("sorted %v", got)
	}
	if !slices.Equal(sample, []time.Duration{3, 1, 2}) {
		t.Errorf("the sample became %v", sample)
	}
}
