package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// maxDue bounds the requests of one schedule.
const maxDue = 10_000_000

// schedule is an open loop: request i falls due i·every after the start, whatever became of
// the ones before.
type schedule struct {
	every   time.Duration
	count   int
	clients int // who carry the requests out; when all are busy, requests wait and that counts
	maxLag  time.Duration
	now     func() time.Time
}

// newSchedule spreads rate requests a second evenly over d.
func newSchedule(o *Options, rate float64, d time.Duration, clients int) (schedule, error) {
	count := int(rate * d.Seconds())
	if count < 1 || count > maxDue {
		return schedule{}, fmt.Errorf("a schedule of %.0f requests a second for %s has %d of them; it must have 1 to %d", rate, d, count, maxDue)
	}
	return schedule{every: time.Duration(float64(time.Second) / rate), count: count, clients: clients, maxLag: o.MaxLag, now: o.Now}, nil
}

// dueClient carries out requests of a schedule.
type dueClient struct {
	step func(i int, due time.Time) error
	stop func() error
}

// run carries out the schedule. It returns how much later than due each request was handed to
// the clients, which is the generator's own lag: the wait for a client that is still busy is
// not in it. When the 99th percentile of the lag is above maxLag the lag comes with an error
// that wraps errBehind. Every goroutine it starts has ended when it returns.
func (s schedule) run(ctx context.Context, start func(ctx context.Context, i int) (dueClient, error)) (lag took, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients := make([]dueClient, 0, s.clients)
	defer func() {
		var failed error
		for _, c := range clients {
			failed = errors.Join(failed, c.stop())
		}
		if failed != nil && !fatal(err) {
			err = failed
		}
	}()
	for i := range s.clients {
		c, err := start(ctx, i)
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	pace, err := NewPacer(s.now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pace.Close()) }()

	type job struct {
		i   int
		due time.Time
	}
	jobs := make(chan job, s.count) // never full: handing over does not wait
	errs := make([]error, s.clients+1)
	var wg sync.WaitGroup
	for n, c := range clients {
		wg.Go(func() {
			for j := range jobs {
				if errs[n] = c.step(j.i, j.due); errs[n] != nil {
					cancel()
					return
				}
			}
		})
	}
	begin := s.now()
	late := make([]time.Duration, 0, s.count)
	for i := range s.count {
		due := begin.Add(time.Duration(i) * s.every)
		if err := pace.Until(ctx, due); err != nil {
			errs[s.clients] = err
			break
		}
		late = append(late, max(0, s.now().Sub(due)))
		jobs <- job{i, due}
	}
	close(jobs)
	wg.Wait()
	if err := firstCause(ctx, errs); err != nil {
		return nil, err
	}
	lag = sorted(late)
	if p99 := lag.at(0.99); p99 > s.maxLag {
		return lag, fmt.Errorf("%w: one request in a hundred was %s late or more, %s is allowed", errBehind, p99.Round(10*time.Microsecond), s.maxLag)
	}
	return lag, nil
}

// lagFigure reports how well the schedule was kept, of the measurement whose metrics end alike.
func (s schedule) lagFigure(of string, lag took) figure {
	return figure{metric: "schedule_lag" + of, value: millis(lag.at(0.99)), unit: "ms", less: true, took: lag,
		target: &target{name: "most lag of the load generator that is allowed, p99", limit: millis(s.maxLag)}}
}

// firstCause picks the error that ended a loop: one that is not just the end of the context
// or of a connection that was closed for it, if there is one.
func firstCause(ctx context.Context, errs []error) error {
	var any error
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, net.ErrClosed) {
			return err
		}
		if any == nil {
			any = err
		}
	}
	if any == nil {
		return ctx.Err()
	}
	return any
}
