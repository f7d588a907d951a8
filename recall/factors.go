package recall

import (
	"fmt"
	"sync"

	"github.com/freshet-rec/freshet/collab"
)

// Factors is an iALS model as a route asks it. Use NewFactors.
type Factors struct {
	*collab.IALS
	folders sync.Pool // of *collab.Folder
}

// NewFactors returns the model for routes.
func NewFactors(m *collab.IALS) *Factors { return &Factors{IALS: m} }

// FoldIn implements VectorModel.
func (f *Factors) FoldIn(dst []float32, rows []uint32, weights []float32) error {
	folder, ok := f.folders.Get().(*collab.Folder)
	if !ok {
		folder = f.NewFolder()
	}
	defer f.folders.Put(folder)
	if err := folder.Fold(dst, rows, weights); err != nil {
		return fmt.Errorf("the user's vector: %w", err)
	}
	return nil
}
