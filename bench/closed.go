package bench

import (
	"context"
	"errors"
	"sync"
	"time"
)

// client is one of those who make a load. step does one thing and returns when it is done.
type client struct {
	step func() error
	stop func() error
}

// closedLoop keeps n clients busy for d, after warming up for a tenth of it, and returns how
// many steps a second they made together: for each the steps between the end of its first and
// of its last, of which there is at least one however long that takes. start makes client
// number i; it is called in turn. The first error ends the loop. Every goroutine it starts has
// ended when it returns.
func closedLoop(ctx context.Context, now func() time.Time, n int, d time.Duration, start func(ctx context.Context, i int) (client, error)) (rate float64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	clients := make([]client, 0, n)
	defer func() {
		for _, c := range clients {
			err = errors.Join(err, c.stop())
		}
	}()
	for i := range n {
		c, err := start(ctx, i)
		if err != nil {
			return 0, err
		}
		clients = append(clients, c)
	}
	rates, errs := make([]float64, n), make([]error, n)
	begin := now().Add(d / 10)
	end := begin.Add(d)
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			var first time.Time
			steps := 0
			for ctx.Err() == nil {
				if errs[i] = c.step(); errs[i] != nil {
					cancel() // the others' errors are its consequence
					return
				}
				at := now()
				switch {
				case !at.After(begin):
				case first.IsZero():
					first = at
				default:
					steps++
					if at.After(end) {
						rates[i] = float64(steps) / max(at.Sub(first), time.Nanosecond).Seconds()
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if err := firstCause(ctx, errs); err != nil {
		return 0, err
	}
	for _, r := range rates {
		rate += r
	}
	return rate, nil
}
