package learn

import (
	"math"
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// sampled is how many values of a field its knots are fitted to.
const sampled = 20_000

// quantiles returns up to n ascending values of the sorted ones, the first and the last among them,
// at shares of them that are even in log-odds: 1/2, 1/(1+e), 1/(1+e²) and so on towards both ends. A
// slate is decided by what stands out, so the ends are seen more closely than the middle. A value that
// alone fills a part or more of n is a knot once, and the others share what knots it leaves, so that a
// field which is mostly zero is seen where it is not.
func quantiles(sorted []float64, n int) []float64 {
	var atoms, rest []float64
	for i := 0; i < len(sorted); {
		same := i
		for same < len(sorted) && sorted[same] == sorted[i] {
			same++
		}
		if (same-i)*n > len(sorted) && len(atoms) < n-2 {
			atoms = append(atoms, sorted[i])
		} else {
			rest = append(rest, sorted[i:same]...)
		}
		i = same
	}
	knots := append([]float64{}, atoms...)
	if parts := n - len(atoms); len(rest) > 0 {
		last := float64(len(rest) - 1)
		knots = append(knots, rest[0], rest[len(rest)-1])
		for k := range parts - 2 {
			share := rank.Sigmoid(float64(k) - float64(parts-3)/2)
			knots = append(knots, rest[int(math.Round(last*share))])
		}
	}
	slices.Sort(knots)
	return slices.Compact(knots)
}
