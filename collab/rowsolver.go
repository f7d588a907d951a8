package collab

import (
	"fmt"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// rowSolver makes the vector of one row from the vectors of its columns: training's half step and
// serving's fold-in are this, and so agree to the bit. It holds its memory, and is not safe for
// concurrent use.
type rowSolver struct {
	system *dense.System
	few    *dense.Few
	most   int // columns that few takes
	stride int
	others []float32 // vectors of the columns
	common *basis    // of all of them
	rows   []float32 // those of some columns, gathered
}

func newRowSolver(dim int, others []float32, common *basis) *rowSolver {
	// Up to half as many columns as unknowns few is faster than system, by measurement with 64, 128
	// and 256 unknowns: 5.5 µs against 69 for 27 columns and 256 unknowns, 67 against 114 for 100.
	s := &rowSolver{system: dense.NewSystem(dim), most: dim / 2, stride: dense.Stride(dim), others: others, common: common}
	s.few = dense.NewFew(dim, s.most)
	s.rows = make([]float32, max(s.system.Chunk(), s.most)*s.stride)
	return s
}

// soon is how many vectors are asked for before they are gathered. Measured with 128 floats a
// vector: 4 to 16 make no difference.
const soon = 8

// ask has the memory of a column's vector fetched.
func (s *rowSolver) ask(column uint32) {
	prefetch.Lines(unsafe.Pointer(&s.others[int(column)*s.stride]), s.stride*4/prefetch.LineBytes)
}

// solve writes to to, of stride floats, the vector of a row with entries in these columns:
// (α₀·Σ h·h' + Σ c·h·h' + λI)⁻¹·Σ c·h. Without weights all are 1. Bits depend on the order of the
// columns.
func (s *rowSolver) solve(to []float32, columns []uint32, weights []float32, lambda *regularizer) error {
	if len(columns) == 0 {
		clear(to)
		return nil
	}
	for _, c := range columns[:min(soon, len(columns))] {
		s.ask(c)
	}
	shift := lambda.of(len(columns))
	var err error
	if len(columns) <= s.most {
		err = s.few.Solve(to, s.common.diagonal, shift, s.gather(columns, 0, len(columns)), weights)
	} else {
		s.system.Begin(s.common.gram)
		for begin := 0; begin < len(columns); begin += s.system.Chunk() {
			end := min(len(columns), begin+s.system.Chunk())
			var w []float32
			if weights != nil {
				w = weights[begin:end]
			}
			s.system.Add(s.gather(columns, begin, end), w)
		}
		s.system.Shift(shift)
		err = s.system.Solve(to)
	}
	if err != nil {
		return fmt.Errorf("%w with λ = %v: raise Lambda, or lower the weights", err, shift)
	}
	if !finite(to) {
		return ErrDiverged
	}
	return nil
}

// gather copies the vectors of the columns begin to end to s.rows, and asks for those that follow.
func (s *rowSolver) gather(columns []uint32, begin, end int) []float32 {
	for r, c := range columns[begin:end] {
		if ahead := begin + r + soon; ahead < len(columns) {
			s.ask(columns[ahead])
		}
		copy(s.rows[r*s.stride:(r+1)*s.stride], s.others[int(c)*s.stride:])
	}
	return s.rows[:(end-begin)*s.stride]
}
