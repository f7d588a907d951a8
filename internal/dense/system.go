package dense

import (
	"errors"
	"fmt"
)

// ErrNotDefinite says that a matrix is not positive definite, as far as float32 can tell.
var ErrNotDefinite = errors.New("matrix is not positive definite")

// System is a small system of equations,
//
//	(G + Σ w·x·x' + s·I)·z = Σ w·x
//
// as least squares lead to, solved again and again with other rows x. It holds all the memory it
// needs, and is not safe for concurrent use.
//
//	s := dense.NewSystem(k)
//	s.Begin(gram)          // G
//	s.Add(rows, weights)   // + Σ w·x·x', and Σ w·x
//	s.Shift(lambda)        // + λI
//	err := s.Solve(z)
//
// Vectors and matrices have Stride() columns, k rounded up; what is beyond k must be 0 in rows
// and in G, and is 0 in z.
type System struct {
	k, n   int
	ld     int       // from one row of a to the next
	a      []float32 // n × n: the upper triangle; with Solve, the factor right of the diagonal blocks
	d, inv []float32 // the factor's diagonal blocks, and one divided by its diagonal
	b      []float32 // Σ w·x
	left   []float32 // a chunk of rows, multiplied by their weights
	kn     *kernel
}

// chunkFloats are about what the first-level cache holds of rows beside everything else.
const chunkFloats = 8192

// NewSystem returns a System of k unknowns, at least 1.
func NewSystem(k int) *System { return kernels[0].newSystem(k) }

func (kn *kernel) newSystem(k int) *System {
	n := Stride(k)
	ld := apart(n)
	return &System{k: k, n: n, ld: ld, a: make([]float32, n*ld), d: make([]float32, n*side), inv: make([]float32, n), b: make([]float32, n), left: make([]float32, max(chunkFloats, n*stripRows)), kn: kn}
}

// apart is how far apart the rows of a matrix of n columns are kept: a power of two between them
// would put the same columns of all rows into the same few sets of the cache.
func apart(n int) int { return n + side }

// Stride is how many floats a vector of k takes in a System: k rounded up to a multiple of 16.
func Stride(k int) int { return roundUp(k, side) }

// Stride is that of the System's vectors.
func (s *System) Stride() int { return s.n }

// chunk is how many rows are added up before they are added to the matrix.
func (s *System) chunk() int { return max(stripRows, chunkFloats/s.n) }

// Begin forgets all rows and sets the matrix to G, of which the upper triangle is read.
func (s *System) Begin(g []float32) {
	if len(g) != s.n*s.n {
		panic(fmt.Sprintf("BUG: dense: %d floats for a matrix of %d × %d", len(g), s.n, s.n))
	}
	for i := range s.n {
		j := i &^ (side - 1)
		copy(s.a[i*s.ld+j:i*s.ld+s.n], g[i*s.n+j:])
	}
	clear(s.b)
}

// Add adds Σ w·x·x' and Σ w·x of rows that lie one behind the other, as many as there are weights; without
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
		var w *float32
		if weights != nil {
			left, w = s.left, &weights[begin]
		}
		s.kn.weigh(end-begin, s.n, &right[0], w, &s.left[0], &s.b[0])
		for i := 0; i < s.n; i += stripRows {
			j := i &^ (side - 1)
			s.kn.strip(s.n-j, end-begin, &left[i], s.n, &right[j], s.n, &s.a[i*s.ld+j], s.ld, 1, true)
		}
	}
}

// Chunk is how many rows Add adds up before they are added to the matrix.
func (s *System) Chunk() int { return s.chunk() }

// Shift adds v to the diagonal.
func (s *System) Shift(v float32) {
	for i := range s.k {
		s.a[i*s.ld+i] += v
	}
	for i := s.k; i < s.n; i++ {
		s.a[i*s.ld+i] = 1 // an unknown of no meaning, which is 0
	}
}

// Solve writes the solution to z. Matrix and rows are gone afterwards. It fails with
// ErrNotDefinite.
func (s *System) Solve(z []float32) error {
	if len(z) != s.n {
		panic(fmt.Sprintf("BUG: dense: %d floats for %d unknowns", len(z), s.n))
	}
	n := s.n
	if !s.kn.factorAll(n, s.a, s.ld, s.d, s.inv) {
		return ErrNotDefinite
	}
	copy(z, s.b)
	s.kn.solveAll(n, s.a, s.ld, s.d, s.inv, z)
	return nil
}
