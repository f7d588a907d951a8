package window

import (
	"fmt"
	"strings"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Total keeps an aggregate over all time.
//
// A cell is: word 0, the newest event time plus one; then the aggregate's state.
type Total struct{ Aggregate }

// Words implements Cells.
func (t *Total) Words() int { return 1 + t.Aggregate.Words() }

// Add implements Cells.
func (t *Total) Add(cell []uint64, s *Sample) {
	note(cell, s.Time)
	t.Aggregate.Add(cell[1:], s)
}

// Read implements Cells.
func (t *Total) Read(v *Value, cell []uint64, q int64) {
	*v = Value{}
	if cell == nil || cell[0] == 0 {
		t.Aggregate.Read(v, States{}, q)
		return
	}
	t.Aggregate.Read(v, Of(cell[1:]), q)
	if v.Events > 0 {
		v.Updated = Newest(cell)
	}
}

// Number implements Cells.
func (t *Total) Number(cell []uint64, q int64) float64 { return number(t, cell, q) }

// number is Number by way of Read.
func number(c Cells, cell []uint64, q int64) float64 {
	var v Value
	c.Read(&v, cell, q)
	return v.Number()
}

// Beyond implements Cells: nothing is.
func (t *Total) Beyond(int64, int64) bool { return false }

// Clear implements Cells.
func (t *Total) Clear(cell []uint64) {
	cell[0] = 0
	t.Aggregate.Clear(cell[1:])
}

// Pack implements Cells.
func (t *Total) Pack(w *pack.Writer, cell []uint64) {
	w.Uint(cell[0])
	t.Aggregate.Pack(w, cell[1:])
}

// Unpack implements Cells.
func (t *Total) Unpack(r *pack.Reader, cell []uint64) {
	cell[0] = r.Uint()
	t.Aggregate.Unpack(r, cell[1:])
}

// Export implements Cells.
func (t *Total) Export(cell []uint64, newest int64) string {
	if cell[0] == 0 {
		return ""
	}
	return fmt.Sprintf("t=%d %s", Newest(cell), encoded(t.Aggregate, cell[1:]))
}

// encoded is the encoding of a state in hexadecimal digits.
func encoded(a Aggregate, state []uint64) string {
	var w pack.Writer
	a.Pack(&w, state)
	return fmt.Sprintf("%x", w.Bytes)
}

// joined puts parts of an export behind one another.
func joined(parts []string) string { return strings.Join(parts, " ") }
