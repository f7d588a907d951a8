package recall

import (
	"cmp"
	"math"
)

// fading gives every event a weight that halves with age, relative to any later time at
// once: an event at t weighs 2^((t−landmark)/halfLife), and since every reading is divided
// by the same factor, sums of such weights compare and divide as if all had been decayed to
// the newest event (Cormode et al., "Forward Decay", ICDE 2009). Nothing depends on the wall
// clock, so a history that ended decades ago keeps its shape.
type fading struct {
	halfLife float64 // ms
	limit    float64 // weights go up to 2^limit, then they are rebased; 0 is rebaseAt
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
	if limit := cmp.Or(f.limit, rebaseAt); exponent > limit {
		rebase = math.Exp2(-exponent)
		f.landmark, exponent = t, 0
	}
	return math.Exp2(exponent), rebase
}

// silence shortens the times in which nothing at all happened to a longest one, so that what was
// known before keeps its shape in numbers of few bits, however long ago it was.
type silence struct {
	newest int64 // of all times, Unix ms
	cut    int64 // ms taken out so far
	begun  bool
}

// time is t without what was cut out of the silences before the newest time.
func (s *silence) time(t, longest int64) int64 {
	if s.begun && t > s.newest+longest {
		s.cut += t - s.newest - longest
	}
	if !s.begun || t > s.newest {
		s.newest, s.begun = t, true
	}
	return t - s.cut
}
