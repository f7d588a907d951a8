package bench

import (
	"context"
	"time"
)

// napping is how long before its due time a request stops waiting for the runtime's timers,
// which may be a millisecond late, and naps on a finer one.
const napping = 3 * time.Millisecond

// pacer waits for moments. Use newPacer and close; one goroutine at a time.
type pacer struct {
	now  func() time.Time
	fine napper
}

func newPacer(now func() time.Time) (*pacer, error) {
	p := &pacer{now: now}
	return p, p.fine.open()
}

// until returns at due, or at once when that has passed. The error is ctx's or the system's.
func (p *pacer) until(ctx context.Context, due time.Time) error {
	if left := due.Sub(p.now()); left > napping {
		timer := time.NewTimer(left - napping + time.Millisecond)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
	if left := due.Sub(p.now()); left > 0 {
		if err := p.fine.nap(left); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (p *pacer) close() error { return p.fine.close() }
