package dense

import "fmt"

// Cholesky replaces the upper triangle of the n × n matrix A by its factor U, A = U'U; what is
// below is neither read nor written. It fails with ErrNotDefinite, A being of no use then.
// n³/3 operations, nearly all of them in products.
func Cholesky(workers, n int, a []float32, lda int) error {
	checkSquare(n, a, lda)
	return task{kernels[0], workers}.cholesky(n, a, lda)
}

// SolveCholesky puts X with U'U·X = B in the place of B, n × m, given U by Cholesky.
func SolveCholesky(workers, n, m int, u []float32, ldu int, b []float32, ldb int) {
	checkSquare(n, u, ldu)
	if n > 0 && (ldb < m || len(b) < (n-1)*ldb+m) {
		panic(fmt.Sprintf("BUG: dense: B of %d × %d with rows %d apart in %d floats", n, m, ldb, len(b)))
	}
	t := task{kernels[0], workers}
	t.under(n, m, u, ldu, b, ldb)
	t.over(n, m, u, ldu, b, ldb)
}

// Inverse replaces a symmetric positive definite n × n matrix, of which it reads the upper
// triangle, by its inverse, both triangles of it. It fails with ErrNotDefinite, A being of no use
// then. Cholesky's factor, its inverse and the product of that with itself take n³/3 operations
// each; memory beside A is some MiB a worker.
func Inverse(workers, n int, a []float32, lda int) error {
	checkSquare(n, a, lda)
	t := task{kernels[0], workers}
	if err := t.cholesky(n, a, lda); err != nil {
		return err
	}
	t.invert(n, a, lda)
	t.square(n, a, lda)
	Mirror(workers, n, a, lda)
	return nil
}

func checkSquare(n int, a []float32, lda int) {
	if n < 0 || n > 0 && (lda < n || len(a) < (n-1)*lda+n) {
		panic(fmt.Sprintf("BUG: dense: a matrix of %d × %d with rows %d apart in %d floats", n, n, lda, len(a)))
	}
}

func (t task) cholesky(n int, a []float32, lda int) error {
	if n > leaf {
		h := half(n)
		if err := t.cholesky(h, a, lda); err != nil {
			return err
		}
		t.under(h, n-h, a, lda, a[h:], lda)
		t.syrk(true, n-h, h, -1, a[h:], lda, a[h*lda+h:], lda)
		return t.cholesky(n-h, a[h*lda+h:], lda)
	}
	tri := t.kn.symmetric(n, a, lda)
	if !t.kn.factorAll(tri.n, tri.u, tri.n, tri.d, tri.inv) {
		return ErrNotDefinite
	}
	for i := range n {
		b := i &^ (side - 1)
		end := min(n, b+side)
		copy(a[i*lda+i:i*lda+end], tri.d[i*side+i-b:])
		copy(a[i*lda+end:i*lda+n], tri.u[i*tri.n+end:])
	}
	return nil
}

// invert replaces an upper triangle by its inverse.
func (t task) invert(n int, u []float32, ldu int) {
	if n > leaf {
		h := half(n)
		t.invert(h, u, ldu)
		t.invert(n-h, u[h*ldu+h:], ldu)
		t.times(h, n-h, u, ldu, u[h:], ldu)
		t.timesRight(false, h, n-h, -1, u[h:], ldu, u[h*ldu+h:], ldu)
		return
	}
	tri := t.kn.triangle(n, u, ldu)
	v := tri.inverse()
	for i := range n {
		copy(u[i*ldu+i:i*ldu+n], v[i*tri.n+i:])
	}
}

// square replaces an upper triangle V by that of V·V'.
func (t task) square(n int, v []float32, ldv int) {
	if n > leaf {
		h := half(n)
		t.square(h, v, ldv)
		t.syrk(false, h, n-h, 1, v[h:], ldv, v, ldv)
		t.timesRight(true, h, n-h, 1, v[h:], ldv, v[h*ldv+h:], ldv)
		t.square(n-h, v[h*ldv+h:], ldv)
		return
	}
	whole := full(n, v, ldv)
	t.kn.gemm(1, &product{transB: true, m: n, n: n, k: n, alpha: 1, a: whole, lda: n, b: whole, ldb: n, c: v, ldc: ldv, upper: true})
}
