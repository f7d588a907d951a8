package collab

// conjugateGradient solves small symmetric positive definite systems one after the other (Hestenes
// and Stiefel 1952; with the diagonal as preconditioner, Golub and Van Loan, "Matrix Computations",
// §11.5). Systems of ridge regressions are well conditioned, so a few products with the matrix do
// what a factor takes n/6 of. The zero value is ready to use; it is for one goroutine.
type conjugateGradient struct {
	memory []float32
}

const (
	gradientSteps    = 100  // at most; regularised systems take 4 to 15
	gradientResidual = 1e-8 // where the squared residual, divided by the diagonal, is that of the right side
)

// solve puts into x the solution of A·x = b, A being len(b) × len(b) with a diagonal above 0. What
// it began with is not looked at.
func (c *conjugateGradient) solve(a, b, x []float32) {
	n := len(b)
	if len(c.memory) < 4*n {
		c.memory = make([]float32, 4*n)
	}
	r, q := c.memory[:n], c.memory[n:2*n]
	d, inverse := c.memory[2*n:3*n], c.memory[3*n:4*n]
	clear(x)
	var rest float32 // r'·diag⁻¹·r
	for i := range n {
		inverse[i] = 1 / a[i*n+i]
		r[i] = b[i]
		d[i] = b[i] * inverse[i]
		rest += r[i] * d[i]
	}
	stop := rest * gradientResidual
	for step := 0; step < gradientSteps && rest > stop; step++ {
		var curve float32
		for i := range n {
			q[i] = dot32(a[i*n:(i+1)*n], d)
			curve += d[i] * q[i]
		}
		if curve <= 0 { // of a definite matrix only when float32 has no digits left
			return
		}
		along := rest / curve
		var next float32
		for i := range n {
			x[i] += along * d[i]
			r[i] -= along * q[i]
			next += r[i] * r[i] * inverse[i]
		}
		back := next / rest
		rest = next
		for i := range n {
			d[i] = r[i]*inverse[i] + back*d[i]
		}
	}
}

// dot32 is the inner product of two vectors of equal length, in four sums side by side.
func dot32(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
