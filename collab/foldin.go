package collab

import (
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet/internal/dense"
)

// Folder makes users' vectors from what they took, with a model of vectors: the solution of the
// system that training solves for a user, to the bit, on every machine.
// It holds its memory: Fold takes none, but for a history longer than any before. It is not safe
// for concurrent use.
type Folder struct {
	model   *IALS
	solver  *rowSolver
	lambda  regularizer
	order   []uint64 // item and place in the history, to be sorted
	columns []uint32
	weights []float32
	vector  []float32 // of stride
}

// NewFolder returns a Folder of the model.
func (m *IALS) NewFolder() *Folder {
	return &Folder{
		model: m, solver: newRowSolver(m.dim, m.vectors, m.basis), vector: make([]float32, m.stride),
		lambda: regularizer{m.lambda, m.nu, m.alpha0 * float64(m.items)},
	}
}

// Fold writes the vector of a history to to, of Dim floats: item numbers in any order, none twice,
// and their weights, above 0, or nil where all are 1. Items that the model does not know are
// passed over; of a history without any other the vector is 0. The order changes no bit. It fails
// on a weight that is none, and where weights are so large that nothing finite comes of them.
func (f *Folder) Fold(to []float32, history []uint32, weights []float32) error {
	if len(to) != f.model.dim {
		panic(fmt.Sprintf("BUG: collab: a vector of %d floats for %d", len(to), f.model.dim))
	}
	if err := f.fold(history, weights); err != nil {
		return err
	}
	copy(to, f.vector)
	return nil
}

// fold makes f.vector.
func (f *Folder) fold(history []uint32, weights []float32) error {
	if weights != nil && len(weights) != len(history) {
		return fmt.Errorf("fold in: %d weights for %d items", len(weights), len(history))
	}
	for i, w := range weights {
		if err := checkWeight(w); err != nil {
			return fmt.Errorf("fold in: item %d: %w", history[i], err)
		}
	}
	f.columns, f.weights = f.columns[:0], f.weights[:0]
	if inOrder(history, f.model.items) {
		f.columns, f.weights = append(f.columns, history...), append(f.weights, weights...)
	} else {
		f.order = f.order[:0]
		for i, item := range history {
			if int(item) < f.model.items {
				f.order = append(f.order, uint64(item)<<32|uint64(i))
			}
		}
		slices.Sort(f.order)
		for _, o := range f.order {
			f.columns = append(f.columns, uint32(o>>32))
			if weights != nil {
				f.weights = append(f.weights, weights[uint32(o)])
			}
		}
	}
	w := f.weights
	if weights == nil {
		w = nil
	}
	if err := f.solver.solve(f.vector, f.columns, w, &f.lambda); err != nil {
		return fmt.Errorf("fold in %d items: %w", len(f.columns), err)
	}
	return nil
}

// inOrder says whether items ascend, all below limit.
func inOrder(items []uint32, limit int) bool {
	return (len(items) == 0 || int(items[len(items)-1]) < limit) && slices.IsSorted(items)
}

// Score implements Model: the products of the items' vectors with the one of the history, without
// weights. A history of which nothing finite comes, as vectors that were not trained may have it,
// scores 0. It takes no memory but for the first calls.
func (m *IALS) Score(scores []float32, history []uint32) {
	if len(scores) != m.items {
		panic(fmt.Sprintf("BUG: collab: %d scores for %d items", len(scores), m.items))
	}
	f := m.folder()
	defer m.folders.Put(f)
	if err := f.fold(history, nil); err != nil {
		clear(scores)
		return
	}
	dense.Dots(scores, m.vectors, f.vector)
}

// ScoreBatch implements Batch, by one product of all the histories' vectors with the items'.
func (m *IALS) ScoreBatch(scores []float32, histories [][]uint32) {
	if len(scores) != len(histories)*m.items {
		panic(fmt.Sprintf("BUG: collab: %d scores for %d histories and %d items", len(scores), len(histories), m.items))
	}
	f := m.folder()
	defer m.folders.Put(f)
	vectors := make([]float32, len(histories)*m.stride)
	for r, history := range histories {
		if err := f.fold(history, nil); err == nil {
			copy(vectors[r*m.stride:], f.vector)
		}
	}
	dense.Gemm(1, false, true, len(histories), m.items, m.stride, 1, vectors, m.stride, m.vectors, m.stride, 0, scores, m.items)
}

// folder is one to be put back.
func (m *IALS) folder() *Folder {
	if f, ok := m.folders.Get().(*Folder); ok {
		return f
	}
	return m.NewFolder()
}
