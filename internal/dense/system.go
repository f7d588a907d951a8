package dense

import (
	"errors"
	"fmt"
)

// ErrNotDefinite says that a matrix is not positive definite, as far as float32 can tell.
var ErrNotDefinite = errors.New("matrix is not positive definite")

// System is a small system of equations (G + Σ w·x·x' + s·I)·z = b, solved again and again with
// other rows x. It holds all the memory it needs, and is not safe for concurrent use.
//
//	s := dense.NewSystem(k)
//	s.Begin(gram)          // G
//	s.Add(rows, weights)   // + Σ w·x·x'
//	s.Shift(lambda)        // + λI
//	err := s.Solve(b)      // b = z
//
// Vectors and matrices have Stride() columns, k rounded up; what is beyond k must be 0 in rows,
// in G and in b, and is 0 in z.
type System struct {
	k, n   int
	a      []float32 // n × n: the upper triangle; with Solve, the factor right of the diagonal blocks
	d, inv []float32 // the factor's diagonal blocks, and one divided by its diagonal
	left   []float32 // a chunk of rows, multiplied by their weights
	kn     *kernel
}

// chunkFloats are about what the first-level cache holds of rows beside everything else.
const chunkFloats = 8192

// NewSystem returns a System of k unknowns, at least 1.
func NewSystem(k int) *System { return kernels[0].newSystem(k) }

func (kn *kernel) newSystem(k int) *System {
	n := Stride(k)
	return &System{k: k, n: n, a: make([]float32, n*n), d: make([]float32, n*side), inv: make([]float32, n), left: make([]float32, max(chunkFloats, n*stripRows)), kn: kn}
}

// Stride is how many floats a vector of k takes in a System: k rounded up to a multiple of 16.
func Stride(k int) int { return roundUp(k, side) }

// Stride is that of the System's vectors.
func (s *System) Stride() int { return s.n }

// chunk is how many rows are added up before they are added to the matrix.
func (s *System) chunk() int { return max(stripRows, chunkFloats/s.n) }

// Begin sets the matrix to G, of which the upper triangle is read.
func (s *System) Begin(g []float32) {
	if len(g) != len(s.a) {
		panic(fmt.Sprintf("BUG: dense: %d floats for a matrix of %d × %d", len(g), s.n, s.n))
	}
	for i := range s.n {
		from := i*s.n + i&^(side-1)
		copy(s.a[from:(i+1)*s.n], g[from:])
	}
}

// Add adds Σ w·x·x' of rows that lie one behind the other, as many as there are weights; without
// weights, nil, all are 1 and every row counts. Rows are added up in chunks, whose bounds are part
// of what decides the bits: rows that are passed in several calls begin new ones, so all calls but
// the last should bring a multiple of Chunk rows.
func (s *System) Add(rows, weights []float32) {
	m := len(rows) / s.n
	if len(rows) != m*s.n || weights != nil && len(weights) != m {
		panic(fmt.Sprintf("BUG: dense: %d floats and %d weights for rows of %d", len(rows), len(weights), s.n))
	}
	chunk := s.chunk()
	for begin := 0; begin < m; begin += chunk {
		end := min(m, begin+chunk)
		right := rows[begin*s.n : end*s.n]
		left := right
		if weights != nil {
			left = s.left[:len(right)]
			for r, w := range weights[begin:end] {
				to := left[r*s.n : (r+1)*s.n]
				for j, x := range right[r*s.n : (r+1)*s.n] {
					to[j] = w * x
				}
			}
		}
		for i := 0; i < s.n; i += stripRows {
			j := i &^ (side - 1)
			s.kn.strip(s.n-j, end-begin, &left[i], s.n, &right[j], s.n, &s.a[i*s.n+j], s.n, 1, true)
		}
	}
}

// Chunk is how many rows Add adds up before they are added to the matrix.
func (s *System) Chunk() int { return s.chunk() }

// Shift adds v to the diagonal.
func (s *System) Shift(v float32) {
	for i := range s.k {
		s.a[i*s.n+i] += v
	}
	for i := s.k; i < s.n; i++ {
		s.a[i*s.n+i] = 1 // an unknown of no meaning, which is 0
	}
}

// Solve replaces b by the solution. The matrix is gone afterwards. It fails with ErrNotDefinite.
func (s *System) Solve(b []float32) error {
	if len(b) != s.n {
		panic(fmt.Sprintf("BUG: dense: %d floats for %d unknowns", len(b), s.n))
	}
	n := s.n
	if !s.kn.factorAll(n, s.a, s.d, s.inv) {
		return ErrNotDefinite
	}
	for i := 0; i < n; i += side {
		s.kn.forward(n-i-side, &s.d[i*side], &s.inv[i], s.after(i), n, &b[i])
	}
	for i := n - side; i >= 0; i -= side {
		s.kn.backward(n-i-side, &s.d[i*side], &s.inv[i], s.after(i), n, &b[i])
	}
	return nil
}

// after is where row i goes on right of its diagonal block, which is nowhere for the last ones.
func (s *System) after(i int) *float32 { return &s.a[min(i*s.n+i+side, len(s.a)-1)] }
