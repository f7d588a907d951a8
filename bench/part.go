package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// The rule for when a run counts.
const (
	MaxSpread = 0.15 // by which the two limits of a bound may differ, of the smaller
	MaxRuns   = 5    // of one part of a workload
)

// errBehind says that the load generator did not keep its own schedule, so that the load was
// not the one that was asked for. It comes with what was measured.
var errBehind = errors.New("the load generator fell behind its schedule")

// fatal reports that nothing comes with the error.
func fatal(err error) bool { return err != nil && !errors.Is(err, errBehind) }

// part is one piece of a workload that is measured as limit – system – limit. Where an error
// wraps errBehind, what comes with it counts if nothing better can be had.
type part struct {
	name   string
	bounds []bound
	system func(ctx context.Context, d time.Duration) ([]figure, error)
}

// bound measures what the machine allows, under the load that the system gets.
type bound struct {
	name    string
	measure func(ctx context.Context, d time.Duration) (map[string]float64, error) // by the metric it bounds
}

// figure is one thing measured of the system.
type figure struct {
	metric  string
	value   float64
	unit    string
	less    bool   // less is better
	took    took   // nil for what is no latency
	warning string // "" for none
	target  *target
}

// target is a bound that is known, not measured.
type target struct {
	name  string
	limit float64
}

// run measures the part until its limits agree and its schedules were kept, at most MaxRuns
// times.
func (p *part) run(ctx context.Context, d time.Duration, say func(format string, args ...any)) ([]Line, error) {
	var best *attempt
	for n := 1; n <= MaxRuns; n++ {
		say("  %s, run %d: limit – system – limit", p.name, n)
		try, err := p.once(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if best == nil || try.better(best) {
			best = try
		}
		if best.behind == nil && best.spread <= MaxSpread {
			return best.lines, nil
		}
		if try.behind != nil {
			say("  %s, run %d: %v", p.name, n, try.behind)
		}
		if try.spread > MaxSpread {
			say("  %s, run %d: the limits differ by %.0f %%", p.name, n, 100*try.spread)
		}
	}
	for i := range best.lines {
		l := &best.lines[i]
		if best.behind != nil {
			l.warn(fmt.Sprintf("in each of %d runs %v", MaxRuns, best.behind))
		}
		if by := spread(l.Limits); by > MaxSpread {
			l.warn(fmt.Sprintf("the limits differ by %.0f %% in the steadiest of %d runs: the machine was busy with something else", 100*by, MaxRuns))
		}
	}
	return best.lines, nil
}

// attempt is what one run of a part measured.
type attempt struct {
	lines  []Line
	spread float64 // the largest of two limits
	behind error   // wraps errBehind; nil when all schedules were kept
}

// better reports that a deserves less doubt than b.
func (a *attempt) better(b *attempt) bool {
	if (a.behind == nil) != (b.behind == nil) {
		return a.behind == nil
	}
	return a.spread < b.spread
}

func (l *Line) warn(text string) {
	if l.Warning != "" {
		l.Warning += "; "
	}
	l.Warning += text
}

// once measures the bounds, the system, and the bounds again in reverse order, each bound for
// half of d.
func (p *part) once(ctx context.Context, d time.Duration) (*attempt, error) {
	try := &attempt{}
	kept := func(err error) error {
		if fatal(err) {
			return err
		}
		if err != nil {
			try.behind = err
		}
		return nil
	}
	before, after := make([]map[string]float64, len(p.bounds)), make([]map[string]float64, len(p.bounds))
	limit := func(i int, into []map[string]float64) error {
		runtime.GC() // nobody pays for the garbage of the one before
		values, err := p.bounds[i].measure(ctx, d/2)
		if err := kept(err); err != nil {
			return fmt.Errorf("bound %q: %w", p.bounds[i].name, err)
		}
		into[i] = values
		return nil
	}
	for i := range p.bounds {
		if err := limit(i, before); err != nil {
			return nil, err
		}
	}
	runtime.GC()
	figures, err := p.system(ctx, d)
	if err := kept(err); err != nil {
		return nil, err
	}
	for i := len(p.bounds) - 1; i >= 0; i-- {
		if err := limit(i, after); err != nil {
			return nil, err
		}
	}
	for i := range figures {
		f := &figures[i]
		if f.target != nil {
			try.lines = append(try.lines, newLine(f, f.target.name, [2]float64{f.target.limit, f.target.limit}))
			continue
		}
		for b := range p.bounds {
			if _, bounded := before[b][f.metric]; !bounded {
				continue
			}
			line := newLine(f, p.bounds[b].name, [2]float64{before[b][f.metric], after[b][f.metric]})
			try.spread = max(try.spread, spread(line.Limits))
			try.lines = append(try.lines, line)
		}
	}
	return try, nil
}

// spread is by how much two limits differ, as a share of the smaller; infinite when only one
// of them is 0.
func spread(limits [2]float64) float64 {
	low, high := min(limits[0], limits[1]), max(limits[0], limits[1])
	if low == high {
		return 0
	}
	return high/low - 1
}
