package scoring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/internal/bound"
	"github.com/freshet-rec/freshet/rank"
)

// Name is that of the workload.
const Name = "rank"

// Size is how much there is of everything.
type Size struct {
	Rows   int   // candidates, in [1, 100,000]
	Fields int   // in [2, 256], half of them the item's
	Dim    int   // of a vector, a multiple of 16 up to 256
	Words  int   // in the vocabulary of each field, in [1, 1,000,000]
	Widths []int // of the layers but the last, multiples of 32 up to 4096; one or more
	Turns  int   // of each measurement, in [2, 1,000,000]
}

// Full is the size whose figures are published.
func Full() Size {
	return Size{Rows: 300, Fields: 40, Dim: 16, Words: 1000, Widths: []int{128, 64}, Turns: 400}
}

// Small takes a second or two.
func Small() Size {
	return Size{Rows: 50, Fields: 8, Dim: 16, Words: 50, Widths: []int{32, 32}, Turns: 10}
}

// Options say what to measure. Now is required.
type Options struct {
	Size
	Seed uint64
	Now  func() time.Time // with a monotonic reading
	Say  func(format string, args ...any)
}

// ErrOptions is wrapped by the errors of Run that are about its Options.
var ErrOptions = errors.New("bench rank")

func (o *Options) check() error {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	switch {
	case o.Now == nil:
		return fmt.Errorf("%w: Options need Now", ErrOptions)
	case o.Rows < 1 || o.Rows > 100_000 || o.Fields < 2 || o.Fields > rank.MaxFields || o.Words < 1 || o.Words > 1_000_000 || o.Turns < 2 || o.Turns > 1_000_000:
		return fmt.Errorf("%w: %d rows, %d fields, %d words or %d turns is out of bounds", ErrOptions, o.Rows, o.Fields, o.Words, o.Turns)
	case o.Dim < 16 || o.Dim%16 != 0 || o.Dim > rank.MaxDim || o.Fields*o.Words*o.Dim > 1<<30:
		return fmt.Errorf("%w: vectors of %d numbers; multiples of 16 up to %d are accepted, and 2^30 numbers in all", ErrOptions, o.Dim, rank.MaxDim)
	case len(o.Widths) < 1 || len(o.Widths) >= rank.MaxLayers || slices.ContainsFunc(o.Widths, func(w int) bool { return w < 32 || w%32 != 0 || w > rank.MaxWidth }):
		return fmt.Errorf("%w: layers of %v; 1 to %d multiples of 32 up to %d are accepted", ErrOptions, o.Widths, rank.MaxLayers-1, rank.MaxWidth)
	}
	return nil
}

// passes is how many times in a row something is done before it is the turn of the next.
const passes = 5

// within is how far scores may be from those of the program in C.
const within = 1e-4

// Run measures. It fails with ctx's error, with one that wraps ErrOptions, or when scores differ.
func Run(ctx context.Context, o Options) (_ *bench.Result, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	w, err := newWorld(&o)
	if err != nil {
		return nil, err
	}
	c, err := bound.Start(ctx, "rank", w.input())
	switch {
	case errors.Is(err, bound.ErrNoCompiler):
		o.Say("  bound      not measured: %v", err)
	case err != nil:
		return nil, err
	default:
		defer func() { err = errors.Join(err, c.Close()) }()
	}
	all, err := w.measurements(&o)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if err := compare(&o, c, all); err != nil {
			return nil, err
		}
	}
	for turn := range o.Turns {
		for _, m := range all {
			if m.slow && turn%(o.Turns/2) != 0 {
				continue
			}
			if err := m.turn(ctx, &o, c); err != nil {
				return nil, err
			}
		}
	}
	result := &bench.Result{Bench: Name}
	for _, m := range all {
		result.Lines = append(result.Lines, m.lines(all, c != nil)...)
	}
	return result, nil
}

// compare holds the scores against those of the program.
func compare(o *Options, c *bound.Process, all []*measurement) error {
	want := make([]float32, o.Rows)
	worst := 0.0
	for _, m := range all {
		if m.bound == "" {
			continue
		}
		if err := c.Floats(m.bound, want); err != nil {
			return err
		}
		if m.before != nil {
			m.before()
		}
		m.do()
		for row, v := range m.odds {
			d := float64(v - want[row])
			if worst = max(worst, d, -d); !(d <= within && -d <= within) {
				return fmt.Errorf("%s: row %d has the log-odds %v, and %v by the program in C", m.name, row, v, want[row])
			}
		}
	}
	o.Say("  scores     within %.1g of the program in C", worst)
	return nil
}
