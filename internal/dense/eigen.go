package dense

import "math"

// Eigen decomposes a symmetric n × n matrix A, both triangles of which are given, rows n apart:
// A = V'·diag(values)·V. The eigenvectors, of length 1, are the rows of V, in no certain order. A is
// overwritten. It takes some 10·n³ operations in float64, on one goroutine.
//
// Householder's reduction to tridiagonal form and QL steps with implicit shifts (Golub and Van Loan,
// "Matrix Computations", 4th edition, sections 8.3.1 and 8.3.5; Bowdler, Martin, Reinsch and
// Wilkinson, "The QR and QL Algorithms for Symmetric Matrices", 1968). Products are rounded before
// they are added, by the conversions, so that no compiler fuses them and bits are the same on all
// machines.
func Eigen(n int, a []float64) (values, vectors []float64) {
	checkEigen(n, a)
	beside := make([]float64, n) // beside[i] is between values[i] and values[i+1]
	values, vectors = tridiagonal(n, a, beside)
	for first := range n {
		for {
			last := first
			for last+1 < n && math.Abs(beside[last]) > 0x1p-52*(math.Abs(values[last])+math.Abs(values[last+1])) {
				last++
			}
			if last == first {
				break
			}
			chase(n, first, last, values, beside, vectors)
		}
	}
	return values, vectors
}

func checkEigen(n int, a []float64) {
	if n < 0 || len(a) != n*n {
		panic("BUG: dense: the matrix to decompose is not square")
	}
	for _, v := range a {
		if v-v != 0 {
			panic("BUG: dense: the matrix to decompose is not finite")
		}
	}
}

// tridiagonal returns the diagonal of T and V with A = V'·T·V, T being tridiagonal, and fills in
// what is beside its diagonal.
func tridiagonal(n int, a, beside []float64) (diagonal, v []float64) {
	diagonal = make([]float64, n)
	scale, p := make([]float64, n), make([]float64, n)
	for k := range n - 2 {
		// The reflection I − scale·x·x' turns row k, right of the diagonal, into one number.
		x := a[k*n+k+1 : (k+1)*n]
		length := math.Sqrt(dot(x, x))
		if length == 0 {
			continue
		}
		head := -math.Copysign(length, x[0])
		beside[k] = head
		x[0] -= head // of two signs: nothing cancels
		scale[k] = 2 / dot(x, x)
		w := p[:len(x)]
		for i := range w {
			w[i] = scale[k] * dot(a[(k+1+i)*n+k+1:(k+2+i)*n], x)
		}
		axpy(-scale[k]/2*dot(w, x), x, w)
		for i := range w {
			row := a[(k+1+i)*n+k+1 : (k+2+i)*n]
			axpy(-x[i], w, row)
			axpy(-w[i], x, row)
		}
	}
	if n > 1 {
		beside[n-2] = a[(n-2)*n+n-1]
	}
	v = make([]float64, n*n)
	for i := range n {
		diagonal[i] = a[i*n+i]
		v[i*n+i] = 1
	}
	for k := n - 3; k >= 0; k-- {
		x := a[k*n+k+1 : (k+1)*n]
		for i := k + 1; i < n; i++ {
			row := v[i*n+k+1 : (i+1)*n]
			axpy(-scale[k]*dot(row, x), x, row)
		}
	}
	return diagonal, v
}

// chase is a QL step on the rows first to last of a tridiagonal matrix, with the shift of
// Wilkinson, from the bottom up.
func chase(n, first, last int, diagonal, beside, v []float64) {
	g := (diagonal[first+1] - diagonal[first]) / (2 * beside[first])
	g = diagonal[last] - diagonal[first] + beside[first]/(g+math.Copysign(length(g, 1), g))
	s, c, p := 1.0, 1.0, 0.0
	for i := last - 1; i >= first; i-- {
		f, b := s*beside[i], c*beside[i]
		r := length(f, g)
		beside[i+1] = r
		if r == 0 { // it falls apart here
			diagonal[i+1] -= p
			beside[last] = 0
			return
		}
		s, c = f/r, g/r
		g = diagonal[i+1] - p
		r = float64((diagonal[i]-g)*s) + float64(2*c*b)
		p = s * r
		diagonal[i+1] = g + p
		g = float64(c*r) - b
		turnRows(v[i*n:(i+1)*n], v[(i+1)*n:(i+2)*n], s, c)
	}
	diagonal[first] -= p
	beside[first] = g
	beside[last] = 0
}

func length(x, y float64) float64 { return math.Sqrt(float64(x*x) + float64(y*y)) }

// turnRows is x = c·x − s·y, y = s·x + c·y.
func turnRows(x, y []float64, s, c float64) {
	y = y[:len(x)]
	for i, f := range x {
		g := y[i]
		x[i], y[i] = float64(c*f)-float64(s*g), float64(s*f)+float64(c*g)
	}
}

// axpy is y += f·x.
func axpy(f float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(f * v)
	}
}

// dot is the product of two vectors, in four sums.
func dot(x, y []float64) float64 {
	y = y[:len(x)]
	var s [4]float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s[0] += float64(x[i] * y[i])
		s[1] += float64(x[i+1] * y[i+1])
		s[2] += float64(x[i+2] * y[i+2])
		s[3] += float64(x[i+3] * y[i+3])
	}
	for ; i < len(x); i++ {
		s[0] += float64(x[i] * y[i])
	}
	return s[0] + s[1] + s[2] + s[3]
}
