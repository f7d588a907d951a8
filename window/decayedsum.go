package window

import (
	"fmt"
	"math"
	"strconv"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// DecayedSum is an exponentially decayed sum: Σ number · 2^(−age/HalfLife) with age = q − t
// clamped at 0, so an event ahead of q counts whole and never more than that.
//
// A cell folds events into one sum, decayed to the newest of them. For exponential weights
// forward and backward decay agree (Cormode et al., "Forward Decay: A Practical Time Decay
// Model for Streaming Systems", ICDE 2009), so the order of events does not matter, up to
// rounding. Reading that sum is exact only at q ≥ the newest event folded, because of the
// clamp: events that a read may still find ahead of its q stand beside the sum. One such time
// fits into the cell, more of them into a list in a slab.
//
// A cell is: word 0, the newest event time plus one; word 1, the events (at most 2³² − 1) and the
// list, 32 bits each, the events below; word 2 the bits of the sum and word 3 the time it is
// decayed to; word 4, without a list, the bits of what was added at the newest time.
// A list is: word 0, how many entries; then time and bits of the number of each, oldest first, no
// two of one time.
//
// Nobody but Settle folds the list of a key to which nothing is added any more; a cell that Waits
// should be given to it when it is Due.
type DecayedSum struct {
	HalfLife int64 // ms, > 0
	Slab     *slab.Slab
}

// Words implements Cells.
func (d *DecayedSum) Words() int { return 5 }

// Add implements Cells.
func (d *DecayedSum) Add(cell []uint64, s *Sample) {
	first := cell[0] == 0
	head := Newest(cell)
	if cell[1]&math.MaxUint32 != math.MaxUint32 {
		cell[1]++
	}
	d.Settle(cell, s.Horizon)
	note(cell, s.Time)
	switch list := slab.Ref(cell[1] >> 32); {
	case list != 0:
		if s.Time <= s.Horizon {
			d.fold(cell, s.Time, s.Number)
		} else {
			d.insert(cell, s.Time, s.Number)
		}
	case first:
		cell[4] = math.Float64bits(s.Number)
	case s.Time == head:
		cell[4] = math.Float64bits(math.Float64frombits(cell[4]) + s.Number)
	case head <= s.Horizon:
		d.fold(cell, head, math.Float64frombits(cell[4]))
		if s.Time > head {
			cell[4] = math.Float64bits(s.Number)
		} else {
			cell[4] = 0
			d.fold(cell, s.Time, s.Number)
		}
	case s.Time <= s.Horizon:
		d.fold(cell, s.Time, s.Number)
	default:
		piece := d.Slab.Make(5)
		list := d.Slab.At(piece)
		list[0], list[1], list[2] = 1, uint64(head), cell[4]
		cell[1] |= uint64(piece) << 32
		cell[4] = 0
		d.insert(cell, s.Time, s.Number)
	}
}

// fold adds to the sum.
func (d *DecayedSum) fold(cell []uint64, t int64, amount float64) {
	sum, at := math.Float64frombits(cell[2]), int64(cell[3])
	if t > at {
		sum = float64(sum * d.Weight(t-at))
		at = t
	} else {
		amount = float64(amount * d.Weight(at-t))
	}
	cell[2], cell[3] = math.Float64bits(sum+amount), uint64(at)
}

// insert puts an amount into its place in the list.
func (d *DecayedSum) insert(cell []uint64, t int64, amount float64) {
	piece := slab.Ref(cell[1] >> 32)
	list := d.Slab.At(piece)
	n := int(list[0])
	i := n
	for i > 0 && int64(list[2*i-1]) > t {
		i--
	}
	if i > 0 && int64(list[2*i-1]) == t {
		list[2*i] = math.Float64bits(math.Float64frombits(list[2*i]) + amount)
		return
	}
	if 1+2*(n+1) > len(list) {
		larger := d.Slab.Make(2 * len(list))
		copy(d.Slab.At(larger), d.Slab.At(piece))
		d.Slab.Free(piece)
		cell[1] = cell[1]&math.MaxUint32 | uint64(larger)<<32
		list = d.Slab.At(larger)
	}
	copy(list[1+2*(i+1):], list[1+2*i:1+2*n])
	list[0], list[1+2*i], list[2+2*i] = uint64(n+1), uint64(t), math.Float64bits(amount)
}

// Settle folds the entries of the list that no read can be ahead of any
// more, oldest first, and reports that some are left.
func (d *DecayedSum) Settle(cell []uint64, horizon int64) bool {
	piece := slab.Ref(cell[1] >> 32)
	if piece == 0 {
		return false
	}
	list := d.Slab.At(piece)
	n, done := int(list[0]), 0
	for done < n-1 && int64(list[1+2*done]) <= horizon {
		d.fold(cell, int64(list[1+2*done]), math.Float64frombits(list[2+2*done]))
		done++
	}
	if done == n-1 {
		cell[1] &= math.MaxUint32
		cell[4] = list[2*n]
		d.Slab.Free(piece)
		return false
	}
	if done > 0 {
		copy(list[1:], list[1+2*done:1+2*n])
		list[0] = uint64(n - done)
	}
	return true
}

// Waits reports that Settle has something left to do.
func (d *DecayedSum) Waits(cell []uint64) bool { return cell[1]>>32 != 0 }

// Due is the time that the horizon must have reached before Settle does something, of a cell that
// Waits.
func (d *DecayedSum) Due(cell []uint64) int64 { return int64(d.Slab.At(slab.Ref(cell[1] >> 32))[1]) }

// Read implements Cells.
func (d *DecayedSum) Read(v *Value, cell []uint64, q int64) {
	*v = Value{}
	if cell == nil || cell[0] == 0 {
		return
	}
	v.Value, v.Events, v.Updated = d.Number(cell, q), int64(cell[1]&math.MaxUint32), Newest(cell)
}

// Number implements Cells.
func (d *DecayedSum) Number(cell []uint64, q int64) float64 {
	if cell == nil || cell[0] == 0 {
		return 0
	}
	var sum float64
	if cell[2] != 0 {
		sum = float64(math.Float64frombits(cell[2]) * d.Weight(q-int64(cell[3])))
	}
	if piece := slab.Ref(cell[1] >> 32); piece != 0 {
		list := d.Slab.At(piece)
		for i := range int(list[0]) {
			sum += float64(math.Float64frombits(list[2+2*i]) * d.Weight(q-int64(list[1+2*i])))
		}
		return sum
	}
	return sum + float64(math.Float64frombits(cell[4])*d.Weight(q-Newest(cell)))
}

// Weight is 2^(−age/HalfLife), in [0, 1]: beyond about a thousand half-lives it rounds to 0.
// A negative age counts as 0.
func (d *DecayedSum) Weight(age int64) float64 {
	if age <= 0 {
		return 1
	}
	return math.Exp2(-float64(age) / float64(d.HalfLife))
}

// Beyond implements Cells: nothing is.
func (d *DecayedSum) Beyond(int64, int64) bool { return false }

// Clear implements Cells.
func (d *DecayedSum) Clear(cell []uint64) {
	d.Slab.Free(slab.Ref(cell[1] >> 32))
	clear(cell)
}

// Pack implements Cells.
func (d *DecayedSum) Pack(w *pack.Writer, cell []uint64) {
	w.Uint(cell[0])
	w.Uint(cell[1] & math.MaxUint32)
	packWords(w, cell[2:])
	piece := slab.Ref(cell[1] >> 32)
	if piece == 0 {
		w.Len(0)
		return
	}
	list := d.Slab.At(piece)
	w.Len(int(list[0]))
	packWords(w, list[1:1+2*list[0]])
}

// Unpack implements Cells.
func (d *DecayedSum) Unpack(r *pack.Reader, cell []uint64) {
	cell[0] = r.Uint()
	cell[1] = r.Uint() & math.MaxUint32
	unpackWords(r, cell[2:])
	n := r.Len(2)
	if n == 1 || 1+2*n > slab.MaxWords {
		r.Fail("a list of %d", n)
	}
	if n == 0 || r.Err() != nil {
		return
	}
	piece := d.Slab.Make(1 + 2*n)
	list := d.Slab.At(piece)
	list[0] = uint64(n)
	unpackWords(r, list[1:1+2*n])
	cell[1] |= uint64(piece) << 32
}

// Export implements Cells: events, newest time and the sum at the newest event of all.
func (d *DecayedSum) Export(cell []uint64, newest int64) string {
	if cell[0] == 0 {
		return ""
	}
	return fmt.Sprintf("n=%d t=%d sum=%s", cell[1]&math.MaxUint32, Newest(cell), strconv.FormatFloat(d.Number(cell, newest), 'x', -1, 64))
}
