package candidates

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet/bench"
)

// Name is the name of the workload.
const Name = "recall"

// part is a piece of the workload.
type part struct {
	name, about string
	measure     func(o *Options, ctx context.Context) ([]bench.Line, error)
}

// parts lists them, in the order in which they run.
var parts = []part{
	{"exact", "the best 200 of all vectors by exact indexes, float32 and int8, against a read of\n              as many bytes", (*Options).exact},
	{"approx", "the same by an inverted file, against the exact index of int8: speed, recall, build", (*Options).approx},
}

// Parts lists the names of the parts.
func Parts() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// About is a line for each part, for the help of a command.
func About() string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "  %-11s %s\n", p.name, p.about)
	}
	return b.String()
}

// Size is how much there is of everything.
type Size struct {
	Vectors  int // in [1,000, 20,000,000]
	Dim      int // of each, in [2, 1,024]
	Clusters int // around which they lie, in [1, Vectors]
	Queries  int // in [10, 100,000]
	N        int // hits of a query, in [1, Vectors]
}

// Full is the size whose figures are published.
func Full() Size { return Size{Vectors: 1_000_000, Dim: 64, Clusters: 2000, Queries: 500, N: 200} }

// Small takes a few seconds; its vectors fit the cache, so that its figures say little.
func Small() Size { return Size{Vectors: 20_000, Dim: 64, Clusters: 100, Queries: 50, N: 50} }

func (s *Size) check() error {
	for _, f := range []struct {
		name        string
		n, low, top int
	}{
		{"vectors", s.Vectors, 1000, 20_000_000},
		{"dim", s.Dim, 2, 1024},
		{"clusters", s.Clusters, 1, s.Vectors},
		{"queries", s.Queries, 10, 100_000},
		{"hits", s.N, 1, s.Vectors},
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
	Parts    []string // some of Parts(); nil is all
	Seed     uint64
	Duration time.Duration    // of each measurement, in [bench.MinDuration, bench.MaxDuration]
	Now      func() time.Time // with a monotonic reading
	Say      func(format string, args ...any)
}

// ErrOptions is wrapped by the errors of Run that are about its Options.
var ErrOptions = errors.New("bench recall")

// Check says what is wrong with the Options, and fills in what is not given.
func (o *Options) Check() error {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if o.Parts == nil {
		o.Parts = Parts()
	}
	for _, name := range o.Parts {
		if !slices.Contains(Parts(), name) {
			return fmt.Errorf("%w: there is no part %q; the parts are %s", ErrOptions, name, strings.Join(Parts(), ", "))
		}
	}
	switch {
	case o.Now == nil:
		return fmt.Errorf("%w: Options need Now", ErrOptions)
	case len(o.Parts) == 0:
		return fmt.Errorf("%w: no part is named; the parts are %s", ErrOptions, strings.Join(Parts(), ", "))
	case o.Duration < bench.MinDuration || o.Duration > bench.MaxDuration:
		return fmt.Errorf("%w: a duration of %s is not in %s to %s", ErrOptions, o.Duration, bench.MinDuration, bench.MaxDuration)
	}
	if err := o.Size.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return nil
}

// Run measures the parts. It fails with ctx's error or with one that wraps ErrOptions.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	result := &bench.Result{Bench: Name}
	for _, p := range parts {
		if !slices.Contains(o.Parts, p.name) {
			continue
		}
		lines, err := p.measure(&o, ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		result.Lines = append(result.Lines, lines...)
	}
	return result, nil
}
