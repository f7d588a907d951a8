package epoch

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/internal/bound"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
)

// Name is that of the workload.
const Name = "train"

// Size is how much there is of everything.
type Size struct {
	Rows  int // of an epoch, in [1,000, 100,000,000]
	Turns int // of each measurement, in [1, 1,000]
}

// Full is the size whose figures are published: the rows of Frappe's training part.
func Full() Size { return Size{Rows: 202_005, Turns: 5} }

// Small takes a second or two.
func Small() Size { return Size{Rows: 5000, Turns: 2} }

// Options say what to measure. Now is required.
type Options struct {
	Size
	Seed uint64
	Now  func() time.Time // with a monotonic reading
	Say  func(format string, args ...any)
}

// ErrOptions is wrapped by the errors of Run that are about its Options.
var ErrOptions = errors.New("bench train")

func (o *Options) check() error {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	switch {
	case o.Now == nil:
		return fmt.Errorf("%w: Options need Now", ErrOptions)
	case o.Rows < 1000 || o.Rows > 100_000_000 || o.Turns < 1 || o.Turns > 1000:
		return fmt.Errorf("%w: %d rows or %d turns is out of bounds: rows from 1,000 to 100,000,000, turns from 1 to 1,000", ErrOptions, o.Rows, o.Turns)
	}
	return nil
}

// The goal of an epoch of a DeepFM over the rows of Frappe on two processors, and the rows of its steps.
const (
	deepGoal  = 3 * time.Second
	deepBatch = 1024
)

// within is how far parameters after an epoch may be from those of the program in C: both take the same
// steps, but add up in another order, and steps build on each other.
const within = 0.05

// The defaults of the learners, which the program in C has to know: FTRL's α, β, λ1 and λ2, AdaGrad's
// rate and L2, and what its sums of squares begin with.
var settings = []float32{0.1, 1, 0.5, 1, 0.3, 5e-4, 1e-2}

// Run measures. It fails with ctx's error, with one that wraps ErrOptions, or when the program in C
// comes to something else.
func Run(ctx context.Context, o Options) (_ *bench.Result, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	w := &world{rows: o.Rows, seed: o.Seed}
	schema, err := w.schema()
	if err != nil {
		return nil, err
	}
	batch, labels, err := w.encoded(schema)
	if err != nil {
		return nil, err
	}
	result := &bench.Result{Bench: Name}
	fm := learn.FMOptions{Seed: o.Seed}
	text, err := input(batch, labels, learn.NewFM(schema, fm).Model().(*rank.FM), settings)
	if err != nil {
		return nil, err
	}
	c, err := bound.Start(ctx, "train", text)
	switch {
	case errors.Is(err, bound.ErrNoCompiler):
		o.Say("  bound      not measured: %v", err)
	case err != nil:
		return nil, err
	default:
		defer func() { err = errors.Join(err, c.Close()) }()
		for _, m := range []struct {
			name string
			new  func() learn.Learner
		}{{"lr", func() learn.Learner { return learn.NewLR(schema, learn.LROptions{}) }}, {"fm", func() learn.Learner { return learn.NewFM(schema, fm) }}} {
			line, err := o.beside(ctx, c, m.name, m.new, batch, labels)
			if err != nil {
				return nil, err
			}
			result.Lines = append(result.Lines, line)
		}
	}
	line, err := o.deep(ctx, schema, batch, labels)
	if err != nil {
		return nil, err
	}
	result.Lines = append(result.Lines, line)
	line, err = o.memory(ctx, schema)
	if err != nil {
		return nil, err
	}
	result.Lines = append(result.Lines, line)
	return result, nil
}

// beside measures an epoch of a learner, from its beginning, in turn with the program in C.
func (o *Options) beside(ctx context.Context, c *bound.Process, name string, fresh func() learn.Learner, b *rank.Batch, labels []float32) (line bench.Line, err error) {
	want := make([]float32, len(parameters(fresh().Model())))
	if err := c.Floats(name, want); err != nil {
		return line, err
	}
	var ours, theirs []time.Duration
	var l learn.Learner
	for range o.Turns {
		if err := ctx.Err(); err != nil {
			return line, err
		}
		least, _, err := c.Time(name, 1)
		if err != nil {
			return line, err
		}
		l = fresh()
		begun := o.Now()
		l.Learn(b, labels, nil)
		ours, theirs = append(ours, o.Now().Sub(begun)), append(theirs, least)
	}
	worst := apart(parameters(l.Model()), want)
	if !(worst <= within) {
		return line, fmt.Errorf("%s: the parameters after an epoch are up to %.3g from those of the program in C", name, worst)
	}
	o.Say("  %-6s     within %.1g of the program in C after an epoch", name, worst)
	perSecond := func(took []time.Duration) float64 { return float64(len(labels)) / slices.Min(took).Seconds() }
	half := (len(theirs) + 1) / 2
	limits := [2]float64{perSecond(theirs[:half]), perSecond(theirs[len(theirs)-half:])}
	return bench.Against(name, perSecond(ours), "rows/s", false, "a program in C that takes the same steps in plain loops", limits), nil
}

// deep measures an epoch of a DeepFM with the defaults.
func (o *Options) deep(ctx context.Context, schema *rank.Schema, b *rank.Batch, labels []float32) (line bench.Line, err error) {
	d := learn.NewDeepFM(schema, learn.DeepFMOptions{Seed: o.Seed})
	fields := len(schema.Fields)
	var part rank.Batch
	var took []time.Duration
	for range o.Turns {
		begun := o.Now()
		for from := 0; from < len(labels); from += deepBatch {
			if err := ctx.Err(); err != nil {
				return line, err
			}
			to := min(len(labels), from+deepBatch)
			part.Reset()
			for row := from; row < to; row++ {
				for f := range fields {
					index, value := b.Entries(fields, row, f)
					part.Index, part.Value = append(part.Index, index...), append(part.Value, value...)
					part.Ends = append(part.Ends, uint32(len(part.Index)))
				}
			}
			d.Learn(&part, labels[from:to], nil)
		}
		took = append(took, o.Now().Sub(begun))
	}
	goal := deepGoal.Seconds() * float64(len(labels)) / float64(Full().Rows)
	return bench.Against("deepfm_epoch", slices.Min(took).Seconds(), "s", true, "the goal for as many rows", [2]float64{goal, goal}), nil
}

// memory measures what training holds of a stream of rows that do not fit in what it mixes, and of
// four times as many.
func (o *Options) memory(ctx context.Context, schema *rank.Schema) (line bench.Line, err error) {
	var held [2]float64
	for i, times := range []int{1, 4} {
		train, valid := &world{rows: times * max(o.Rows, 1<<18+1), seed: o.Seed}, &world{rows: 1000, seed: o.Seed + 1}
		if o.Rows < Full().Rows {
			train.rows = times * o.Rows
		}
		most := 0.0
		_, err := learn.TrainEpochs(ctx, learn.NewLR(schema, learn.LROptions{}), schema, nil, train, valid, learn.EpochOptions{Epochs: 2, Seed: o.Seed, Progress: func(int, learn.Progress) {
			runtime.GC()
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			most = max(most, float64(stats.HeapAlloc)/(1<<20))
		}})
		if err != nil {
			return line, err
		}
		held[i] = most
	}
	return bench.Against("memory_4x", held[1], "MiB", true, "a stream of a quarter of the rows", [2]float64{held[0], held[0]}), nil
}
