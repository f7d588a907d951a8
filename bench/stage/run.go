package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// Options say what is measured.
type Options struct {
	Items  int // of the catalogue
	Users  int
	Events int // of the history, over the last week
	Routes []fold.Route
	N      int              // proposals that each route is asked for
	Budget freshet.Duration // of each route; the whole request has ten times that
	Seed   uint64

	Rate   float64       // slates a second
	Acts   float64       // events a second meanwhile
	For    time.Duration // of the schedule, after a fifth of that to warm up
	Places int           // of a slate

	Now func() time.Time              // with a monotonic reading
	CPU func() (time.Duration, error) // that the process has used
	Say func(format string, args ...any)
}

// Result is what was measured.
type Result struct {
	Slates   int
	Degraded int            // slates that missed something
	What     map[string]int // of Degraded, by what they missed
	Short    int            // slates that were not full
	Took     Quantiles      // of a slate, from when it was due
	Lag      Quantiles      // of the schedule
	Idle     Quantiles      // the bound: the same schedule with nothing done
	CPU      time.Duration  // of the process, per slate, events included
	Routes   []serve.RouteStatus
}

// Quantiles of times.
type Quantiles struct{ P50, P90, P99, Max time.Duration }

func quantiles(list []time.Duration) Quantiles {
	if len(list) == 0 {
		return Quantiles{}
	}
	slices.Sort(list)
	at := func(share float64) time.Duration { return list[min(len(list)-1, int(share*float64(len(list))))] }
	return Quantiles{at(0.5), at(0.9), at(0.99), list[len(list)-1]}
}

// workers carry out the slates that are due; when all are busy, slates wait and that counts.
const workers = 16

// Run makes the world and measures.
func Run(ctx context.Context, o Options) (_ *Result, err error) {
	r, err := build(ctx, &o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	result := &Result{What: map[string]int{}}
	if _, result.Idle, err = pace(ctx, &o, o.For/5, func(int) {}); err != nil {
		return nil, err
	}
	o.Say("  warming up")
	if _, _, err = pace(ctx, &o, o.For/5, func(i int) { _, _ = r.slate(ctx, i) }); err != nil {
		return nil, err
	}
	acting, stop := context.WithCancel(ctx)
	var acts sync.WaitGroup
	var failed error
	acts.Go(func() { failed = r.act(acting) })
	defer acts.Wait()
	defer stop()
	o.Say("  %.0f slates and %.0f events a second for %s", o.Rate, o.Acts, o.For)
	var mu sync.Mutex
	cpu, err := o.CPU()
	if err != nil {
		return nil, err
	}
	result.Lag, result.Took, err = pace(ctx, &o, o.For, func(i int) {
		reply, problem := r.slate(ctx, 1<<30+i)
		mu.Lock()
		defer mu.Unlock()
		result.Slates++
		switch {
		case problem != nil:
			result.Degraded++
			result.What[problem.Error()]++
		case len(reply.Degraded) > 0:
			result.Degraded++
			for _, what := range reply.Degraded {
				result.What[what]++
			}
		}
		if reply != nil && len(reply.Items) < o.Places {
			result.Short++
		}
	})
	used, failedCPU := o.CPU()
	err = errors.Join(err, failedCPU)
	result.CPU = (used - cpu) / time.Duration(max(1, result.Slates))
	stop()
	acts.Wait()
	if err == nil && failed != nil && !errors.Is(failed, context.Canceled) {
		err = failed
	}
	result.Routes, _ = r.server.RouteStatuses()
	return result, err
}

// rig is a server in this process over a journal in memory.
type rig struct {
	*Options
	world  *world
	now    func() time.Time
	log    *journal.Log
	stream *stream.Stream
	server *serve.Server
}

// build makes the state of the history, and a server over it.
func build(ctx context.Context, o *Options) (*rig, error) {
	r := &rig{Options: o, world: newWorld(o.Seed, o.Items, o.Users), now: o.Now}
	kinds := freshet.BuiltinEvents()
	state, err := fold.New(fold.Options{Kinds: kinds, Routes: o.Routes, MaxFuture: freshet.Minute, NewTable: mem.New})
	if err != nil {
		return nil, err
	}
	end := o.Now().UnixMilli()
	began := end - int64(7*freshet.Day)
	for i := range o.Items {
		state.Apply(&stream.Entry{Item: r.world.entry(i, began), Received: began})
	}
	o.Say("  %d items", o.Items)
	for n := 0; n < o.Events; {
		t := began + int64(float64(end-began)*float64(n)/float64(o.Events))
		for _, e := range r.world.visit(t) {
			e.Time = min(e.Time, end)
			state.Apply(&stream.Entry{Event: &e})
			n++
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	o.Say("  %d events", o.Events)
	if r.log, _, err = journal.Open(journal.Options{FS: fsys.NewMem(), Now: o.Now}); err != nil {
		return nil, err
	}
	r.stream = stream.New(stream.Options{Log: r.log, Fold: state, Now: o.Now, Lateness: freshet.Hour})
	r.stream.Start()
	var ids atomic.Int64
	options := serve.Options{
		Stream: r.stream, State: state, Now: o.Now, Kinds: kinds, MaxFuture: freshet.Minute,
		Scenes: map[string]serve.Scene{"home": {Budget: 10 * o.Budget}},
		NewID:  func() string { return "r-" + strconv.FormatInt(ids.Add(1), 10) },
		Report: func(msg string, err error) { o.Say("  %s: %v", msg, err) },
	}
	for _, route := range o.Routes {
		options.Routes = append(options.Routes, serve.Route{Name: route.Name, Kind: route.Kind, N: o.N, Budget: o.Budget})
	}
	if r.server, err = serve.New(options); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *rig) close() error {
	if r.server != nil {
		r.server.Close()
	}
	r.stream.Close()
	return r.log.Close()
}

// slate asks for the slate of some user.
func (r *rig) slate(ctx context.Context, i int) (*serve.Reply, error) {
	const odd = 2654435761
	user := userID(int(uint64(i) * odd % uint64(r.Users)))
	return r.server.Recommend(ctx, &serve.Request{User: user, N: r.Places, DryRun: true})
}

// act lets visits come until ctx is over.
func (r *rig) act(ctx context.Context) error {
	if r.Acts <= 0 {
		return nil
	}
	pacer, err := bench.NewPacer(r.Now)
	if err != nil {
		return err
	}
	due := r.Now()
	for {
		visit := r.world.visit(r.Now().UnixMilli())
		for i := range visit {
			visit[i].Time, visit[i].TimeUnset = r.Now().UnixMilli(), false
		}
		if _, err := r.stream.Events(ctx, stream.SourceHTTP, r.Now().UnixMilli(), visit, nil); err != nil {
			return errors.Join(err, pacer.Close())
		}
		due = due.Add(time.Duration(float64(len(visit)) / r.Acts * float64(time.Second)))
		if err := pacer.Until(ctx, due); err != nil {
			return errors.Join(err, pacer.Close())
		}
	}
}

// pace calls step on the schedule for so long, and returns how late the schedule was and how long
// each step took from when it was due.
func pace(ctx context.Context, o *Options, d time.Duration, step func(i int)) (lag, took Quantiles, err error) {
	count := int(o.Rate * d.Seconds())
	if count < 1 {
		return lag, took, fmt.Errorf("%.0f a second for %s is no schedule", o.Rate, d)
	}
	type job struct {
		i   int
		due time.Time
	}
	jobs := make(chan job, count) // never full: handing over does not wait
	times, lates := make([]time.Duration, count), make([]time.Duration, 0, count)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range jobs {
				step(j.i)
				times[j.i] = o.Now().Sub(j.due)
			}
		})
	}
	done := sync.OnceFunc(func() { close(jobs); wg.Wait() })
	defer done()
	pacer, err := bench.NewPacer(o.Now)
	if err != nil {
		return lag, took, err
	}
	defer func() { err = errors.Join(err, pacer.Close()) }()
	begin := o.Now()
	for i := range count {
		due := begin.Add(time.Duration(float64(i) / o.Rate * float64(time.Second)))
		if err := pacer.Until(ctx, due); err != nil {
			return lag, took, err
		}
		lates = append(lates, max(0, o.Now().Sub(due)))
		jobs <- job{i, due}
	}
	done()
	return quantiles(lates), quantiles(times), nil
}
