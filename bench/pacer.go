package bench

import (
	"context"
	"time"
)

// napping is how long before its due time a request stops waiting for the runtime's timers,
// which may be a millisecond late, and naps on a finer one.
const napping = 3 * time.Millisecond

// Pacer waits for moments, to within some ten microseconds where the system can. Use NewPacer and
// Close; one goroutine at a time.
type Pacer struct {
	now  func() time.Time
	fine napper
}

// NewPacer returns a Pacer by the clock now, which has a monotonic reading. The error is the system's.
func NewPacer(now func() time.Time) (*Pacer, error) {
	p := &Pacer{now: now}
	return p, p.fine.open()
}

// Until returns at due, or at once when that has passed. The error is ctx's or the system's.
func (p *Pacer) Until(ctx context.Context, due time.Time) error {
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

func (p *Pacer) Close() error { return p.fine.close() }
