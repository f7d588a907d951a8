package window

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/slab"
)

// Putting is Cells that put something off until no read can be ahead of an event any more.
type Putting interface {
	Cells
	// Waits reports that Settle has something left to do for a cell.
	Waits(cell []uint64) bool
	// Due is the time that the horizon must have reached before Settle does something, of a cell
	// that Waits.
	Due(cell []uint64) int64
	// Settle does what is due, and reports whether the cell still waits.
	Settle(cell []uint64, horizon int64) bool
}

// Running is Putting that takes runs: AddRun is Add of 1 for each event of a run, to the cells that
// begin at word from of its records. It returns how many of them were empty, and as bits those that
// began to wait.
type Running interface {
	Putting
	AddRun(run *Run, from int) (made int, began uint64)
}

// NewDecayedSum returns the cells of an exponentially decayed sum: Σ number · 2^(−age/halfLife) with
// age = q − t clamped at 0, so an event ahead of q counts whole and never more than that. Both are
// in ms; slack is how far a read may lie behind the newest event.
func NewDecayedSum(halfLife, slack int64, s *slab.Slab) Putting {
	if d := (decay{halfLife, 1 / float64(halfLife)}); slack <= halfLife*exactHalfLives {
		return &decayedSum{d, slack, s}
	} else {
		return &briefSum{d, s}
	}
}

// exactHalfLives is how many half-lives a read of a decayedSum may lie behind the newest event: what
// tens of thousands of additions have rounded away is then some 10⁻¹¹ of what is ahead (at 16
// it was 2·10⁻⁹).
const exactHalfLives = 8

// decay is the exponential weight of age.
type decay struct {
	halfLife int64
	rate     float64 // 1/halfLife
}

// weight is 2^(−age/halfLife), in [0, 1]: beyond about a thousand half-lives it rounds to 0.
// A negative age counts as 0.
func (d decay) weight(age int64) float64 {
	if age <= 0 {
		return 1
	}
	return exp2neg(float64(age) * d.rate)
}

// decayedSum keeps one sum over all events, each decayed to the newest of them. For exponential
// weights forward and backward decay agree (Cormode et al., "Forward Decay: A Practical Time Decay
// Model for Streaming Systems", ICDE 2009), so the order of events does not matter, up to
// rounding. At q ≥ the newest event the value is that sum decayed to q. Before it, what
// is ahead of q is taken out of the sum, the rest brought back to q, and what is ahead added whole.
// So the events within slack of the newest, which a read may still find ahead of it, are kept beside
// the sum by their times: one time in the cell, more of them in a piece of a slab.
//
// A cell is: word 0, the newest event time plus one; word 1, the events (at most 2³² − 1) and the
// piece, 32 bits each, the events below; word 2 the bits of the sum; word 3, without a piece, the
// bits of what was added at the newest time. The piece is a recent, in which older events stand until
// there is no more room; of a key with very many events it is dense: a word for every ms of slack.
type decayedSum struct {
	decay
	slack int64
	slab  *slab.Slab
}

// Words implements Cells.
func (d *decayedSum) Words() int { return 4 }

// Add implements Cells.
func (d *decayedSum) Add(cell []uint64, s *Sample) { d.AddNumber(cell, s.Time, s.Number) }

// AddNumber is Add of a number at a time.
func (d *decayedSum) AddNumber(cell []uint64, t int64, number float64) {
	cell = cell[:4]
	if cell[0] == 0 {
		cell[0], cell[1], cell[2], cell[3] = uint64(t+1), 1, math.Float64bits(number), math.Float64bits(number)
		return
	}
	head, sum := int64(cell[0]-1), math.Float64frombits(cell[2])
	if t > head {
		cell[0] = uint64(t + 1)
		sum = float64(sum*d.weight(t-head)) + number
	} else {
		sum += float64(number * d.weight(head-t))
	}
	cell[2] = math.Float64bits(sum)
	d.count(cell)
	d.keep(cell, t, number, head)
}

// AddRun implements Running. All weights come between the times and the sums: one takes long, but many
// are on their way at once where no branch hangs on any.
func (d *decayedSum) AddRun(run *Run, from int) (made int, began uint64) {
	var heads [MaxRun]int64 // before each event the newest, in an empty cell its own time
	var weights [MaxRun]float64
	empty := uint64(0)
	for i, record := range run.Records {
		cell, t := record[from:from+4:from+4], run.Times[i]
		newest, head := cell[0], int64(cell[0]-1)
		if run.lanes(i) == 0 {
			heads[i] = head
			continue
		}
		cell[0] = max(newest, uint64(t+1))
		if newest == 0 {
			head = t
			empty |= 1 << i
		}
		heads[i], weights[i] = head, float64(max(t-head, head-t))*d.rate
	}
	for i := range run.Records {
		weights[i] = exp2neg(weights[i])
	}
	one := math.Float64bits(1)
	for i, record := range run.Records {
		if run.lanes(i) == 0 {
			continue
		}
		cell, t, head := record[from:from+4:from+4], run.Times[i], heads[i]
		older, newer := math.Float64bits(weights[i]), one
		if t <= head {
			older, newer = newer, older
		}
		sum := float64(math.Float64frombits(cell[2])*math.Float64frombits(older)) + math.Float64frombits(newer)
		cell[2] = math.Float64bits(sum)
		d.count(cell)
		if empty>>i&1 != 0 {
			cell[3] = one
			continue
		}
		waited := cell[1] >> 32
		if d.keep(cell, t, 1, head); waited == 0 && cell[1]>>32 != 0 {
			began |= 1 << i
		}
	}
	return bits.OnesCount64(empty), began
}

// count counts an event.
func (d *decayedSum) count(cell []uint64) {
	if cell[1]&math.MaxUint32 != math.MaxUint32 {
		cell[1]++
	}
}

// keep keeps a number beside the sum, where a read may find it ahead. The newest event was at head.
func (d *decayedSum) keep(cell []uint64, t int64, number float64, head int64) {
	switch {
	case cell[1]>>32 != 0:
		d.remember(cell, t, number, head)
	case t == head:
		cell[3] = math.Float64bits(math.Float64frombits(cell[3]) + number)
	case t >= head+d.slack:
		cell[3] = math.Float64bits(number)
	case t > head-d.slack:
		piece := d.slab.Make(8)
		r := recent(d.slab.At(piece))
		r.add(head, math.Float64frombits(cell[3]), true)
		r.add(t, number, t > head)
		cell[1] |= uint64(piece) << 32
		cell[3] = 0
	}
}

// remember puts a number into the piece of a cell that has one. The newest event was at head.
func (d *decayedSum) remember(cell []uint64, t int64, number float64, head int64) {
	if t <= head-d.slack {
		return
	}
	piece := slab.Ref(cell[1] >> 32)
	words := d.slab.At(piece)
	if words[0]&denseFlag == 0 {
		if recent(words).add(t, number, t > head) {
			return
		}
		piece = d.spare(piece, max(head, t)-d.slack)
		cell[1] = cell[1]&math.MaxUint32 | uint64(piece)<<32
		if words = d.slab.At(piece); words[0]&denseFlag == 0 {
			recent(words).add(t, number, t > head)
			return
		}
	}
	d.dense(words).add(t, number, head, max(head, t))
}

// spare makes room for an event in a recent: late ones come into their places, and what is not after the
// horizon is forgotten, only now: how much that is with each event cannot be foreseen. If that does not
// do, all moves to a larger piece: a dense one in the end.
func (d *decayedSum) spare(piece slab.Ref, horizon int64) slab.Ref {
	from := recent(d.slab.At(piece))
	from.order()
	from.forget(horizon)
	if from.spare() {
		return piece
	}
	larger := d.room(from.room() + 1)
	from = d.slab.At(piece)
	words := d.slab.At(larger)
	for i := range from.len() {
		t, amount := from.at(i)
		d.put(words, t, amount)
	}
	d.slab.Free(piece)
	return larger
}

// put puts a number into a piece, after all others.
func (d *decayedSum) put(words []uint64, t int64, amount float64) {
	if words[0]&denseFlag != 0 {
		d.dense(words).add(t, amount, t, t)
	} else {
		recent(words).add(t, amount, true)
	}
}

// sparseTimes is how many times a piece may have before it is dense, or a sixteenth of slack if that
// is more: those after some that come late must make room for them, but a dense piece takes a word for
// each ms, eight times the room.
const sparseTimes = 2047

// room is a piece for n times and more.
func (d *decayedSum) room(n int) slab.Ref {
	if int64(n) <= max(sparseTimes, d.slack/16) || d.slack+2 > slab.MaxWords {
		return d.slab.Make(max(8, 2+2*n))
	}
	piece := d.slab.Make(int(d.slack) + 1)
	d.slab.At(piece)[0] = denseFlag
	return piece
}

// Waits implements Putting: a ring takes room.
func (d *decayedSum) Waits(cell []uint64) bool { return cell[1]>>32 != 0 }

// Due implements Putting: when no read can be ahead of any event in the ring.
func (d *decayedSum) Due(cell []uint64) int64 { return Newest(cell) }

// Settle implements Putting.
func (d *decayedSum) Settle(cell []uint64, horizon int64) bool {
	piece := slab.Ref(cell[1] >> 32)
	if piece == 0 {
		return false
	}
	if Newest(cell) > horizon {
		return true
	}
	d.slab.Free(piece)
	cell[1] &= math.MaxUint32
	return false
}

// Read implements Cells.
func (d *decayedSum) Read(v *Value, cell []uint64, q int64) { readSum(d, v, cell, q) }

// Number implements Cells.
func (d *decayedSum) Number(cell []uint64, q int64) float64 {
	if cell == nil || cell[0] == 0 {
		return 0
	}
	newest, sum := int64(cell[0]-1), math.Float64frombits(cell[2])
	if q >= newest {
		return float64(sum * d.weight(q-newest))
	}
	var ahead float64
	if piece := slab.Ref(cell[1] >> 32); piece != 0 {
		take := func(t int64, amount float64) {
			ahead += amount
			sum -= float64(amount * d.weight(newest-t))
		}
		d.each(d.slab.At(piece), newest, q, take)
	} else {
		ahead = math.Float64frombits(cell[3])
		sum -= ahead
	}
	return float64(sum*math.Exp2(float64(newest-q)/float64(d.halfLife))) + ahead
}

// Beyond implements Cells: nothing is.
func (d *decayedSum) Beyond(int64, int64) bool { return false }

// Clear implements Cells.
func (d *decayedSum) Clear(cell []uint64) {
	d.slab.Free(slab.Ref(cell[1] >> 32))
	clear(cell)
}

// Pack implements Cells.
func (d *decayedSum) Pack(w *pack.Writer, cell []uint64) {
	w.Uint(cell[0])
	w.Uint(cell[1] & math.MaxUint32)
	packWords(w, cell[2:])
	piece := slab.Ref(cell[1] >> 32)
	if w.Bool(piece != 0); piece == 0 {
		return
	}
	var list []entry
	newest := Newest(cell)
	d.each(d.slab.At(piece), newest, newest-d.slack, func(t int64, amount float64) {
		if amount != 0 { // as if it were dense
			list = append(list, entry{t, amount})
		}
	})
	w.Len(len(list))
	for _, e := range slices.Backward(list) {
		w.Int(e.t)
		w.Float(e.amount)
	}
}

// each calls visit with what was added at each time after q, the newest first.
func (d *decayedSum) each(words []uint64, newest, q int64, visit func(t int64, amount float64)) {
	if words[0]&denseFlag != 0 {
		d.dense(words).each(newest, q, visit)
		return
	}
	recent(words).each(q, visit)
}

// Unpack implements Cells.
func (d *decayedSum) Unpack(r *pack.Reader, cell []uint64) {
	cell[0] = r.Uint()
	cell[1] = r.Uint() & math.MaxUint32
	unpackWords(r, cell[2:])
	if !r.Bool() {
		return
	}
	n := r.Len(9)
	newest := Newest(cell)
	if int64(n) > d.slack || 2+2*n > slab.MaxWords {
		r.Fail("%d times within %d ms", n, d.slack)
	}
	if r.Err() != nil {
		return
	}
	piece := d.room(n)
	words := d.slab.At(piece)
	cell[1] |= uint64(piece) << 32
	for last := max(newest-d.slack, -1); n > 0; n-- {
		t, amount := r.Int(), r.Float()
		if t <= last || t > newest {
			r.Fail("something at %d ms, after %d and up to %d", t, last, newest)
			return
		}
		last = t
		d.put(words, t, amount)
	}
}

// Export implements Cells: events, newest time and the sum at the newest event of all.
func (d *decayedSum) Export(cell []uint64, newest int64) string { return exportSum(d, cell, newest) }

// readSum is Read of both kinds of cells: the second word has the events.
func readSum(c Cells, v *Value, cell []uint64, q int64) {
	*v = Value{}
	if cell == nil || cell[0] == 0 {
		return
	}
	v.Value, v.Events, v.Updated = c.Number(cell, q), int64(cell[1]&math.MaxUint32), Newest(cell)
}

func exportSum(c Cells, cell []uint64, newest int64) string {
	if cell[0] == 0 {
		return ""
	}
	return fmt.Sprintf("n=%d t=%d sum=%s", cell[1]&math.MaxUint32, Newest(cell), strconv.FormatFloat(c.Number(cell, newest), 'x', -1, 64))
}
