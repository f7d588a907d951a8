package window

import (
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// briefSum is the decayed sum of a half-life that is short against the time by which a read may lie
// behind the newest event. Then the difference that decayedSum takes would leave no digits; so only
// events that no read can be ahead of any more are folded into one sum, and those after them stand
// beside it: one time of them in the cell, more in a list in a slab. A read goes through that list.
//
// A cell is: word 0, the newest event time plus one; word 1, the events (at most 2³² − 1) and the
// list, 32 bits each, the events below; word 2 the bits of the sum and word 3 the time it is
// decayed to; word 4, without a list, the bits of what was added at the newest time.
// A list is: word 0, how many entries; then time and bits of the number of each, oldest first, no
// two of one time.
//
// Nobody but Settle folds the list of a key to which nothing is added any more.
type briefSum struct {
	decay
	slab *slab.Slab
}

// Words implements Cells.
func (d *briefSum) Words() int { return 5 }

// Add implements Cells.
func (d *briefSum) Add(cell []uint64, s *Sample) {
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
		piece := d.slab.Make(8)
		recent(d.slab.At(piece)).insert(head, math.Float64frombits(cell[4]))
		cell[1] |= uint64(piece) << 32
		cell[4] = 0
		d.insert(cell, s.Time, s.Number)
	}
}

// fold adds to the sum.
func (d *briefSum) fold(cell []uint64, t int64, amount float64) {
	sum, at := math.Float64frombits(cell[2]), int64(cell[3])
	if t > at {
		sum = float64(sum * d.weight(t-at))
		at = t
	} else {
		amount = float64(amount * d.weight(at-t))
	}
	cell[2], cell[3] = math.Float64bits(sum+amount), uint64(at)
}

// insert puts an amount into its place in the list.
func (d *briefSum) insert(cell []uint64, t int64, amount float64) {
	piece := slab.Ref(cell[1] >> 32)
	list := recent(d.slab.At(piece))
	if !list.spare() {
		larger := d.slab.Make(2 * len(list))
		old := recent(d.slab.At(piece))
		list = recent(d.slab.At(larger))
		for i := range old.len() {
			list.insert(old.at(i))
		}
		d.slab.Free(piece)
		cell[1] = cell[1]&math.MaxUint32 | uint64(larger)<<32
	}
	list.insert(t, amount)
}

// Settle folds the entries of the list that no read can be ahead of any
// more, oldest first, and reports that some are left.
func (d *briefSum) Settle(cell []uint64, horizon int64) bool {
	piece := slab.Ref(cell[1] >> 32)
	if piece == 0 {
		return false
	}
	list := recent(d.slab.At(piece))
	for list.len() > 1 {
		t, amount := list.at(0)
		if t > horizon {
			return true
		}
		d.fold(cell, t, amount)
		list.drop()
	}
	_, amount := list.at(0)
	cell[1] &= math.MaxUint32
	cell[4] = math.Float64bits(amount)
	d.slab.Free(piece)
	return false
}

// Waits reports that Settle has something left to do.
func (d *briefSum) Waits(cell []uint64) bool { return cell[1]>>32 != 0 }

// Due is the time that the horizon must have reached before Settle does something, of a cell that
// Waits.
func (d *briefSum) Due(cell []uint64) int64 {
	t, _ := recent(d.slab.At(slab.Ref(cell[1] >> 32))).at(0)
	return t
}

// Read implements Cells.
func (d *briefSum) Read(v *Value, cell []uint64, q int64) { readSum(d, v, cell, q) }

// Number implements Cells.
func (d *briefSum) Number(cell []uint64, q int64) float64 {
	if cell == nil || cell[0] == 0 {
		return 0
	}
	var sum float64
	if cell[2] != 0 {
		sum = float64(math.Float64frombits(cell[2]) * d.weight(q-int64(cell[3])))
	}
	if piece := slab.Ref(cell[1] >> 32); piece != 0 {
		list := recent(d.slab.At(piece))
		for i := range list.len() {
			t, amount := list.at(i)
			sum += float64(amount * d.weight(q-t))
		}
		return sum
	}
	return sum + float64(math.Float64frombits(cell[4])*d.weight(q-Newest(cell)))
}

// Beyond implements Cells: nothing is.
func (d *briefSum) Beyond(int64, int64) bool { return false }

// Clear implements Cells.
func (d *briefSum) Clear(cell []uint64) {
	d.slab.Free(slab.Ref(cell[1] >> 32))
	clear(cell)
}

// Pack implements Cells.
func (d *briefSum) Pack(w *pack.Writer, cell []uint64) {
	w.Uint(cell[0])
	w.Uint(cell[1] & math.MaxUint32)
	packWords(w, cell[2:])
	piece := slab.Ref(cell[1] >> 32)
	if piece == 0 {
		w.Len(0)
		return
	}
	list := recent(d.slab.At(piece))
	w.Len(list.len())
	for i := range list.len() {
		t, amount := list.at(i)
		w.Uint(uint64(t))
		w.Uint(math.Float64bits(amount))
	}
}

// Unpack implements Cells.
func (d *briefSum) Unpack(r *pack.Reader, cell []uint64) {
	cell[0] = r.Uint()
	cell[1] = r.Uint() & math.MaxUint32
	unpackWords(r, cell[2:])
	n := r.Len(2)
	if n == 1 || 2+2*n > slab.MaxWords {
		r.Fail("a list of %d", n)
	}
	if n == 0 || r.Err() != nil {
		return
	}
	piece := d.slab.Make(max(8, 2+2*n))
	list := recent(d.slab.At(piece))
	cell[1] |= uint64(piece) << 32
	for last := int64(-1); n > 0; n-- {
		t, bits := int64(r.Uint()), r.Uint()
		if t <= last || t > Newest(cell) {
			r.Fail("something at %d ms, after %d and up to %d", t, last, Newest(cell))
			return
		}
		list.insert(t, math.Float64frombits(bits))
		last = t
	}
}

// Export implements Cells, as decayedSum does.
func (d *briefSum) Export(cell []uint64, newest int64) string { return exportSum(d, cell, newest) }
