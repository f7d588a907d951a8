package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Paired returns the percentile interval of a statistic over n things that were measured together,
// such as worlds in which several ways were tried: things are drawn with replacement, as many as
// there are, and of all ways the same ones, so that what they have in common does not widen the
// interval of a difference (Davison and Hinkley, "Bootstrap Methods and their Application", 1997,
// §2.4). statistic is told which were drawn; results that are not finite are left out. With fewer
// than two things there is nothing to go by, and the interval is NaN at both ends.
func Paired(n, resamples int, level float64, rng *rand.Rand, statistic func(drawn []int) float64) Interval {
	drawn := make([]int, n)
	var found []float64
	for range resamples {
		for i := range drawn {
			drawn[i] = rng.IntN(n)
		}
		if x := statistic(drawn); !math.IsNaN(x) && !math.IsInf(x, 0) {
			found = append(found, x)
		}
	}
	if n < 2 || len(found) == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	slices.Sort(found)
	tail := (1 - level) / 2
	last := len(found) - 1
	low := int(math.Floor(tail * float64(len(found))))
	high := int(math.Ceil((1-tail)*float64(len(found)))) - 1
	return Interval{found[clip(low, last)], found[clip(high, last)]}
}

// GapClosed is how much of the way from a low line to a high one is gone: (way − low)/(high − low),
// of the sums over the things drawn. It is 0 at the low line, 1 at the high one, and NaN where the
// two are one.
func GapClosed(way, low, high []float64, drawn []int) float64 {
	gone, all := 0.0, 0.0
	for _, i := range drawn {
		gone += way[i] - low[i]
		all += high[i] - low[i]
	}
	if all == 0 {
		return math.NaN()
	}
	return gone / all
}

// Everything is 0 to n − 1: what a statistic is told to be that of all things.
func Everything(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
