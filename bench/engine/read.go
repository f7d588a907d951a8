package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/feature"
)

// comparedReads is how many requests' rows of the engine are held against those of the bound.
const comparedReads = 20

// read measures the rows of one user and 300 candidates out of a large state.
func (o *Options) read(ctx context.Context) ([]bench.Line, error) {
	w := newReadWorld(&o.Size)
	requests := w.requests(o.Reads, o.Seed)
	o.Say("  read       %d items, %d pairs of %d users, %d requests for %d rows", w.items, w.pairs, w.users(), len(requests), candidates)
	before, err := o.readBound(ctx, w, requests)
	if err != nil {
		return nil, err
	}
	o.Say("  read       bound: p50 %s, p99 %s", quantile(before.took, 0.5), quantile(before.took, 0.99))
	engine, err := o.readEngine(ctx, w, requests)
	if err != nil {
		return nil, err
	}
	o.Say("  read       engine: p50 %s, p99 %s", quantile(engine.took, 0.5), quantile(engine.took, 0.99))
	if err := same(engine.rows, before.rows); err != nil {
		return nil, err
	}
	after, err := o.readBound(ctx, w, requests)
	if err != nil {
		return nil, err
	}
	o.Say("  read       bound: p50 %s, p99 %s", quantile(after.took, 0.5), quantile(after.took, 0.99))
	var lines []bench.Line
	for _, f := range []struct {
		metric string
		q      float64
	}{{"read_p50", 0.5}, {"read_p99", 0.99}} {
		lines = append(lines, timing(against(f.metric, micros(quantile(engine.took, f.q)), "µs", true, "a line of every key, prefetched, in flat tables of as many keys",
			[2]float64{micros(quantile(before.took, f.q)), micros(quantile(after.took, f.q))}), engine.took))
	}
	return lines, nil
}

// timing gives a line the quantiles of its durations, which are sorted.
func timing(l bench.Line, took []time.Duration) bench.Line {
	p50, p99 := micros(quantile(took, 0.5))/1000, micros(quantile(took, 0.99))/1000
	l.P50, l.P99 = &p50, &p99
	return l
}

// readings are how long each request took, sorted, and the rows of the first of them.
type readings struct {
	took []time.Duration
	rows []float64
}

// timeReads times rows on each request.
func (o *Options) timeReads(ctx context.Context, requests []request, read func(r *request, rows []float64)) (*readings, error) {
	out := &readings{}
	rows := make([]float64, candidates*columns)
	for i := range requests {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		start := o.Now()
		read(&requests[i], rows)
		out.took = append(out.took, o.Now().Sub(start))
		if i < comparedReads {
			out.rows = append(out.rows, rows...)
		}
	}
	slices.Sort(out.took)
	return out, nil
}

func (o *Options) readBound(ctx context.Context, w *readWorld, requests []request) (*readings, error) {
	debug.FreeOSMemory()
	b := newReadBound(w)
	if err := w.each(atOnce, func(batch []happening) error { b.fold(batch); return ctx.Err() }); err != nil {
		return nil, err
	}
	if b.items.keys != w.items || b.pairs.keys != w.pairs {
		return nil, fmt.Errorf("the bound has %d items and %d pairs where the events have %d and %d", b.items.keys, b.pairs.keys, w.items, w.pairs)
	}
	q := w.newest()
	return o.timeReads(ctx, requests, func(r *request, rows []float64) { b.rows(r, q, rows) })
}

func (o *Options) readEngine(ctx context.Context, w *readWorld, requests []request) (*readings, error) {
	debug.FreeOSMemory()
	base, start := inUse(), o.Now()
	g := newEngine(func(item uint32) string { return strconv.Itoa(int(item)) })
	docs := categoryDocs()
	for item := uint32(1); int(item) <= w.items; item++ {
		g.Upsert(item, docs[categoryOf(item)])
	}
	events, acts := make([]freshet.Event, applyAtOnce), make([]feature.Act, applyAtOnce)
	err := w.each(applyAtOnce, func(batch []happening) error {
		for i := range batch {
			h := &batch[i]
			h.event(&events[i])
			acts[i] = feature.Act{Visitor: h.user, Item: h.item, Event: &events[i]}
		}
		g.ApplyAll(acts[:len(batch)])
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	took := o.Now().Sub(start)
	o.Say("  read       the engine's state: %.1f s, %d MiB", took.Seconds(), (inUse()-base)>>20)
	q, reader := w.newest(), g.Reader()
	return o.timeReads(ctx, requests, func(r *request, rows []float64) {
		reader.Start(r.user, q, nil)
		reader.Rows(r.items[:], rows)
	})
}
