package bench

import (
	"context"
	"errors"
	"sync"
	"time"
)

// besideRate is how many slates a second are asked for while something else goes on.
const besideRate = 500

// RunBeside measures what something that a server does beside its requests, again and again
// until the measurement ends, adds to the wait for slates: their 99th percentile at 500 a second
// with it, and before and after without. beside does it once; an error of it ends the run, but
// not one after its context has ended. Options.Effect is not needed.
func RunBeside(ctx context.Context, metric, without string, o Options, beside func(ctx context.Context) error) (lines []Line, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	k, err := newKit(ctx, &o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	p := part{
		name: metric,
		bounds: []bound{{without, func(ctx context.Context, d time.Duration) (map[string]float64, error) {
			_, _, times, err := k.onTime(ctx, besideRate, d, k.URL, pathRecommend, nil)
			return map[string]float64{metric: millis(times.at(0.99))}, err
		}}},
		system: func(ctx context.Context, d time.Duration) ([]figure, error) {
			seen := &slateTally{}
			var s schedule
			var lag, times took
			var failed error
			err := meanwhile(ctx, beside, func(ctx context.Context) {
				s, lag, times, failed = k.onTime(ctx, besideRate, d, k.URL, pathRecommend, seen)
			})
			if err != nil {
				return nil, err
			}
			return []figure{
				{metric: metric, value: millis(times.at(0.99)), unit: "ms", less: true, took: times, warning: seen.doubt()},
				s.lagFigure("", lag),
			}, failed
		},
	}
	return p.run(ctx, o.Duration, o.Say)
}

// meanwhile repeats beside for as long as measure takes.
func meanwhile(ctx context.Context, beside func(ctx context.Context) error, measure func(ctx context.Context)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	repeating, stop := context.WithCancel(ctx)
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() {
		for repeating.Err() == nil {
			if err := beside(repeating); err != nil && repeating.Err() == nil {
				failed = err
				cancel() // nothing is measured then
				return
			}
		}
	})
	measure(ctx)
	stop()
	wg.Wait()
	return failed
}
