package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is a range that should hold a mean, from the lower to the higher end.
type Interval [2]float64

// Bootstrap returns a confidence interval of the mean Σ sums / Σ counts, by drawing whole
// groups with replacement, as many as there are, and taking the percentiles of the means
// found (Efron, "Bootstrap methods: another look at the jackknife", 1979; by group: Davison
// and Hinkley, "Bootstrap Methods and their Application", 1997, §3.8).
//
// sums[g] is the sum over the counts[g] ≥ 0 values of group g; groups without values are
// passed over, and with none left the interval is [0, 0]. level is in (0, 1), such as 0.95;
// resamples is at least 1, and for a level of 0.95 not below 100. The same rng state gives
// the same interval. It takes resamples × groups draws.
func Bootstrap(sums []float64, counts []int, resamples int, level float64, rng *rand.Rand) Interval {
	type group struct {
		sum   float64
		count int
	}
	var groups []group
	for g, n := range counts {
		if n > 0 {
			groups = append(groups, group{sums[g], n})
		}
	}
	if len(groups) == 0 {
		return Interval{}
	}
	means := make([]float64, resamples)
	for i := range means {
		sum, n := 0.0, 0
		for range groups {
			g := &groups[rng.Uint64N(uint64(len(groups)))]
			sum += g.sum
			n += g.count
		}
		means[i] = sum / float64(n)
	}
	slices.Sort(means)
	tail := (1 - level) / 2
	low := int(math.Floor(tail * float64(resamples)))
	high := int(math.Ceil((1-tail)*float64(resamples))) - 1
	last := resamples - 1
	return Interval{means[clip(low, last)], means[clip(high, last)]}
}
