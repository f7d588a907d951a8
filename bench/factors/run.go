package factors

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/internal/dense"
)

// Name is the name of the workload.
const Name = "factors"

// The parts of the workload.
const (
	FoldIn = "foldin"
	IALS   = "ials"
)

// Parts lists them, in the order in which they run.
func Parts() []string { return []string{FoldIn, IALS} }

// Size is how much there is of everything.
type Size struct {
	Users   int // in [2, 10,000,000]
	Items   int // in [200, 10,000,000]
	Entries int // in [Users, 100,000,000], and at most a quarter of Users·Items
	Dim     int // of vectors in ials, in [1, 1024]
	Folds   int // calls of each measurement of foldin, in [100, 1,000,000]
	Square  int // side of the matrices whose product is the bound, in [64, 8192]
}

// Full is the size whose figures are published: that of MovieLens 20M.
func Full() Size {
	return Size{Users: 138_000, Items: 26_000, Entries: 20_000_000, Dim: 128, Folds: 20_000, Square: 2048}
}

// Small takes a few seconds; its vectors fit the cache.
func Small() Size {
	return Size{Users: 2000, Items: 1000, Entries: 100_000, Dim: 64, Folds: 1000, Square: 512}
}

func (s *Size) check() error {
	for _, f := range []struct {
		name        string
		n, low, top int
	}{
		{"users", s.Users, 2, 10_000_000},
		{"items", s.Items, 200, 10_000_000},
		{"entries", s.Entries, s.Users, min(100_000_000, s.Users*s.Items/4)},
		{"dim", s.Dim, 1, 1024},
		{"folds", s.Folds, 100, 1_000_000},
		{"square", s.Square, 64, 8192},
	} {
		if f.n < f.low || f.n > f.top {
			return fmt.Errorf("%s is %d; it must be in %d to %d", f.name, f.n, f.low, f.top)
		}
	}
	return nil
}

// Options say what to measure. Now is required.
type Options struct {
	Size
	Parts   []string // some of Parts(); nil is all
	Seed    uint64
	Workers int              // goroutines of ials and of its bound, in [1, 1024]; 0 is 1
	Now     func() time.Time // with a monotonic reading
	Say     func(format string, args ...any)
}

// ErrOptions is wrapped by the errors of Run that are about its Options.
var ErrOptions = errors.New("bench factors")

func (o *Options) check() error {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if o.Parts == nil {
		o.Parts = Parts()
	}
	if o.Workers == 0 {
		o.Workers = 1
	}
	for _, part := range o.Parts {
		if !slices.Contains(Parts(), part) {
			return fmt.Errorf("%w: there is no part %q; the parts are %s", ErrOptions, part, strings.Join(Parts(), ", "))
		}
	}
	switch {
	case o.Now == nil:
		return fmt.Errorf("%w: Options need Now", ErrOptions)
	case len(o.Parts) == 0:
		return fmt.Errorf("%w: no part is named; the parts are %s", ErrOptions, strings.Join(Parts(), ", "))
	case o.Workers < 1 || o.Workers > 1024:
		return fmt.Errorf("%w: workers is %d; it must be in 1 to 1024", ErrOptions, o.Workers)
	}
	if err := o.Size.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return nil
}

// Run measures the parts. It fails with ctx's error or with one that wraps ErrOptions.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.Say("kernels: %s", dense.Kernel())
	result := &bench.Result{Bench: Name}
	for _, part := range Parts() {
		if !slices.Contains(o.Parts, part) {
			continue
		}
		measure := o.foldIn
		if part == IALS {
			measure = o.ials
		}
		lines, err := measure(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
		result.Lines = append(result.Lines, lines...)
	}
	return result, nil
}

// against is bench.Against of a time and its bounds, with a warning where those differ too much.
func against(metric string, value float64, unit, bound string, limits [2]float64) bench.Line {
	line := bench.Against(metric, value, unit, true, bound, limits)
	low, high := min(limits[0], limits[1]), max(limits[0], limits[1])
	if low > 0 && high/low-1 > bench.MaxSpread {
		line.Warning = fmt.Sprintf("the limits differ by %.0f %%: the machine was busy with something else", 100*(high/low-1))
	}
	return line
}

// rate is how many operations a nanosecond the machine does in a product of large matrices: the
// best of three.
func (o *Options) rate(workers int) float64 {
	n := o.Square
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	a, c := make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i] = rng.Float32()
	}
	best := time.Duration(1<<63 - 1)
	for range 3 {
		began := o.Now()
		dense.Gemm(workers, false, false, n, n, n, 1, a, n, a, n, 0, c, n)
		best = min(best, o.Now().Sub(began))
	}
	return 2 * float64(n) * float64(n) * float64(n) / float64(max(best, 1))
}

// rowOperations are those that a row of so many entries cannot do without.
func rowOperations(entries, dim int) float64 {
	n, d := float64(entries), float64(dim)
	return n*d*(d+1) + d*d*d/3 + 2*d*d
}
