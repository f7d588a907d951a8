package recall

import "math"

// fading gives every event a weight that halves with age, relative to any later time at
// once: an event at t weighs 2^((t−landmark)/halfLife), and since every reading is divided
// by the same factor, sums of such weights compare and divide as if all had been decayed to
// the newest event (Cormode et al., "Forward Decay", ICDE 2009). Nothing depends on the wall
// clock, so a history that ended decades ago keeps its shape.
type fading struct {
	halfLife float64 // ms
	landmark int64   // Unix ms; set by the first event
	set      bool
}

// rebaseAt is the exponent at which weights are rebased, far from the 2^127 of a float32.
const rebaseAt = 60

// weight returns the weight of an event at t, and a factor ≠ 1 by which the caller must first
// multiply every sum it keeps, when the landmark had to move.
func (f *fading) weight(t int64) (weight, rebase float64) {
	if !f.set {
		f.landmark, f.set = t, true
	}
	rebase = 1
	exponent := float64(t-f.landmark) / f.halfLife
	if exponent > rebaseAt {
		rebase = math.Exp2(-exponent)
		f.landmark, exponent = t, 0
	}
	return math.Exp2(exponent), rebase
}
