package dense

// leaf is the side of triangles that are not halved any further.
const leaf = 128

// strips is how many columns or rows of a matrix beside a leaf are one task.
const strips = 512

// factorAll makes the Cholesky factor U of the n × n matrix a = U'U, n a multiple of side, from
// its upper triangle: diagonal blocks in d, one divided by the diagonal in inv, and the rest in
// the place of a. It works from the top down, a block row at a time (Golub and Van Loan, "Matrix
// Computations", 4th edition, section 4.2.9, with rows for columns), and returns false when a is
// not positive definite.
func (kn *kernel) factorAll(n int, a []float32, lda int, d, inv []float32) bool {
	for i := 0; i < n; i += side {
		if i > 0 {
			for r := i; r < i+side; r += stripRows {
				kn.strip(n-i, i, &a[r], lda, &a[i], lda, &a[r*lda+i], lda, -1, true)
			}
		}
		if !kn.factor(&a[i*lda+i], lda, &d[i*side], &inv[i]) {
			return false
		}
		if rest := n - i - side; rest > 0 {
			kn.under(rest, &d[i*side], &inv[i], &a[i*lda+i+side], lda)
		}
	}
	return true
}

// solveAll puts z with U'U·z = b in the place of b, given what factorAll made.
func (kn *kernel) solveAll(n int, a []float32, lda int, d, inv, b []float32) {
	after := func(i int) *float32 { // where row i goes on right of its block: for the last ones nowhere
		return &a[min(i*lda+i+side, len(a)-1)]
	}
	for i := 0; i < n; i += side {
		kn.forward(n-i-side, &d[i*side], &inv[i], after(i), lda, &b[i])
	}
	for i := n - side; i >= 0; i -= side {
		kn.backward(n-i-side, &d[i*side], &inv[i], after(i), lda, &b[i])
	}
}

// triangle is a copy of an upper triangle of at most leaf rows, filled up to a multiple of side
// with ones on the diagonal, in the form of factorAll.
type triangle struct {
	k, n      int // rows, and rows filled up
	u, d, inv []float32
	kn        *kernel
}

func (kn *kernel) triangle(k int, u []float32, ldu int) *triangle {
	t := kn.symmetric(k, u, ldu)
	for i := range t.n {
		b := i &^ (side - 1)
		copy(t.d[i*side:(i+1)*side], t.u[i*t.n+b:])
		t.inv[i] = 1 / t.u[i*t.n+i]
	}
	return t
}

// symmetric is the same for a matrix that has no factor yet.
func (kn *kernel) symmetric(k int, a []float32, lda int) *triangle {
	n := roundUp(k, side)
	t := &triangle{k: k, n: n, u: make([]float32, n*n), d: make([]float32, n*side), inv: make([]float32, n), kn: kn}
	for i := range n {
		if i < k {
			copy(t.u[i*n+i:i*n+k], a[i*lda+i:])
		} else {
			t.u[i*n+i] = 1
		}
	}
	return t
}

// underAll solves U'Y = X for cols columns, a multiple of side, of n rows.
func (t *triangle) underAll(cols int, x []float32, ldx int) {
	for i := 0; i < t.n; i += side {
		if i > 0 {
			for r := i; r < i+side; r += stripRows {
				t.kn.strip(cols, i, &t.u[r], t.n, &x[0], ldx, &x[r*ldx], ldx, -1, true)
			}
		}
		t.kn.under(cols, &t.d[i*side], &t.inv[i], &x[i*ldx], ldx)
	}
}

// inverse is U⁻¹, n × n with zeros below the diagonal.
func (t *triangle) inverse() []float32 {
	y := make([]float32, t.n*t.n)
	for i := range t.n {
		y[i*t.n+i] = 1
	}
	t.underAll(t.n, y, t.n)
	v := make([]float32, t.n*t.n)
	for i := range t.n {
		for j := i; j < t.n; j++ {
			v[i*t.n+j] = y[j*t.n+i]
		}
	}
	return v
}

// full is the triangle of a matrix with zeros below the diagonal, k × k.
func full(k int, u []float32, ldu int) []float32 {
	v := make([]float32, k*k)
	for i := range k {
		copy(v[i*k+i:(i+1)*k], u[i*ldu+i:])
	}
	return v
}

// half is where a triangle of more than leaf rows is cut.
func half(n int) int { return roundUp(n/2, leaf) }

// task is what triangles are worked on with: a kernel and its workers.
type task struct {
	kn      *kernel
	workers int
}

func (t task) gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	t.kn.gemm(t.workers, &product{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, b: b, ldb: ldb, beta: beta, c: c, ldc: ldc})
}

// syrk is Syrk of the upper triangle, with beta 1.
func (t task) syrk(trans bool, n, k int, alpha float32, a []float32, lda int, c []float32, ldc int) {
	t.kn.gemm(t.workers, &product{transA: trans, transB: !trans, m: n, n: n, k: k, alpha: alpha, a: a, lda: lda, b: a, ldb: lda, beta: 1, c: c, ldc: ldc, upper: true})
}

// under puts Y with U'Y = X in the place of X, n × m.
func (t task) under(n, m int, u []float32, ldu int, x []float32, ldx int) {
	if n > leaf {
		h := half(n)
		t.under(h, m, u, ldu, x, ldx)
		t.gemm(true, false, n-h, m, h, -1, u[h:], ldu, x, ldx, 1, x[h*ldx:], ldx)
		t.under(n-h, m, u[h*ldu+h:], ldu, x[h*ldx:], ldx)
		return
	}
	tri := t.kn.triangle(n, u, ldu)
	Parallel(t.workers, (m+strips-1)/strips, func(s int) {
		j := s * strips
		w := min(strips, m-j)
		ld := roundUp(w, side)
		y := make([]float32, tri.n*ld)
		for i := range n {
			copy(y[i*ld:i*ld+w], x[i*ldx+j:])
		}
		tri.underAll(ld, y, ld)
		for i := range n {
			copy(x[i*ldx+j:i*ldx+j+w], y[i*ld:])
		}
	})
}

// over puts Z with UZ = X in the place of X, n × m.
func (t task) over(n, m int, u []float32, ldu int, x []float32, ldx int) {
	if n > leaf {
		h := half(n)
		t.over(n-h, m, u[h*ldu+h:], ldu, x[h*ldx:], ldx)
		t.gemm(false, false, h, m, n-h, -1, u[h:], ldu, x[h*ldx:], ldx, 1, x, ldx)
		t.over(h, m, u, ldu, x, ldx)
		return
	}
	tri := t.kn.triangle(n, u, ldu)
	t.left(n, m, tri.inverse(), tri.n, x, ldx)
}

// left puts V·X in the place of X, n × m, for a square V of at most leaf rows.
func (t task) left(n, m int, v []float32, ldv int, x []float32, ldx int) {
	one := task{t.kn, 1}
	Parallel(t.workers, (m+strips-1)/strips, func(s int) {
		j := s * strips
		w := min(strips, m-j)
		from := make([]float32, n*w)
		for i := range n {
			copy(from[i*w:(i+1)*w], x[i*ldx+j:])
		}
		one.gemm(false, false, n, w, n, 1, v, ldv, from, w, 0, x[j:], ldx)
	})
}

// times puts V·X, V an upper triangle, in the place of X, n × m.
func (t task) times(n, m int, v []float32, ldv int, x []float32, ldx int) {
	if n > leaf {
		h := half(n)
		t.times(h, m, v, ldv, x, ldx)
		t.gemm(false, false, h, m, n-h, 1, v[h:], ldv, x[h*ldx:], ldx, 1, x, ldx)
		t.times(n-h, m, v[h*ldv+h:], ldv, x[h*ldx:], ldx)
		return
	}
	t.left(n, m, full(n, v, ldv), n, x, ldx)
}

// timesRight puts alpha·X·V, or with trans alpha·X·V', V an upper triangle, in the place of X,
// m × n.
func (t task) timesRight(trans bool, m, n int, alpha float32, x []float32, ldx int, v []float32, ldv int) {
	if n > leaf {
		h := half(n)
		if trans {
			t.timesRight(trans, m, h, alpha, x, ldx, v, ldv)
			t.gemm(false, true, m, h, n-h, alpha, x[h:], ldx, v[h:], ldv, 1, x, ldx)
			t.timesRight(trans, m, n-h, alpha, x[h:], ldx, v[h*ldv+h:], ldv)
			return
		}
		t.timesRight(trans, m, n-h, alpha, x[h:], ldx, v[h*ldv+h:], ldv)
		t.gemm(false, false, m, n-h, h, alpha, x, ldx, v[h:], ldv, 1, x[h:], ldx)
		t.timesRight(trans, m, h, alpha, x, ldx, v, ldv)
		return
	}
	square, one := full(n, v, ldv), task{t.kn, 1}
	Parallel(t.workers, (m+strips-1)/strips, func(s int) {
		i := s * strips
		w := min(strips, m-i)
		from := make([]float32, w*n)
		for r := range w {
			copy(from[r*n:(r+1)*n], x[(i+r)*ldx:])
		}
		one.gemm(false, trans, w, n, n, alpha, from, n, square, n, 0, x[i*ldx:], ldx)
	})
}
