package dense

import "fmt"

// Few solves the equations of a [System] whose G is diagonal, for fewer rows than unknowns:
//
//	(G + Σ w·x·x' + s·I)·z = Σ w·x
//	z = D·X'·t with (W⁻¹ + X·D·X')·t = 1, D = (G + s·I)⁻¹
//
// That is as many unknowns as there are rows, and the matrix has no small eigenvalues that are
// differences of large ones. (The push-through identity, Henderson and Searle, "On Deriving the
// Inverse of a Sum of Matrices", 1981, equation 23.) It holds all the memory it needs, and is not
// safe for concurrent use.
type Few struct {
	n, most   int
	root      []float32 // √D
	y         []float32 // X·√D
	a         []float32 // W⁻¹ + Y·Y': the upper triangle
	d, inv, t []float32
	rest      []float32 // what weigh writes
	kn        *kernel
}

// NewFew returns a Few of k unknowns and at most so many rows.
func NewFew(k, most int) *Few { return kernels[0].newFew(k, most) }

func (kn *kernel) newFew(k, most int) *Few {
	n, m := Stride(k), roundUp(most, side)
	return &Few{
		n: n, most: most, root: make([]float32, n), y: make([]float32, m*n), a: make([]float32, m*apart(m)),
		d: make([]float32, m*side), inv: make([]float32, m), t: make([]float32, m), rest: make([]float32, m*n), kn: kn,
	}
}

// Solve writes the solution to z, of Stride floats. g is G's diagonal, s is shift; g + shift is
// above 0 everywhere. Rows lie one behind the other, as many as there are weights; without weights,
// nil, all are 1. It fails with ErrNotDefinite.
func (f *Few) Solve(z, g []float32, shift float32, rows, weights []float32) error {
	m := len(rows) / f.n
	if len(z) != f.n || len(g) != f.n || len(rows) != m*f.n || m > f.most || weights != nil && len(weights) != m {
		panic(fmt.Sprintf("BUG: dense: %d, %d and %d floats and %d weights for rows of %d, at most %d", len(z), len(g), len(rows), len(weights), f.n, f.most))
	}
	if m == 0 {
		clear(z)
		return nil
	}
	side16 := roundUp(m, side)
	ld := apart(side16)
	f.kn.roots(f.n, &g[0], shift, &f.root[0])
	f.kn.spread(m, f.n, &rows[0], &f.root[0], &f.y[0])
	for i := range side16 {
		row := f.a[i*ld : i*ld+side16]
		if i >= m { // an unknown of no meaning
			clear(row[i:])
			row[i] = 1
			continue
		}
		f.kn.dots(m-i, f.n, &f.y[i*f.n], &f.y[i*f.n], &row[i])
		clear(row[m:])
		if weights == nil {
			row[i]++
		} else {
			row[i] += 1 / weights[i]
		}
	}
	if !f.kn.factorAll(side16, f.a, ld, f.d, f.inv) {
		return ErrNotDefinite
	}
	t := f.t[:side16]
	for i := range t {
		t[i] = 1
		if i >= m {
			t[i] = 0
		}
	}
	f.kn.solveAll(side16, f.a, ld, f.d, f.inv, t)
	clear(z)
	f.kn.weigh(m, f.n, &f.y[0], &t[0], &f.rest[0], &z[0])
	f.kn.spread(1, f.n, &z[0], &f.root[0], &z[0])
	return nil
}
