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

// clock is a time that goes no faster than acts come: with each act it follows the time of the newest
// by at most a step. So what many acts have said is forgotten as time passes, and what few acts have
// said stays until others say something else, however long that takes. A clock that is more than most
// behind does not catch up with the rest.
type clock struct {
	step, most int64 // ms, at least 1
	newest     int64 // of all times, Unix ms
	cut        int64 // ms that it will never catch up with
	behind     int64 // ms that it may
	begun      bool
}

// time is what the clock shows after an act at t; of one that comes late, what it showed as long
// before as t lies behind the newest.
func (c *clock) time(t int64) int64 {
	if !c.begun {
		c.newest, c.begun = t, true
	}
	if t > c.newest {
		c.behind += t - c.newest
		c.newest = t
	}
	if c.behind > c.most {
		c.cut += c.behind - c.most
		c.behind = c.most
	}
	c.behind -= min(c.behind, c.step)
	return t - c.cut - c.behind
}
