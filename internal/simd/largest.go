package simd

import (
	"fmt"
	"math"
)

// Largest is the place of the greatest scores[i]·by − less[i], the first of equal ones, and 0 when there
// is none or no number greater than −Inf. The slices have one length.
func Largest(scores []float32, by float32, less []float32) int {
	if len(scores) != len(less) {
		panic(fmt.Sprintf("BUG: simd.Largest of %d and %d numbers", len(scores), len(less)))
	}
	var best [lanes]float32
	var where [lanes]uint32
	for j := range lanes {
		best[j], where[j] = float32(math.Inf(-1)), uint32(j)
	}
	whole := len(scores) &^ (lanes - 1)
	largest(&best, &where, scores[:whole], by, less[:whole])
	for i := whole; i < len(scores); i++ {
		if d := float32(scores[i]*by) - less[i]; d > best[i-whole] {
			best[i-whole], where[i-whole] = d, uint32(i)
		}
	}
	at := 0
	for j := range lanes {
		if best[j] > best[at] || best[j] == best[at] && where[j] < where[at] {
			at = j
		}
	}
	if math.IsInf(float64(best[at]), -1) {
		return 0
	}
	return int(where[at])
}

// largestGo takes the numbers i into lane i mod 16: the greatest difference and where it is, the
// first of equal ones. It is the twin of the kernels of Largest.
func largestGo(best *[lanes]float32, where *[lanes]uint32, scores []float32, by float32, less []float32) {
	for i, score := range scores {
		if d := float32(score*by) - less[i]; d > best[i%lanes] {
			best[i%lanes], where[i%lanes] = d, uint32(i)
		}
	}
}
