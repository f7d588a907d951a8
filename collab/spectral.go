package collab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/internal/dense"
)

// SpectrumOptions say of which matrix TrainSpectrum finds the spectrum, and how far.
type SpectrumOptions struct {
	// Users and Items are the powers of the degrees by which entries are divided: that of user u and
	// item i is d_u^-Users · d_i^-Items. 1/2 and 1/2 is the normalised adjacency of graph filters. In
	// [-4, 4].
	Users, Items float64

	// Rank is how many singular vectors are kept, in [1, 4096]. Fewer come where the matrix has fewer
	// users or items.
	Rank int

	// Rounds is how often the subspace goes through the matrix and back, in [1, 100]; 0 is 3. Each
	// makes the small singular values more exact.
	Rounds int

	// Seed decides where the subspace begins; Workers is how many goroutines compute, at least 1. It
	// changes no bit.
	Seed    uint64
	Workers int
}

// Spectrum is the top of the singular value decomposition of a normalised matrix: for items only, as
// users are folded in.
type Spectrum struct {
	values  []float64 // descending
	vectors []float32 // vectors[i*len(values)+k]: item i of right singular vector k
	degrees []int     // of items
}

// Rank is how many singular vectors there are.
func (s *Spectrum) Rank() int { return len(s.values) }

// Values are the singular values, descending. The slice is the Spectrum's own.
func (s *Spectrum) Values() []float64 { return s.values }

// TrainSpectrum finds the greatest singular values and their vectors by subspace iteration from a
// random start, with a sixteenth more vectors than are kept (Halko, Martinsson and Tropp, "Finding
// Structure with Randomness", SIAM Review 2011, algorithms 4.4 and 5.1). The subspace is made
// orthonormal by Cholesky's factor of its inner products, shifted so that float32 is enough (Fukaya
// et al., "Shifted Cholesky QR for Computing the QR Factorization of Ill-Conditioned Matrices", SIAM
// J. Sci. Comput. 2020), instead of by Householder's reflections. Weights of the matrix are not
// looked at. Memory is (users + 2·items) × Rank.
func TrainSpectrum(ctx context.Context, m *Matrix, o SpectrumOptions) (*Spectrum, error) {
	if o.Rounds == 0 {
		o.Rounds = 3
	}
	switch {
	case o.Rank < 1 || o.Rank > 4096:
		return nil, fmt.Errorf("spectrum: rank %d; it is in 1 to 4096", o.Rank)
	case o.Rounds < 1 || o.Rounds > 100:
		return nil, fmt.Errorf("spectrum: %d rounds; there are 1 to 100", o.Rounds)
	case !(math.Abs(o.Users) <= 4) || !(math.Abs(o.Items) <= 4):
		return nil, fmt.Errorf("spectrum: the powers are %v and %v; they are in [-4, 4]", o.Users, o.Items)
	}
	t := m.Transposed()
	s := &Spectrum{degrees: t.degrees()}
	f := &subspace{
		m: m, t: t, user: powers(m.degrees(), -o.Users), item: powers(s.degrees, -o.Items),
		n: min(o.Rank+o.Rank/16+8, m.Users, m.Items), workers: max(1, o.Workers),
	}
	if f.n == 0 {
		return s, nil
	}
	f.gram = make([]float32, f.n*f.n)
	q, y := make([]float32, m.Items*f.n), make([]float32, m.Users*f.n)
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	for k := range q {
		q[k] = float32(rng.NormFloat64())
	}
	for range o.Rounds {
		if err := f.through(ctx, q, y); err != nil {
			return nil, err
		}
		if err := f.orthonormal(m.Users, &y); err != nil {
			return nil, err
		}
		if err := f.back(ctx, y, q); err != nil {
			return nil, err
		}
		if err := f.orthonormal(m.Items, &q); err != nil {
			return nil, err
		}
	}
	if err := f.through(ctx, q, y); err != nil {
		return nil, err
	}
	f.rotate(s, q, y, min(o.Rank, f.n))
	return s, ctx.Err()
}

// subspace is what the iteration works with: blocks of n columns.
type subspace struct {
	m, t       *Matrix
	user, item []float32
	n          int
	workers    int
	gram       []float32 // n × n
}

// through sets y, users × n, to the normalised matrix times x, items × n.
func (f *subspace) through(ctx context.Context, x, y []float32) error {
	return f.times(ctx, f.m, f.user, f.item, x, y)
}

// back sets x to the transposed normalised matrix times y.
func (f *subspace) back(ctx context.Context, y, x []float32) error {
	return f.times(ctx, f.t, f.item, f.user, y, x)
}

func (f *subspace) times(ctx context.Context, m *Matrix, rows, columns, x, y []float32) error {
	const block = 64
	return parallel(ctx, f.workers, (m.Users+block-1)/block, func(_, task int) {
		for r := task * block; r < min(m.Users, (task+1)*block); r++ {
			to := y[r*f.n : (r+1)*f.n]
			clear(to)
			for _, c := range m.Row(r) {
				w := rows[r] * columns[c]
				for k, v := range x[int(c)*f.n : (int(c)+1)*f.n] {
					to[k] += w * v
				}
			}
		}
	})
}

// orthonormal replaces a block of rows × n by one with the same span whose columns are orthonormal.
func (f *subspace) orthonormal(rows int, block *[]float32) error {
	n := f.n
	dense.Syrk(f.workers, true, n, rows, 1, *block, n, 0, f.gram, n, true)
	trace := float32(0)
	for k := range n {
		trace += f.gram[k*n+k]
	}
	if trace == 0 {
		return nil // the matrix is 0, and so is all that comes of it
	}
	for k := range n {
		f.gram[k*n+k] += trace * 1e-6 // some times what float32 rounds off
	}
	// With G = U'U the columns of B·U⁻¹ are orthonormal, and U⁻¹ = G⁻¹·U'.
	if err := dense.Cholesky(f.workers, n, f.gram, n); err != nil {
		return fmt.Errorf("spectrum: make %d vectors orthonormal: %w", n, err)
	}
	inverse, solved := make([]float32, n*n), make([]float32, n*n)
	for i := range n {
		solved[i*n+i] = 1
		clear(f.gram[i*n : i*n+i])
	}
	dense.SolveCholesky(f.workers, n, n, f.gram, n, solved, n)
	dense.Gemm(f.workers, false, true, n, n, n, 1, solved, n, f.gram, n, 0, inverse, n)
	for i := range n {
		clear(inverse[i*n : i*n+i])
	}
	product := make([]float32, len(*block))
	dense.Gemm(f.workers, false, false, rows, n, n, 1, *block, n, inverse, n, 0, product, n)
	*block = product
	return nil
}

// rotate turns an orthonormal block q and its image y into singular vectors: those of the small
// matrix y'y are how q has to be turned.
func (f *subspace) rotate(s *Spectrum, q, y []float32, rank int) {
	n := f.n
	dense.Syrk(f.workers, true, n, f.m.Users, 1, y, n, 0, f.gram, n, true)
	a := make([]float64, n*n)
	for k, x := range f.gram {
		a[k] = float64(x)
	}
	values, turn := symmetricEigen(n, a)
	rows := make([]float32, rank*n)
	for k := range rows {
		rows[k] = float32(turn[k])
	}
	for _, x := range values[:rank] {
		s.values = append(s.values, math.Sqrt(max(0, x)))
	}
	s.vectors = make([]float32, f.m.Items*rank)
	dense.Gemm(f.workers, false, true, f.m.Items, rank, n, 1, q, n, rows, n, 0, s.vectors, rank)
}

// FilterOptions say what a Spectral does between a history and the scores.
type FilterOptions struct {
	// Rank is how many singular vectors take part, the greatest; at most those of the Spectrum.
	Rank int

	// History and Target are powers as in ItemCFOptions: an item of the history counts
	// d_i^-History, and a score is multiplied by d_j^-Target. 1/2 and -1/2 go with a Spectrum of
	// Items = 1/2. In [-4, 4].
	History, Target float64

	// Gain is the power of its singular value that each vector counts with: 0 is the ideal low-pass
	// filter, 2 that of the matrix's own inner products. In [0, 4].
	Gain float64
}

// Spectral scores by the projection of a history on singular vectors: the low-pass filter of graph
// filtering, as in GF-CF (Shen et al., CIKM 2021, §4.2), with free powers of the degrees.
type Spectral struct {
	items, rank int
	in, out     []float32 // items × rank
}

// Filter makes a model of the Spectrum, which may go on making others.
func (s *Spectrum) Filter(o FilterOptions) (*Spectral, error) {
	switch {
	case o.Rank < 0 || o.Rank > s.Rank():
		return nil, fmt.Errorf("spectral: rank %d of a spectrum of %d", o.Rank, s.Rank())
	case !(math.Abs(o.History) <= 4) || !(math.Abs(o.Target) <= 4) || !(o.Gain >= 0 && o.Gain <= 4):
		return nil, fmt.Errorf("spectral: the powers are %v and %v, the gain is %v; they are in [-4, 4] and [0, 4]", o.History, o.Target, o.Gain)
	}
	history, target := powers(s.degrees, -o.History), powers(s.degrees, -o.Target)
	gain := make([]float32, o.Rank)
	for k := range gain {
		gain[k] = float32(math.Pow(s.values[k], o.Gain))
	}
	l := &Spectral{items: len(s.degrees), rank: o.Rank}
	l.in, l.out = make([]float32, 0, l.items*l.rank), make([]float32, 0, l.items*l.rank)
	for i := range l.items {
		for k, v := range s.vectors[i*s.Rank() : i*s.Rank()+l.rank] {
			l.in = append(l.in, v*history[i]*gain[k])
			l.out = append(l.out, v*target[i])
		}
	}
	return l, nil
}

// Score implements Model.
func (l *Spectral) Score(scores []float32, history []uint32) {
	l.ScoreBatch(scores, [][]uint32{history})
}

// ScoreBatch implements Batch by one product of matrices.
func (l *Spectral) ScoreBatch(scores []float32, histories [][]uint32) {
	if l.rank == 0 || l.items == 0 {
		clear(scores)
		return
	}
	folded := make([]float32, len(histories)*l.rank)
	for r, history := range histories {
		to := folded[r*l.rank : (r+1)*l.rank]
		for _, h := range history {
			if int(h) >= l.items {
				continue
			}
			for k, v := range l.in[int(h)*l.rank : (int(h)+1)*l.rank] {
				to[k] += v
			}
		}
	}
	n := len(scores) / len(histories)
	dense.Gemm(1, false, true, len(histories), l.items, l.rank, 1, folded, l.rank, l.out, l.rank, 0, scores, n)
}
