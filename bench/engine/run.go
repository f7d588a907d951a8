package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/store/mem"
)

// Name is the name of the workload.
const Name = "features"

// The parts of the workload.
const (
	Fold = "fold"
	Read = "read"
	Wait = "wait"
)

// Parts lists them, in the order in which they run.
func Parts() []string { return []string{Fold, Read, Wait} }

// Size is how much there is of everything.
type Size struct {
	Events    int // of fold and wait, over 24 hours of event time, in [1,000, 80,000,000]
	Users     int // of them, in [2, 100,000,000]
	Items     int // likewise
	ReadItems int // items with a state in read, in [1,000, 100,000,000]
	ReadPairs int // pairs of a user and an item with a state in read, in [ReadItems, 1,000,000,000]
	Reads     int // requests of read, in [100, 1,000,000]
}

// Full is the size whose figures are published; it needs some 20 GB of memory.
func Full() Size {
	return Size{Events: 20_000_000, Users: 100_000, Items: 100_000, ReadItems: 10_000_000, ReadPairs: 20_000_000, Reads: 5000}
}

// Small takes a few seconds; its tables fit the cache, so that its figures say little.
func Small() Size {
	return Size{Events: 100_000, Users: 1000, Items: 1000, ReadItems: 10_000, ReadPairs: 20_000, Reads: 200}
}

func (s *Size) check() error {
	for _, f := range []struct {
		name        string
		n, low, top int
	}{
		{"events", s.Events, 1000, 80_000_000},
		{"users", s.Users, 2, 100_000_000},
		{"items", s.Items, 2, 100_000_000},
		{"read-items", s.ReadItems, 1000, 100_000_000},
		{"read-pairs", s.ReadPairs, s.ReadItems, 1_000_000_000},
		{"reads", s.Reads, 100, 1_000_000},
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
	Duration time.Duration    // of each measurement of wait, in [bench.MinDuration, bench.MaxDuration]
	Now      func() time.Time // with a monotonic reading
	Say      func(format string, args ...any)
}

// ErrOptions is wrapped by the errors of Run that are about its Options.
var ErrOptions = errors.New("bench features")

func (o *Options) check() error {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if o.Parts == nil {
		o.Parts = Parts()
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
	case o.Duration < bench.MinDuration || o.Duration > bench.MaxDuration:
		return fmt.Errorf("%w: a duration of %s is not in %s to %s", ErrOptions, o.Duration, bench.MinDuration, bench.MaxDuration)
	}
	if err := o.Size.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return nil
}

// Run measures the parts. It fails with ctx's error, with one that wraps ErrOptions, or when the
// engine and a bound do not come to the same values.
func Run(ctx context.Context, o Options) (*bench.Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	result := &bench.Result{Bench: Name}
	for _, part := range Parts() {
		if !slices.Contains(o.Parts, part) {
			continue
		}
		var lines []bench.Line
		var err error
		switch part {
		case Fold:
			lines, err = o.fold(ctx)
		case Read:
			lines, err = o.read(ctx)
		case Wait:
			lines, err = o.wait(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
		result.Lines = append(result.Lines, lines...)
	}
	return result, nil
}

// against is bench.Against, with a warning where the two limits differ too much.
func against(metric string, value float64, unit string, less bool, bound string, limits [2]float64) bench.Line {
	line := bench.Against(metric, value, unit, less, bound, limits)
	low, high := min(limits[0], limits[1]), max(limits[0], limits[1])
	if low > 0 && high/low-1 > bench.MaxSpread {
		line.Warning = fmt.Sprintf("the limits differ by %.0f %%: the machine was busy with something else", 100*(high/low-1))
	}
	return line
}

// same fails unless the rows of the engine are those of the bound. Decayed sums, which add up
// in another order there, may differ by rounding.
func same(engine, bound []float64) error {
	defs := definitions()
	for i, got := range engine {
		want := bound[i]
		if math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= 1e-9*max(math.Abs(got), math.Abs(want)) {
			continue
		}
		return fmt.Errorf("row %d: the engine has %v for %s where the bound has %v: they do not do the same work", i/columns, got, defs[i%columns].Name, want)
	}
	return nil
}

// newEngine makes an engine of the ten features.
func newEngine(itemID func(item uint32) string) *feature.Engine {
	return feature.New(definitions(), feature.Options{Slack: slack, NewTable: mem.New, ItemID: itemID})
}

// quantile is the smallest of the sorted durations that a share of at least q does not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// inUse is how many bytes of the heap are reachable; systemBytes how many this process has from
// the system.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func systemBytes() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
