package collab

import (
	"cmp"
	"math"
	"slices"
)

// symmetricEigen are the eigenvalues of a symmetric n × n matrix, descending, and its eigenvectors
// of length 1: vectors[k*n:(k+1)*n] belongs to values[k]. What a held is lost.
//
// Householder's reduction to tridiagonal form, then QL steps with implicit shifts (Golub and Van
// Loan, "Matrix Computations", §8.3; Parlett, "The Symmetric Eigenvalue Problem", ch. 8). The
// vectors are kept as rows, so that a rotation of two of them runs along memory.
func symmetricEigen(n int, a []float64) (values, vectors []float64) {
	d, e := make([]float64, n), make([]float64, n)
	q := tridiagonal(n, a, d, e)
	diagonalise(n, d, e, q)
	order := make([]int, n)
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(d[j], d[i]), cmp.Compare(i, j)) })
	vectors = make([]float64, 0, n*n)
	for _, k := range order {
		values = append(values, d[k])
		vectors = append(vectors, q[k*n:(k+1)*n]...)
	}
	return values, vectors
}

// tridiagonal finds an orthogonal Q with A = Q·T·Q', T being tridiagonal with the diagonal d and
// e[k] beside d[k] and d[k+1], and returns Q', row after row. a is overwritten.
func tridiagonal(n int, a, d, e []float64) []float64 {
	// Reflection k is I − betas[k]·v·v' with v in column k of a, below the diagonal.
	betas := make([]float64, n)
	v, p := make([]float64, n), make([]float64, n)
	for k := 0; k < n-2; k++ {
		norm := 0.0
		for i := k + 1; i < n; i++ {
			v[i] = a[i*n+k]
			norm += v[i] * v[i]
		}
		norm = math.Sqrt(norm)
		if norm == 0 {
			e[k] = 0
			continue
		}
		// v = x + sign(x0)·|x|·e0: of two numbers of one sign, so nothing cancels.
		alpha := -math.Copysign(norm, v[k+1])
		e[k] = alpha
		v[k+1] -= alpha
		betas[k] = -1 / (alpha * v[k+1])
		// A − v·w' − w·v' with p = beta·A·v and w = p − (beta·p'v/2)·v.
		pv := 0.0
		for i := k + 1; i < n; i++ {
			p[i] = betas[k] * dot64(a[i*n+k+1:(i+1)*n], v[k+1:])
			pv += p[i] * v[i]
		}
		for i := k + 1; i < n; i++ {
			p[i] -= betas[k] * pv / 2 * v[i]
		}
		for i := k + 1; i < n; i++ {
			row, x, y := a[i*n:(i+1)*n], v[i], p[i]
			for j := k + 1; j < n; j++ {
				row[j] -= x*p[j] + y*v[j]
			}
			a[i*n+k] = v[i]
		}
	}
	for k := range n {
		d[k] = a[k*n+k]
	}
	if n >= 2 {
		e[n-2] = a[(n-1)*n+n-2]
	}
	q := make([]float64, n*n)
	for k := range n {
		q[k*n+k] = 1
	}
	for k := n - 3; k >= 0; k-- {
		if betas[k] == 0 {
			continue
		}
		for i := k + 1; i < n; i++ {
			v[i] = a[i*n+k]
		}
		for r := k + 1; r < n; r++ {
			row := q[r*n+k+1 : (r+1)*n]
			s := betas[k] * dot64(row, v[k+1:])
			for j := range row {
				row[j] -= s * v[k+1+j]
			}
		}
	}
	return q
}

// diagonalise turns the tridiagonal matrix of d and e into its eigenvalues in d, and the rows of q
// by the same rotations.
func diagonalise(n int, d, e, q []float64) {
	scale := 0.0
	for k := range n {
		scale = max(scale, math.Abs(d[k]), math.Abs(e[k]))
	}
	nothing := scale * 0x1p-52 // what is below changes no eigenvalue of that size
	for l := range n {
		for {
			m := l
			for m < n-1 && math.Abs(e[m]) > nothing {
				m++
			}
			if m == l {
				break
			}
			// Wilkinson's shift: the eigenvalue of the first two that is nearer to d[l].
			g := (d[l+1] - d[l]) / (2 * e[l])
			g = d[m] - d[l] + e[l]/(g+math.Copysign(math.Hypot(g, 1), g))
			s, c, p := 1.0, 1.0, 0.0
			i := m - 1
			for ; i >= l; i-- {
				f, b := s*e[i], c*e[i]
				r := math.Hypot(f, g)
				e[i+1] = r
				if r == 0 { // the matrix fell apart in two here
					d[i+1] -= p
					e[m] = 0
					break
				}
				s, c = f/r, g/r
				g = d[i+1] - p
				r = (d[i]-g)*s + 2*c*b
				p = s * r
				d[i+1] = g + p
				g = c*r - b
				rotate(q[i*n:(i+1)*n], q[(i+1)*n:(i+2)*n], c, s)
			}
			if i < l {
				d[l] -= p
				e[l] = g
				e[m] = 0
			}
		}
	}
}

// rotate turns x and y: x = c·x − s·y, y = s·x + c·y.
func rotate(x, y []float64, c, s float64) {
	y = y[:len(x)]
	for k, f := range x {
		x[k], y[k] = c*f-s*y[k], s*f+c*y[k]
	}
}

func dot64(a, b []float64) float64 {
	b = b[:len(a)]
	var s, t float64
	k := 0
	for ; k+2 <= len(a); k += 2 {
		s += a[k] * b[k]
		t += a[k+1] * b[k+1]
	}
	if k < len(a) {
		s += a[k] * b[k]
	}
	return s + t
}
