package bench

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func still() error { return nil }

// TestAClosedLoopCountsItsSteps: those of the warm-up are not counted, nor is the first that ends after
// it, from whose end on the others are. Time is that of the test.
func TestAClosedLoopCountsItsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, takes, lasts = 3, time.Millisecond, 50 * time.Millisecond
		var steps, stopped atomic.Int64
		rate, err := closedLoop(t.Context(), time.Now, clients, lasts, func(context.Context, int) (client, error) {
			return client{
				step: func() error { steps.Add(1); time.Sleep(takes); return nil },
				stop: func() error { stopped.Add(1); return nil },
			}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := clients / takes.Seconds(); math.Abs(rate-want) > 1e-9*want {
			t.Errorf("%v steps a second, want %v", rate, want)
		}
		// The warm-up lasts for five, and the last is the first that ends after the end.
		if want := int64(clients * ((lasts/10+lasts)/takes + 1)); steps.Load() != want {
			t.Errorf("%d steps, want %d", steps.Load(), want)
		}
		if stopped.Load() != clients {
			t.Errorf("%d of %d clients were stopped", stopped.Load(), clients)
		}
	})
}

// TestAClosedLoopWaitsForSlowSteps uses a clock that only steps move, each by more than the
// loop is to last.
func TestAClosedLoopWaitsForSlowSteps(t *testing.T) {
	base := time.Now()
	for _, takes := range []time.Duration{3 * time.Second, 5 * time.Second} {
		at := base
		rate, err := closedLoop(t.Context(), func() time.Time { return at }, 1, time.Second, func(context.Context, int) (client, error) {
			return client{step: func() error { at = at.Add(takes); return nil }, stop: still}, nil
		})
		if want := 1 / takes.Seconds(); err != nil || rate != want {
			t.Errorf("steps of %s: %v a second, %v; want %v", takes, rate, err, want)
		}
	}
}

func TestErrorsEndLoops(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name        string
		start, step error // of the second client
		stop        error
	}{{"at the start", broken, nil, nil}, {"in a step", nil, broken, nil}, {"at the stop", nil, nil, broken}} {
		closed := func() error {
			_, err := closedLoop(t.Context(), time.Now, 3, 10*time.Millisecond, func(_ context.Context, i int) (client, error) {
				if i != 1 {
					return client{step: still, stop: still}, nil
				}
				return client{step: func() error { return tt.step }, stop: func() error { return tt.stop }}, tt.start
			})
			return err
		}
		s := schedule{every: time.Microsecond, count: 300, clients: 1, maxLag: time.Minute, now: time.Now}
		open := func() error {
			_, err := s.run(t.Context(), func(context.Context, int) (dueClient, error) {
				return dueClient{step: func(int, time.Time) error { return tt.step }, stop: func() error { return tt.stop }}, tt.start
			})
			return err
		}
		if err := closed(); !errors.Is(err, broken) {
			t.Errorf("closed loop, %s: %v", tt.name, err)
		}
		if err := open(); !errors.Is(err, broken) {
			t.Errorf("open loop, %s: %v", tt.name, err)
		}
	}
}

func TestTheEndOfTheContextEndsLoops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := closedLoop(ctx, time.Now, 2, time.Hour, func(context.Context, int) (client, error) {
		return client{step: func() error { cancel(); return nil }, stop: still}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("closed loop: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	s := schedule{every: time.Hour, count: 3, clients: 1, maxLag: time.Minute, now: time.Now}
	_, err = s.run(ctx, func(context.Context, int) (dueClient, error) {
		return dueClient{step: func(int, time.Time) error { cancel(); return nil }, stop: still}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("open loop: %v", err)
	}
}

// TestAnOpenLoopDoesNotWait: everything that falls due is carried out once, due when the
// schedule says, and a client that is busy delays nobody's due time.
func TestAnOpenLoopDoesNotWait(t *testing.T) {
	s := schedule{every: 200 * time.Microsecond, count: 100, clients: 2, maxLag: time.Minute, now: time.Now}
	var mu sync.Mutex
	dues := map[int]time.Time{}
	before := time.Now()
	lag, err := s.run(t.Context(), func(context.Context, int) (dueClient, error) {
		return dueClient{stop: still, step: func(i int, due time.Time) error {
			if i == 0 {
				time.Sleep(30 * time.Millisecond) // longer than the whole schedule
			}
			mu.Lock()
			defer mu.Unlock()
			if _, twice := dues[i]; twice {
				t.Errorf("request %d was carried out twice", i)
			}
			if time.Now().Before(due) {
				t.Errorf("request %d was carried out before it was due", i)
			}
			dues[i] = due
			return nil
		}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(dues) != s.count || len(lag) != s.count {
		t.Fatalf("%d requests, %d lags; want %d", len(dues), len(lag), s.count)
	}
	if dues[0].Before(before) {
		t.Error("the first was due before the start")
	}
	for i := range s.count {
		if got := dues[i].Sub(dues[0]); got != time.Duration(i)*s.every {
			t.Errorf("request %d was due %s after the first", i, got)
		}
	}
}

// TestALateScheduleIsTold gives the generator a clock in which it is a second late each time.
func TestALateScheduleIsTold(t *testing.T) {
	at := time.Now()
	var mu sync.Mutex
	slow := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
	s := schedule{every: time.Millisecond, count: 10, clients: 1, maxLag: 10 * time.Millisecond, now: slow}
	lag, err := s.run(t.Context(), func(context.Context, int) (dueClient, error) {
		return dueClient{step: func(int, time.Time) error { return nil }, stop: still}, nil
	})
	if !errors.Is(err, errBehind) || fatal(err) || !strings.Contains(err.Error(), "10ms is allowed") {
		t.Errorf("error %v, want errBehind", err)
	}
	if len(lag) != s.count {
		t.Errorf("%d lags, want %d", len(lag), s.count)
	}
}

func TestSchedules(t *testing.T) {
	o := &Options{MaxLag: time.Second, Now: time.Now}
	s, err := newSchedule(o, 1000, 2*time.Second, 7)
	if err != nil || s.every != time.Millisecond || s.count != 2000 || s.clients != 7 || s.maxLag != time.Second {
		t.Errorf("%+v, %v", s, err)
	}
	for _, rate := range []float64{0, 0.1, 1e9} {
		if _, err := newSchedule(o, rate, time.Second, 1); err == nil {
			t.Errorf("a schedule of %v requests a second was made", rate)
		}
	}
}

func TestThePacerIsNeverEarly(t *testing.T) {
	p, err := NewPacer(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, ahead := range []time.Duration{-time.Second, 0, 50 * time.Microsecond, time.Millisecond, 5 * time.Millisecond} {
		due := time.Now().Add(ahead)
		if err := p.Until(t.Context(), due); err != nil {
			t.Fatal(err)
		}
		if now := time.Now(); now.Before(due) {
			t.Errorf("%s ahead: %s early", ahead, due.Sub(now))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Until(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheCauseIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	broken := errors.New("broken")
	if err := firstCause(ctx, []error{nil, context.Canceled, broken}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := firstCause(ctx, slices.Repeat([]error{nil}, 3)); err != nil {
		t.Errorf("got %v", err)
	}
	cancel()
	if err := firstCause(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
