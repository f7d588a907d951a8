package window

import "math"

// Decay is an exponentially decayed sum: Σ amount · 2^(−age/HalfLife) with age = q − t
// clamped at 0, so an event ahead of q counts whole and never more than that.
//
// A cell folds events into one sum, decayed to the newest of them. For exponential weights
// forward and backward decay agree (Cormode et al., "Forward Decay: A Practical Time Decay
// Model for Streaming Systems", ICDE 2009), so the order of events does not matter, up to
// rounding. Reading that sum is exact only at q ≥ the newest event folded, because of the
// clamp: events that a read may still find ahead of its q wait in a [Pending] list.
type Decay struct {
	HalfLife int64 // ms, > 0
}

// A cell is: word 0 the bits of the sum, word 1 the time it is decayed to.

// Words is the length of a cell.
func (d *Decay) Words() int { return 2 }

// Add folds in amount at event time t.
func (d *Decay) Add(cell []uint64, t int64, amount float64) {
	sum, at := math.Float64frombits(cell[0]), int64(cell[1])
	if t > at {
		sum = float64(sum * d.Weight(t-at))
		at = t
	} else {
		amount = float64(amount * d.Weight(at-t))
	}
	cell[0], cell[1] = math.Float64bits(sum+amount), uint64(at)
}

// Read returns the decayed sum at q of the events folded and those pending.
func (d *Decay) Read(cell []uint64, pending Pending, q int64) float64 {
	var sum float64
	if cell != nil {
		sum = float64(math.Float64frombits(cell[0]) * d.Weight(q-int64(cell[1])))
	}
	for _, p := range pending {
		sum += float64(p.Amount * d.Weight(q-p.Time))
	}
	return sum
}

// Weight is 2^(−age/HalfLife), in [0, 1]: beyond about a thousand half-lives it rounds to 0.
// A negative age counts as 0.
func (d *Decay) Weight(age int64) float64 {
	if age <= 0 {
		return 1
	}
	return math.Exp2(-float64(age) / float64(d.HalfLife))
}

// Pending holds the events of one key that are newer than the horizon, the earliest time a
// read may still be made for: by time, at most one entry a millisecond.
type Pending []Waiting

// Waiting is the sum of the amounts that happened at one millisecond.
type Waiting struct {
	Time   int64
	Amount float64
}

// Insert puts amount at time t in its place.
func (p Pending) Insert(t int64, amount float64) Pending {
	i := len(p)
	for i > 0 && p[i-1].Time > t {
		i--
	}
	if i > 0 && p[i-1].Time == t {
		p[i-1].Amount += amount
		return p
	}
	p = append(p, Waiting{})
	copy(p[i+1:], p[i:])
	p[i] = Waiting{t, amount}
	return p
}

// Settle folds the entries at or before the horizon into the cell, oldest first, and returns
// the rest.
func (p Pending) Settle(d *Decay, cell []uint64, horizon int64) Pending {
	n := 0
	for n < len(p) && p[n].Time <= horizon {
		d.Add(cell, p[n].Time, p[n].Amount)
		n++
	}
	return append(p[:0], p[n:]...)
}
