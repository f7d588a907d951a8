package registry

import (
	"bytes"
	"context"
	"fmt"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/vector"
)

// Vectors is a trained embedding as it is kept. Use NewVectors.
type Vectors struct {
	IDs   *recall.IDs
	Model *collab.IALS // of as many rows
	Index vector.Index // one that NewIndex made
}

// vectorsMagic begins the file.
const vectorsMagic = "freshet embedding 1"

// The indexes over the vectors of an embedding.
const (
	IndexInt8 = "int8" // a scan of everything in int8, and of the best again in float32: nothing is missed
	IndexIVF  = "ivf"  // an inverted file, which may miss some
)

// MostScanned is how many rows are scanned at most; more get an inverted file. A scan of so many takes
// a few tenths of a millisecond, and an inverted file would save little of it.
const MostScanned = 100_000

// NewIndex makes the index of an embedding's vectors, and says which it is. queries are vectors of
// users, one behind the other, that an approximate index is measured by. It ends early with the error
// of ctx, and equal arguments make equal indexes.
func NewIndex(ctx context.Context, m *collab.IALS, queries []float32, seed uint64) (index vector.Index, name string, err error) {
	if m.Len() <= MostScanned {
		index, err = vector.NewExactInt8(flat(m), m.Dim(), vector.InnerProduct)
		return index, IndexInt8, err
	}
	index, err = vector.NewIVF(ctx, flat(m), m.Dim(), vector.InnerProduct, vector.IVFOptions{Seed: seed, Queries: queries})
	return index, IndexIVF, err
}

// flat are the vectors of a model, one behind the other.
func flat(m *collab.IALS) []float32 {
	list := make([]float32, 0, m.Len()*m.Dim())
	for row := range uint32(m.Len()) {
		list = append(list, m.Vector(row)...)
	}
	return list
}

// Bytes implements Model.
func (v *Vectors) Bytes() ([]byte, error) {
	if v.IDs.Len() != v.Model.Len() {
		return nil, fmt.Errorf("%d ids for a model of %d items", v.IDs.Len(), v.Model.Len())
	}
	var w pack.Writer
	w.Text(vectorsMagic)
	v.IDs.Pack(&w)
	v.Model.Pack(&w)
	switch v.Index.(type) {
	case *vector.ExactInt8: // follows from the vectors
		w.Text(IndexInt8)
	case *vector.IVF:
		w.Text(IndexIVF)
		var file bytes.Buffer
		if err := vector.Save(&file, v.Index); err != nil {
			return nil, err
		}
		w.Blob(file.Bytes())
	default:
		return nil, fmt.Errorf("an index of type %T cannot be kept", v.Index)
	}
	return w.Bytes, nil
}

// readVectors reads what Bytes wrote.
func readVectors(data []byte) (*recall.Vectors, error) {
	r := pack.NewReader(data)
	if magic := r.Text(); magic != vectorsMagic {
		return nil, fmt.Errorf("it begins with %.40q, not with %q", magic, vectorsMagic)
	}
	ids := recall.UnpackIDs(r)
	if r.Err() != nil {
		return nil, r.Err()
	}
	model, err := collab.UnpackIALS(r)
	if err != nil {
		return nil, err
	}
	if model.Len() != ids.Len() {
		return nil, fmt.Errorf("%d ids for a model of %d items", ids.Len(), model.Len())
	}
	v := &recall.Vectors{IDs: ids, Model: recall.NewFactors(model)}
	switch name := r.Text(); name {
	case IndexInt8:
		v.Index, err = vector.NewExactInt8(flat(model), model.Dim(), vector.InnerProduct)
	case IndexIVF:
		file := r.Blob()
		if v.Index, err = vector.Load(context.Background(), bytes.NewReader(file), int64(len(file))); err == nil && (v.Index.Len() != model.Len() || v.Index.Dim() != model.Dim()) {
			err = fmt.Errorf("it has an index of %d vectors of length %d for %d of length %d", v.Index.Len(), v.Index.Dim(), model.Len(), model.Dim())
		}
	default:
		err = fmt.Errorf("it has an index of the kind %q, which this release does not know", name)
	}
	if err != nil {
		return nil, err
	}
	return v, r.Done()
}
