package bench

import (
	"math"
	"slices"
	"time"
)

// took is a sample of durations, sorted by sorted.
type took []time.Duration

// sorted joins samples into one. The samples stay as they are.
func sorted(samples ...[]time.Duration) took {
	all := slices.Concat(samples...)
	slices.Sort(all)
	return all
}

// at returns the quantile q in [0, 1] by nearest rank: the smallest duration that a share of
// at least q of the sample does not exceed. Of an empty sample it is 0.
func (t took) at(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(t))))
	return t[min(max(rank, 1), len(t))-1]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
