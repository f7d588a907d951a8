package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/feature"
)

// The load of wait. The writer works as package stream's applier does: at most applyAtOnce events
// under one hold of the lock.
const (
	waitRate    = 500_000                // events a second, on a schedule that does not wait
	waitNap     = 200 * time.Microsecond // of a writer with nothing due
	waitReaders = 2
	waitPause   = time.Millisecond // of a reader on average, so that all come about 2,000 times a second
	waitTarget  = 200              // µs
)

// wait measures how long readers wait for the lock under which the writer applies.
func (o *Options) wait(ctx context.Context) ([]bench.Line, error) {
	w := newWorld(&o.Size, o.Seed)
	idleBefore, err := o.visits(ctx, nil)
	if err != nil {
		return nil, err
	}
	engine, err := o.waitEngine(ctx, w)
	if err != nil {
		return nil, err
	}
	var spins [2]*visited
	for i := range spins {
		if spins[i], err = o.waitSpin(ctx, engine.holds); err != nil {
			return nil, err
		}
	}
	idleAfter, err := o.visits(ctx, nil)
	if err != nil {
		return nil, err
	}
	var holds []time.Duration
	for _, h := range engine.holds {
		holds = append(holds, h.took)
	}
	slices.Sort(holds)
	o.Say("  wait       %d holds of the lock, p50 %s, p99 %s; %d reads", len(holds), quantile(holds, 0.5), quantile(holds, 0.99), len(engine.waits))
	rate := against("wait_rate", engine.rate, "events/s", false, "the schedule", [2]float64{waitRate, waitRate})
	if engine.rate < 0.95*waitRate {
		rate.Warning = "the engine did not keep the schedule: its writer held the lock as often as it could"
	}
	lines := []bench.Line{rate}
	for _, f := range []struct {
		metric string
		q      float64
	}{{"wait_p50", 0.5}, {"wait_p99", 0.99}, {"wait_p999", 0.999}} {
		for _, b := range []struct {
			name   string
			limits [2]float64
		}{
			{"200 µs", [2]float64{waitTarget, waitTarget}},
			{"a writer that holds the lock as often and as long, and spins", at(f.q, spins[0], spins[1])},
			{"no writer", at(f.q, idleBefore, idleAfter)},
		} {
			lines = append(lines, timing(bench.Against(f.metric, micros(quantile(engine.waits, f.q)), "µs", true, b.name, b.limits), engine.waits))
		}
	}
	return lines, nil
}

// at is a quantile of the waits of two runs, in µs.
func at(q float64, before, after *visited) [2]float64 {
	return [2]float64{micros(quantile(before.waits, q)), micros(quantile(after.waits, q))}
}

// visited is what readers and the writer measured.
type visited struct {
	waits []time.Duration // of the readers, sorted
	holds []hold          // of the writer, in order
	rate  float64         // events a second
}

// hold is one hold of the lock by the writer.
type hold struct {
	took   time.Duration
	events int
}

// writer folds the next n events, at most applyAtOnce, under the lock. prepare comes first, without
// it; more is false at the end.
type writer struct {
	prepare func(n int) (more bool)
	apply   func(n int)
}

// waitEngine has the engine apply events while readers come by. A tenth of the world is applied
// beforehand.
func (o *Options) waitEngine(ctx context.Context, w *world) (*visited, error) {
	debug.FreeOSMemory()
	users, items, g := newCatalogue(w)
	events, acts := make([]freshet.Event, applyAtOnce), make([]feature.Act, applyAtOnce)
	next := 0
	write := &writer{
		prepare: func(n int) bool {
			if next+n > len(w.happened) {
				return false
			}
			for i := range n {
				e := &events[i]
				w.event(&w.happened[next+i], e)
				acts[i] = feature.Act{Visitor: users.Add(string(e.User)), Item: items.Add(string(e.Item)), Event: e}
			}
			next += n
			return true
		},
		apply: func(n int) { g.ApplyAll(acts[:n]) },
	}
	for next < len(w.happened)/10 {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if write.prepare(applyAtOnce) {
			write.apply(applyAtOnce)
		}
	}
	debug.FreeOSMemory()
	return o.visits(ctx, write)
}

// waitSpin has a writer hold the lock as long as the engine did for as many events, one hold after
// the other and from the first again.
func (o *Options) waitSpin(ctx context.Context, holds []hold) (*visited, error) {
	next := 0
	return o.visits(ctx, &writer{
		prepare: func(int) bool { return len(holds) > 0 },
		apply: func(n int) {
			h := holds[next%len(holds)]
			for until := o.Now().Add(h.took * time.Duration(n) / time.Duration(h.events)); o.Now().Before(until); {
				continue
			}
			next++
		},
	})
}

// visits has readers come by for as long as Options.Duration, or until the writer has nothing
// more; a nil writer is none.
func (o *Options) visits(ctx context.Context, write *writer) (*visited, error) {
	within, cancel := context.WithTimeout(ctx, o.Duration)
	defer cancel()
	var state sync.RWMutex
	out := &visited{}
	samples, failed := make([][]time.Duration, waitReaders), make([]error, waitReaders+1)
	var wg sync.WaitGroup
	for i := range samples {
		wg.Go(func() {
			samples[i], failed[i] = o.visit(within, &state, rand.New(rand.NewPCG(o.Seed, uint64(4+i))))
		})
	}
	if write != nil {
		failed[waitReaders] = o.write(within, &state, write, out)
		cancel()
	}
	wg.Wait()
	out.waits = slices.Concat(samples...)
	slices.Sort(out.waits)
	return out, errors.Join(append(failed, ctx.Err())...)
}

// visit takes the lock for reading at random moments and returns how long each time took.
func (o *Options) visit(ctx context.Context, state *sync.RWMutex, rng *rand.Rand) (waits []time.Duration, err error) {
	pace, err := bench.NewPacer(o.Now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pace.Close()) }()
	for {
		err := pace.Until(ctx, o.Now().Add(time.Duration(rng.ExpFloat64()*float64(waitPause))))
		if ctx.Err() != nil {
			return waits, nil
		}
		if err != nil {
			return nil, err
		}
		start := o.Now()
		state.RLock()
		waits = append(waits, o.Now().Sub(start))
		state.RUnlock()
	}
}

// write applies what is due until ctx is done or nothing is left.
func (o *Options) write(ctx context.Context, state *sync.RWMutex, w *writer, out *visited) (err error) {
	pace, err := bench.NewPacer(o.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pace.Close()) }()
	began, applied := o.Now(), 0
	for ctx.Err() == nil {
		due := int(o.Now().Sub(began).Seconds()*waitRate) - applied
		if due <= 0 {
			if err := pace.Until(ctx, o.Now().Add(waitNap)); err != nil && ctx.Err() == nil {
				return err
			}
			continue
		}
		n := min(due, applyAtOnce)
		if !w.prepare(n) {
			break
		}
		state.Lock()
		start := o.Now()
		w.apply(n)
		out.holds = append(out.holds, hold{o.Now().Sub(start), n})
		state.Unlock()
		applied += n
	}
	out.rate = float64(applied) / o.Now().Sub(began).Seconds()
	return nil
}
