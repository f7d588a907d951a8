package window

import (
	"fmt"
	"math"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Latest is Total of LastTime and Age in less room: the newest event time that every cell has is
// all they need.
//
// A cell is: word 0, the newest event time plus one; word 1, the events.
type Latest struct {
	Aggregate // LastTime or Age
}

// Words implements Cells.
func (Latest) Words() int { return 2 }

// Add implements Cells.
func (Latest) Add(cell []uint64, s *Sample) {
	cell = cell[:2]
	cell[0] = max(cell[0], uint64(s.Time+1))
	cell[1]++
}

// AddRun is Add of each event of a run, to the cells that begin at word from of its records. It
// returns how many of them were empty.
func (Latest) AddRun(run *Run, from int) (made int) {
	for i, record := range run.Records {
		if run.lanes(i) == 0 {
			continue
		}
		cell := record[from : from+2 : from+2]
		if cell[0] == 0 {
			made++
		}
		cell[0] = max(cell[0], uint64(run.Times[i]+1))
		cell[1]++
	}
	return made
}

// Read implements Cells.
func (l Latest) Read(v *Value, cell []uint64, q int64) {
	*v = Value{}
	if cell == nil || cell[0] == 0 {
		l.Aggregate.Read(v, States{}, q)
		return
	}
	state := [2]uint64{cell[1], cell[0] - 1}
	l.Aggregate.Read(v, Of(state[:]), q)
	v.Updated = Newest(cell)
}

// Number implements Cells.
func (l Latest) Number(cell []uint64, q int64) float64 {
	switch _, age := l.Aggregate.(Age); {
	case cell == nil || cell[0] == 0:
		return math.NaN()
	case age:
		return float64(max(0, q-Newest(cell))) / 1000
	}
	return float64(Newest(cell))
}

// Beyond implements Cells: nothing is.
func (Latest) Beyond(int64, int64) bool { return false }

// Clear implements Cells.
func (Latest) Clear(cell []uint64) { clear(cell) }

// Pack implements Cells.
func (Latest) Pack(w *pack.Writer, cell []uint64) { packWords(w, cell) }

// Unpack implements Cells.
func (Latest) Unpack(r *pack.Reader, cell []uint64) { unpackWords(r, cell) }

// Export implements Cells.
func (Latest) Export(cell []uint64, _ int64) string {
	if cell[0] == 0 {
		return ""
	}
	return fmt.Sprintf("n=%d t=%d", cell[1], Newest(cell))
}
