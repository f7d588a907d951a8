package rank

import (
	"math"
	"math/bits"
)

// ordered is a number as an integer that is in the same order: less where it is less, and equal where
// it is equal. It is not for NaN.
func ordered(v float64) uint64 {
	b := math.Float64bits(v + 0) // −0 becomes 0
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

func orderedAll(list []float64) []uint64 {
	all := make([]uint64, len(list))
	for i, v := range list {
		all[i] = ordered(v)
	}
	return all
}

// reached is how many of some knots, ordered, v is not below. Which way a comparison goes is as good as
// random, so a search would spend its time on branches that were guessed wrong; here there are none.
func reached(knots []uint64, v float64) int {
	at, below := ordered(v), uint64(0)
	for _, knot := range knots {
		_, borrow := bits.Sub64(at, knot, 0)
		below += borrow
	}
	return len(knots) - int(below)
}
