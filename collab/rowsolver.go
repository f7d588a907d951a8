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
	stride int
	others []float32 // vectors of the columns
	gram   []float32 // of all of them
	rows   []float32 // those of some columns, gathered
}

func newRowSolver(dim int, others, gram []float32) *rowSolver {
	s := &rowSolver{system: dense.NewSystem(dim), stride: dense.Stride(dim), others: others, gram: gram}
	s.rows = make([]float32, s.system.Chunk()*s.stride)
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
	s.system.Begin(s.gram)
	chunk := s.system.Chunk()
	for _, c := range columns[:min(soon, len(columns))] {
		s.ask(c)
	}
	for begin := 0; begin < len(columns); begin += chunk {
		end := min(len(columns), begin+chunk)
		for r, c := range columns[begin:end] {
			if ahead := begin + r + soon; ahead < len(columns) {
				s.ask(columns[ahead])
			}
			copy(s.rows[r*s.stride:(r+1)*s.stride], s.others[int(c)*s.stride:])
		}
		var w []float32
		if weights != nil {
			w = weights[begin:end]
		}
		s.system.Add(s.rows[:(end-begin)*s.stride], w)
	}
	s.system.Shift(lambda.of(len(columns)))
	if err := s.system.Solve(to); err != nil {
		return fmt.Errorf("%w with λ = %v: raise Lambda", err, lambda.of(len(columns)))
	}
	if !finite(to) {
		return ErrDiverged
	}
	return nil
}
