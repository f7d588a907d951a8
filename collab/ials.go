package collab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/freshet-rec/freshet/internal/dense"
)

// IALSOptions say how implicit alternating least squares are trained. The zero value stands for
// the defaults.
type IALSOptions struct {
	// Dim is the length of a vector, in [1, 1024]; 0 is 128.
	Dim int

	// Epochs is how often all users' and all items' vectors are solved for, in [1, 1000]; 0 is 8.
	Epochs int

	// Alpha0 is the weight of a pair that did not happen, against 1 of one that did, or its weight
	// in the matrix; in (0, 1e6]; 0 is 16 times the share of all pairs that did, at most 1, so that
	// everything that did not happen weighs 16 times as much as everything that did. A larger one
	// pulls scores of what was not taken to 0, and makes popular items weigh less. (The paper's
	// values for MovieLens 20M and the Million Song Dataset are 28 and 14 times that share; for
	// Gowalla's check-ins, by pairs held back from training, the best was 15 times, and half or
	// double were little worse.)
	Alpha0 float64

	// Lambda is the strength of regularisation, in (0, 1e6]; 0 is 0.0025. That of a row with n
	// entries out of m is Lambda·(n + Alpha0·m)^Nu. (The paper has 0.003 and 0.002 for the same
	// data; for Gowalla 0.0025 was better than its double and its fourfold.)
	Lambda float64

	// Nu says how regularisation grows with the entries of a row, in (0, 1]; 0 is 1, in proportion.
	Nu float64

	// Deviation is that of the vectors at the beginning, times the root of Dim; in (0, 10]; 0 is
	// 0.1.
	Deviation float64

	// Seed decides the vectors at the beginning.
	Seed uint64

	// Workers is how many goroutines compute, in [1, 1024]; 0 is 1. It changes no bit.
	Workers int

	// Progress is told how many epochs are done, after each; nil is nobody. It is called from the
	// goroutine that trains.
	Progress func(done, epochs int)
}

// ErrOptions is wrapped by errors about options of a model.
var ErrOptions = errors.New("options of a model")

// ErrDiverged says that training came to no finite vectors.
var ErrDiverged = errors.New("training came to no finite vectors")

// withDefaults are the options with every zero replaced by what it stands for with a matrix.
func (o IALSOptions) withDefaults(m *Matrix) IALSOptions {
	if o.Dim == 0 {
		o.Dim = 128
	}
	if o.Epochs == 0 {
		o.Epochs = 8
	}
	if o.Alpha0 == 0 {
		o.Alpha0 = 1
		if pairs := float64(m.Users) * float64(m.Items); pairs > 0 && len(m.Item) > 0 {
			o.Alpha0 = min(1, 16*float64(len(m.Item))/pairs)
		}
	}
	if o.Lambda == 0 {
		o.Lambda = 0.0025
	}
	if o.Nu == 0 {
		o.Nu = 1
	}
	if o.Deviation == 0 {
		o.Deviation = 0.1
	}
	if o.Workers == 0 {
		o.Workers = 1
	}
	return o
}

// check reports the first value out of its bounds.
func (o *IALSOptions) check() error {
	for _, f := range []struct {
		name        string
		value       float64
		least, most float64
		over        bool // above least, not at it
	}{
		{"Dim", float64(o.Dim), 1, maxDim, false},
		{"Epochs", float64(o.Epochs), 1, 1000, false},
		{"Alpha0", o.Alpha0, 0, 1e6, true},
		{"Lambda", o.Lambda, 0, 1e6, true},
		{"Nu", o.Nu, 0, 1, true},
		{"Deviation", o.Deviation, 0, 10, true},
		{"Workers", float64(o.Workers), 1, 1024, false},
	} {
		if !(f.value >= f.least && f.value <= f.most) || f.over && f.value == f.least {
			bracket := "["
			if f.over {
				bracket = "("
			}
			return fmt.Errorf("%w: %s is %v; it must be in %s%v, %v]", ErrOptions, f.name, f.value, bracket, f.least, f.most)
		}
	}
	return nil
}

// maxDim bounds the length of a vector: a system of a row takes dim²·4 bytes.
const maxDim = 1024

// IALS is a model of vectors: an item's is kept, a user's is made from what they took
// ([IALS.Score], [Folder]). It is not changed once made, and safe for concurrent use.
//
// Training minimises, over vectors w of users and h of items,
//
//	Σ_{(u,i) taken} c·(w·h − 1)² + α₀·Σ_{all u, i} (w·h)² + Σ_u λ_u·‖w‖² + Σ_i λ_i·‖h‖²
//	λ_u = λ·(n_u + α₀·items)^ν, λ_i = λ·(n_i + α₀·users)^ν
//
// c being the weight of a pair and n the entries of a row: Hu, Koren and Volinsky, "Collaborative
// Filtering for Implicit Feedback Datasets" (2008), with the weights, the regularisation and the
// beginning of Rendle, Krichene, Zhang and Koren, "Revisiting the Performance of iALS on Item
// Recommendation Benchmarks" (2021), section 3. Users and items are solved for in turn, each row
// exactly. A row without entries has the vector 0. Two departures: the users' vectors are not kept,
// but made anew from the items' of the last half step, as serving does; and before each half step
// the vectors that it goes by are turned so that the matrix of their products is diagonal, which
// makes short rows cheap ([dense.Few]) and changes no score.
type IALS struct {
	items   int
	dim     int
	stride  int       // floats from one vector to the next: dim rounded up, the rest being 0
	vectors []float32 // of the items
	basis   *basis    // of vectors
	alpha0  float64
	lambda  float64
	nu      float64
	folders sync.Pool // of *Folder, for Score
}

// TrainIALS trains on a matrix, in time proportional to at most Epochs·(entries·Dim² + (users +
// items)·Dim³) and memory for the vectors of users and items. It returns ctx's error, one that wraps
// ErrOptions, one that wraps ErrDiverged, or one about a matrix that is none. It returns within a
// second of ctx's end with a Dim up to 512 and up to a million users and items; what is not
// interrupted are the products of all vectors and their eigenvectors, some 5 seconds for a Dim of
// 1024. The same matrix and options give the same model on every machine on which the standard
// library draws the same normal numbers and, with Nu below 1, has the same powers.
func TrainIALS(ctx context.Context, m *Matrix, o IALSOptions) (*IALS, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	o = o.withDefaults(m)
	if err := o.check(); err != nil {
		return nil, err
	}
	t := newIALSTraining(m, &o)
	for epoch := range o.Epochs {
		for _, s := range []*ialsSide{&t.users, &t.items} {
			if err := s.step(ctx, &o); err != nil {
				return nil, fmt.Errorf("iALS, epoch %d: %w", epoch+1, err)
			}
		}
		if o.Progress != nil {
			o.Progress(epoch+1, o.Epochs)
		}
	}
	model := &IALS{items: m.Items, dim: o.Dim, stride: dense.Stride(o.Dim), vectors: t.items.vectors, alpha0: o.Alpha0, lambda: o.Lambda, nu: o.Nu}
	var err error
	if model.basis, err = turn(o.Workers, o.Dim, model.vectors, o.Alpha0); err != nil {
		return nil, fmt.Errorf("iALS: products of the items' vectors: %w", err)
	}
	return model, nil
}

// Len is the number of items.
func (m *IALS) Len() int { return m.items }

// Dim is the length of a vector.
func (m *IALS) Dim() int { return m.dim }

// Vector is that of an item below Len. The slice is the model's own.
func (m *IALS) Vector(item uint32) []float32 {
	return m.vectors[int(item)*m.stride:][:m.dim:m.dim]
}

// ialsTraining is both sides of a training.
type ialsTraining struct{ users, items ialsSide }

// ialsSide is what one half step solves for, and from what.
type ialsSide struct {
	name    string
	entries *Matrix
	vectors []float32   // of the rows of entries
	others  *[]float32  // of its columns
	lambda  regularizer // of the rows
}

func newIALSTraining(m *Matrix, o *IALSOptions) *ialsTraining {
	stride := dense.Stride(o.Dim)
	t := &ialsTraining{}
	t.users = ialsSide{name: "user", entries: m, vectors: floats(m.Users * stride), others: &t.items.vectors, lambda: regularizer{o.Lambda, o.Nu, o.Alpha0 * float64(m.Items)}}
	t.items = ialsSide{name: "item", entries: m.Transposed(), vectors: floats(m.Items * stride), others: &t.users.vectors, lambda: regularizer{o.Lambda, o.Nu, o.Alpha0 * float64(m.Users)}}
	// Only the items' are needed: the first half step makes the users'.
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	deviation := o.Deviation / math.Sqrt(float64(o.Dim))
	for i := range m.Items {
		row := t.items.vectors[i*stride:][:o.Dim]
		for j := range row {
			row[j] = float32(rng.NormFloat64() * deviation)
		}
	}
	return t
}

// regularizer is λ of a row by its entries.
type regularizer struct{ lambda, nu, unobserved float64 }

func (r *regularizer) of(entries int) float32 {
	n := float64(entries) + r.unobserved
	if r.nu != 1 {
		n = math.Pow(n, r.nu)
	}
	return float32(r.lambda * n)
}

// blockEntries is about how many entries one worker takes at a time: some milliseconds.
const blockEntries = 4096

// step makes the vectors of all rows, given those of the columns, which it turns first.
func (s *ialsSide) step(ctx context.Context, o *IALSOptions) error {
	b, err := turn(o.Workers, o.Dim, *s.others, o.Alpha0)
	if err != nil {
		return fmt.Errorf("what %ss are made from: %w", s.name, err)
	}
	return s.solve(ctx, o, b)
}

// solve makes the vectors of all rows, given those of the columns and their basis.
func (s *ialsSide) solve(ctx context.Context, o *IALSOptions, common *basis) error {
	stride := dense.Stride(o.Dim)
	blocks := s.blocks()
	var mu sync.Mutex // guards failed
	var failed error
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			failed = err
		}
	}
	eachBlock(ctx, o.Workers, len(blocks)-1, func() func(b int) bool {
		solver := newRowSolver(o.Dim, *s.others, common)
		return func(b int) bool {
			for r := blocks[b]; r < blocks[b+1] && ctx.Err() == nil; r++ {
				to := s.vectors[r*stride : (r+1)*stride]
				if err := solver.solve(to, s.entries.Row(r), s.entries.Weights(r), &s.lambda); err != nil {
					fail(fmt.Errorf("%s %d: %w", s.name, r, err))
					return false
				}
			}
			return true
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	return failed
}

// blocks cuts the rows where about blockEntries are full; len is one more than there are.
func (s *ialsSide) blocks() []int {
	const emptyRow = 16 // a row costs as much as some entries
	cuts := []int{0}
	full := 0
	for r := range s.entries.Users {
		if full += emptyRow + len(s.entries.Row(r)); full >= blockEntries {
			cuts = append(cuts, r+1)
			full = 0
		}
	}
	if cuts[len(cuts)-1] != s.entries.Users {
		cuts = append(cuts, s.entries.Users)
	}
	return cuts
}

func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}
