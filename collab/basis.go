package collab

import "github.com/freshet-rec/freshet/internal/dense"

// basis is what the systems of all rows have in common: the products α₀·Σ x·x' of the columns'
// vectors.
type basis struct {
	gram     []float32 // stride × stride
	diagonal []float32 // of gram, beside which there is nothing but rounding
}

// turn turns vectors, in place, into the eigenvectors' basis of their products: they lose nothing by
// it but rounding, since models go by products of vectors with others that are made from them, and
// their Gram matrix becomes diagonal.
func turn(workers, dim int, vectors []float32, alpha0 float64) (*basis, error) {
	stride := dense.Stride(dim)
	g := gram(workers, stride, vectors, alpha0)
	if !finite(g) {
		return nil, ErrDiverged
	}
	a := make([]float64, dim*dim)
	for i := range dim {
		for j := range dim {
			a[i*dim+j] = float64(g[i*stride+j])
		}
	}
	_, eigen := dense.Eigen(dim, a)
	v := make([]float32, stride*stride)
	for i := range dim {
		for j := range dim {
			v[i*stride+j] = float32(eigen[i*dim+j])
		}
	}
	const block = 1024
	rows := len(vectors) / stride
	copied := make([]float32, min(rows, block)*stride)
	for r := 0; r < rows; r += block {
		to := vectors[r*stride : min(rows, r+block)*stride]
		from := copied[:len(to)]
		copy(from, to)
		dense.Gemm(workers, false, true, len(to)/stride, stride, stride, 1, from, stride, v, stride, 0, to, stride)
	}
	b := newBasis(stride, gram(workers, stride, vectors, alpha0))
	if !finite(b.gram) {
		return nil, ErrDiverged
	}
	return b, nil
}

func newBasis(stride int, gram []float32) *basis {
	b := &basis{gram: gram, diagonal: make([]float32, stride)}
	for i := range b.diagonal {
		b.diagonal[i] = gram[i*stride+i]
	}
	return b
}

// gram is alpha0·Σ x·x' of all vectors.
func gram(workers, stride int, vectors []float32, alpha0 float64) []float32 {
	g := make([]float32, stride*stride)
	dense.Syrk(workers, true, stride, len(vectors)/stride, float32(alpha0), vectors, stride, 0, g, stride, true)
	return g
}
