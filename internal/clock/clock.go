// Package clock is the time a server goes by: the system's clock, as long as that does not leap.
//
//	c := clock.New(clock.Options{Wall: time.Now, Most: time.Minute, Report: say})
//	c.Expect(newest)   // what is known to have been the time once
//	now := c.Now()
//
// Times that events are received at become watermarks, and ends of windows; a clock that is ten years
// ahead for a second would make everything late for ten years. So while a process runs, a step of the
// system's clock by more than Most, in either direction, is told and not followed: time goes on by the
// monotonic clock, until the system's is back, or a restart. Smaller steps are followed, and so is
// time that the machine slept. Every server that trusts a clock needs such a bound; CockroachDB ends
// the process at it, which would also end the slates.
//
// A clock that was behind what is known when the process began was wrong then, or is wrong in what is
// known: one step ahead that brings it there is followed.
//
// Left out: whether the clock is right to begin with, which nobody can know here.
package clock

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a Clock.
type Options struct {
	Wall    func() time.Time     // the system's clock
	Elapsed func() time.Duration // monotonic, without time asleep; nil takes it from Wall's readings
	Slept   func() time.Duration // how long the machine has slept since it was started; nil is never
	Most    time.Duration        // the greatest step that is followed
	Report  func(msg string)     // told of a step that is not followed, and of its end; may be nil
}

// worthNoting is how far the two clocks may drift apart before it is noted.
const worthNoting = int64(time.Millisecond)

// Clock tells the time. Its methods may be called from several goroutines.
type Clock struct {
	o      Options
	base   time.Time
	offset atomic.Int64 // time less what has elapsed, ns

	mu       sync.Mutex // guards the rest
	slept    time.Duration
	off      time.Duration // how far the system's clock is ahead while it is not followed, else 0
	expected time.Time     // while the clock is behind it; else zero
}

// New returns a Clock that begins with the system's time.
func New(o Options) *Clock {
	c := &Clock{o: o, base: o.Wall()}
	if o.Slept != nil {
		c.slept = o.Slept()
	}
	wall := o.Wall()
	c.offset.Store(wall.UnixNano() - c.elapsed(wall))
	return c
}

// elapsed is what has passed since New when the system's clock was read, ns.
func (c *Clock) elapsed(wall time.Time) int64 {
	if c.o.Elapsed != nil {
		return int64(c.o.Elapsed())
	}
	return int64(wall.Sub(c.base))
}

// Expect says that it once was t.
func (c *Clock) Expect(t time.Time) {
	behind := c.Now().Before(t.Add(-c.o.Most))
	c.mu.Lock()
	defer c.mu.Unlock()
	if behind {
		c.expected = t
	}
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	wall := c.o.Wall()
	elapsed := c.elapsed(wall)
	offset := wall.UnixNano() - elapsed
	step := offset - c.offset.Load()
	if step < -worthNoting || step > worthNoting {
		return c.stepped(wall, elapsed)
	}
	return wall
}

// stepped follows a step, or does not.
func (c *Clock) stepped(wall time.Time, elapsed int64) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.offset.Load()
	if c.o.Slept != nil {
		slept := c.o.Slept()
		now += int64(slept - c.slept)
		c.slept = slept
		c.offset.Store(now)
	}
	offset := wall.UnixNano() - elapsed
	step := time.Duration(offset - now)
	late := !c.expected.IsZero() && step > 0 && !wall.Before(c.expected.Add(-c.o.Most))
	if step.Abs() <= c.o.Most || late {
		c.offset.Store(offset)
		if late {
			c.expected = time.Time{}
		}
		if c.off != 0 {
			c.off = 0
			c.report("the system's clock is back, and is followed again")
		}
		return wall
	}
	held := time.Unix(0, elapsed+now)
	if was := c.off; was == 0 || (was-step).Abs() > c.o.Most {
		way := "ahead"
		if step < 0 {
			way = "back"
		}
		c.report(fmt.Sprintf("the system's clock went %s by %s, to %s; time goes on from %s, and follows again when it is back, or after a restart",
			way, step.Abs().Round(time.Second), wall.UTC().Format(time.RFC3339), held.UTC().Format(time.RFC3339)))
	}
	c.off = step
	return held
}

func (c *Clock) report(msg string) {
	if c.o.Report != nil {
		c.o.Report(msg)
	}
}

// Off is how far ahead the system's clock is while it is not followed, else 0.
func (c *Clock) Off() time.Duration {
	_ = c.Now() // it may have stepped since
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.off
}
