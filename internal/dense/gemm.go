package dense

import (
	"fmt"
	"sync"
)

// The blocks of a product, in elements. depth is part of what decides the bits of a sum and the
// same for all kernels; the others are not. depth × 32 columns of B stay in the first-level cache
// (32 KiB), leftRows × depth of A in the second (384 KiB). A task packs its part of both factors
// by itself, which a large task does for less.
const (
	depth    = 256
	leftRows = 384
	taskRows = 3072
	taskCols = 2048
)

// small is how many multiply-adds are done without another goroutine.
const small = 1 << 19

// Gemm is C = alpha·op(A)·op(B) + beta·C, where op(A) is m × k, op(B) k × n and C m × n; op
// transposes what is named transposed. What C held does not count when beta is 0. C must not
// overlap A or B.
func Gemm(workers int, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	kernels[0].gemm(workers, &product{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, b: b, ldb: ldb, beta: beta, c: c, ldc: ldc})
}

// product is C = alpha·op(A)·op(B) + beta·C, of all of C or of its upper triangle.
type product struct {
	transA, transB bool
	m, n, k        int
	alpha          float32
	a              []float32
	lda            int
	b              []float32
	ldb            int
	beta           float32
	c              []float32
	ldc            int
	upper          bool // elements left of the diagonal are neither read nor written
}

func (p *product) check() {
	fits := func(name string, s []float32, ld, rows, cols int, trans bool) {
		if trans {
			rows, cols = cols, rows
		}
		if rows < 0 || cols < 0 || rows > 0 && cols > 0 && (ld < cols || len(s) < (rows-1)*ld+cols) {
			panic(fmt.Sprintf("BUG: dense: %s of %d × %d with rows %d apart in %d floats", name, rows, cols, ld, len(s)))
		}
	}
	fits("A", p.a, p.lda, p.m, p.k, p.transA)
	fits("B", p.b, p.ldb, p.k, p.n, p.transB)
	fits("C", p.c, p.ldc, p.m, p.n, false)
}

// scratch is what a task packs its factors into.
type scratch struct{ left, right, tile []float32 }

// scratches are kept between products: they are larger than many matrices.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

// room returns the first n floats of what s points to, which it makes longer if need be.
func room(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	return (*s)[:n]
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

func (kn *kernel) gemm(workers int, p *product) {
	p.check()
	if p.m == 0 || p.n == 0 {
		return
	}
	if p.m*p.n*max(p.k, 1) <= small {
		workers = 1
	}
	rows, cols := kn.task(workers, p.m, p.n)
	down, across := (p.m+rows-1)/rows, (p.n+cols-1)/cols
	Parallel(workers, down*across, func(t int) {
		i, j := t/across*rows, t%across*cols
		s := scratches.Get().(*scratch)
		kn.block(p, s, i, min(rows, p.m-i), j, min(cols, p.n-j))
		scratches.Put(s)
	})
}

// task returns the size of a task: large, unless that leaves workers without any.
func (kn *kernel) task(workers, m, n int) (rows, cols int) {
	rows, cols = min(taskRows, roundUp(m, kn.rows)), min(taskCols, roundUp(n, kn.cols))
	leastRows, leastCols := 16*kn.rows, 8*kn.cols
	for workers > 1 && ((m+rows-1)/rows)*((n+cols-1)/cols) < 3*workers {
		switch {
		case rows > leastRows && (rows >= cols || cols <= leastCols):
			rows = roundUp(rows/2, kn.rows)
		case cols > leastCols:
			cols = roundUp(cols/2, kn.cols)
		default:
			return rows, cols
		}
	}
	return rows, cols
}

// block computes m rows from i0 and n columns from j0 of C.
func (kn *kernel) block(p *product, s *scratch, i0, m, j0, n int) {
	if p.upper && j0+n <= i0 {
		return
	}
	if p.beta != 1 && (p.beta != 0 || p.k == 0) {
		for i := i0; i < i0+m; i++ {
			row := p.c[i*p.ldc+j0 : i*p.ldc+j0+n]
			if p.upper {
				row = row[min(n, max(0, i-j0)):]
			}
			for j, v := range row {
				if p.beta == 0 {
					row[j] = 0
				} else {
					row[j] = v * p.beta
				}
			}
		}
	}
	for k0 := 0; k0 < p.k; k0 += depth {
		k := min(depth, p.k-k0)
		right := room(&s.right, roundUp(n, kn.cols)*k)
		packRight(right, kn.cols, p.transB, p.b, p.ldb, k0, k, j0, n)
		for i := 0; i < m; i += leftRows {
			mm := min(leftRows, m-i)
			if p.upper && j0+n <= i0+i {
				break
			}
			left := room(&s.left, roundUp(mm, kn.rows)*k)
			packLeft(left, kn.rows, p.transA, p.a, p.lda, i0+i, mm, k0, k)
			kn.tiles(p, s, left, right, k, i0+i, mm, j0, n, k0 > 0 || p.beta != 0)
		}
	}
}

// tiles adds the product of packed factors to m rows from i0 and n columns from j0 of C.
func (kn *kernel) tiles(p *product, s *scratch, left, right []float32, k, i0, m, j0, n int, add bool) {
	tile := room(&s.tile, kn.rows*kn.cols)
	for j := 0; j < n; j += kn.cols {
		for i := 0; i < m; i += kn.rows {
			if p.upper && j0+j+kn.cols <= i0+i {
				break
			}
			a, b := &left[i*k], &right[j*k]
			at := (i0+i)*p.ldc + j0 + j
			if i+kn.rows <= m && j+kn.cols <= n && (!p.upper || i0+i+kn.rows <= j0+j+1) {
				kn.tile(k, a, kn.rows, b, kn.cols, &p.c[at], p.ldc, p.alpha, add)
				continue
			}
			kn.edge(p, tile, k, a, b, at, min(kn.rows, m-i), min(kn.cols, n-j), i0+i-j0-j, add)
		}
	}
}

// edge computes a tile of which only rows × cols elements are part of C, beginning at at, and of
// an upper triangle those whose column is at least their row + lower.
func (kn *kernel) edge(p *product, tile []float32, k int, a, b *float32, at, rows, cols, lower int, add bool) {
	first := func(i int) int {
		if !p.upper {
			return 0
		}
		return min(cols, max(0, i+lower))
	}
	if add {
		clear(tile)
		for i := range rows {
			f := first(i)
			copy(tile[i*kn.cols+f:i*kn.cols+cols], p.c[at+i*p.ldc+f:])
		}
	}
	kn.tile(k, a, kn.rows, b, kn.cols, &tile[0], kn.cols, p.alpha, add)
	for i := range rows {
		f := first(i)
		copy(p.c[at+i*p.ldc+f:at+i*p.ldc+cols], tile[i*kn.cols+f:])
	}
}
