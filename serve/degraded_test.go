package serve_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
)

type recallFunc func(ctx context.Context, req *recall.Request, n int) ([]recall.Proposal, error)

// rough is a route that does what it is told instead of answering.
type rough struct {
	recall.Route
	recall recallFunc
}

func (r *rough) Recall(ctx context.Context, req *recall.Request, n int) ([]recall.Proposal, error) {
	return r.recall(ctx, req, n)
}

// hangs blocks until its context ends.
func hangs(ctx context.Context, _ *recall.Request, _ int) ([]recall.Proposal, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func fails(context.Context, *recall.Request, int) ([]recall.Proposal, error) {
	return []recall.Proposal{{Item: 1}}, errors.New("the table is gone")
}

// late answers, and too late: what it says must not count.
func late(ctx context.Context, _ *recall.Request, _ int) ([]recall.Proposal, error) {
	<-ctx.Done()
	return []recall.Proposal{{Item: 5}, {Item: 6}}, ctx.Err()
}

// instead puts f in the place of what the routes of the given names do.
func instead(f recallFunc, names ...string) func(recall.Route) recall.Route {
	return func(route recall.Route) recall.Route {
		if slices.Contains(names, route.Name()) {
			return &rough{route, f}
		}
		return route
	}
}

// filled is a disk with eight items, of which others clicked i-1 and then i-2, and once i-3,
// and ada clicked i-1.
func filled(t *testing.T) *fsys.Mem {
	t.Helper()
	r := newRig(t, plan{})
	r.stock(t, 8)
	for _, user := range []string{"bob", "cat", "dan"} {
		r.post(t, act(user, "click", "i-1", t0-2000), act(user, "click", "i-2", t0-1000))
	}
	r.post(t, act("eve", "click", "i-3", t0), act("ada", "click", "i-1", t0))
	return r.disk.Clone()
}

// routesOf leaves out that the record was late, which a request without time does not wait for.
func routesOf(degraded []string) []string {
	return slices.DeleteFunc(slices.Clone(degraded), func(d string) bool { return d == "served_record:late" })
}

func TestRoutesInTrouble(t *testing.T) {
	disk := filled(t)
	all := []string{"r-itemcf", "r-popular", "r-new"}
	for _, c := range []struct {
		name     string
		recall   recallFunc
		routes   []string
		timeout  time.Duration
		degraded []string
		ranked   int // of 6; the rest comes from the fallback list
		reports  int
	}{
		{"one fails", fails, all[:1], 0, []string{"recall.r-itemcf:error"}, 6, 1},
		{"one hangs", hangs, all[:1], 0, []string{"recall.r-itemcf:timeout"}, 6, 0},
		{"the last hangs", hangs, all[2:], 0, []string{"recall.r-new:timeout", "slate:fallback_popular"}, 2, 0},
		{"the last is late with an answer", late, all[2:], 0, []string{"recall.r-new:timeout", "slate:fallback_popular"}, 2, 0},
		{"all fail", fails, all, 0, []string{"recall.r-itemcf:error", "recall.r-popular:error", "recall.r-new:error", "slate:fallback_popular"}, 0, 3},
		{"all hang", hangs, all, 0, []string{"recall.r-itemcf:timeout", "recall.r-popular:timeout", "recall.r-new:timeout", "slate:fallback_popular"}, 0, 0},
		{"no time at all", nil, nil, time.Nanosecond, []string{"recall.r-itemcf:timeout", "recall.r-popular:timeout", "recall.r-new:timeout", "slate:fallback_popular"}, 0, 0},
	} {
		tries := func(t *testing.T) {
			r := newRig(t, plan{disk: disk.Clone(), budget: 100, wrap: instead(c.recall, c.routes...)})
			s := r.slate(t, serve.Request{User: "ada", N: 6, Timeout: c.timeout})
			if !slices.Equal(routesOf(s.Degraded), c.degraded) || len(s.Items) != 6 || s.Fallback != 6-c.ranked {
				t.Errorf("degraded %q, want %q; %d items, %d of them from the fallback list, want %d", s.Degraded, c.degraded, len(s.Items), s.Fallback, 6-c.ranked)
			}
			for i, it := range s.Items {
				if it.Item == "i-1" || (it.Reason.Code == "fallback") != (i >= c.ranked) || it.Doc == nil {
					t.Errorf("place %d: %+v", i+1, it)
				}
			}
			if len(r.reports) != c.reports {
				t.Errorf("%d reports, want %d: %q", len(r.reports), c.reports, r.reports)
			}
			r.settled(t)
			last, ok := r.state.Shown(r.state.Visitor("u:ada"))
			if !ok || last.Request != s.Request || !slices.Equal(last.Items, shown(s)) {
				t.Errorf("recorded %+v, shown %v", last, shown(s))
			}
		}
		t.Run(c.name, func(t *testing.T) {
			if c.timeout > 0 { // where time stands still it would not pass
				tries(t)
				return
			}
			synctest.Test(t, tries)
		})
	}
}

// TestNobodyGoesAway: routes that have nothing to say about a visitor leave the slate to the
// fallback list, and nothing is degraded by that.
func TestNobodyGoesAway(t *testing.T) {
	r := newRig(t, plan{disk: filled(t), scenes: map[string]serve.Scene{"home": {Budget: freshet.Minute, Routes: []string{"r-itemcf"}}, "none": {Budget: freshet.Minute, Routes: []string{}}}})
	for _, scene := range []string{"home", "none"} {
		s := r.slate(t, serve.Request{Scene: scene, User: "nobody", N: 5})
		if len(s.Items) != 5 || s.Fallback != 5 || len(s.Degraded) != 0 || s.Items[0].Item != "i-1" || s.Items[0].Reason.Code != "fallback" {
			t.Errorf("scene %s: slate %v, fallback %d, degraded %q", scene, shown(s), s.Fallback, s.Degraded)
		}
	}
	if s := r.slate(t, serve.Request{User: "ada", N: 5}); s.Fallback != 4 || len(s.Items) != 5 || s.Items[0].Item != "i-2" || len(s.Degraded) != 0 {
		t.Errorf("a route with one thing to say: slate %v, fallback %d, degraded %q", shown(s), s.Fallback, s.Degraded)
	}
}

// TestTheFallbackListFollows: what came since the list was made is in it soon, and what is gone
// is not shown from it.
func TestTheFallbackListFollows(t *testing.T) {
	r := newRig(t, plan{disk: filled(t)})
	r.put(t, freshet.Item{ID: "i-2", Unavailable: true})
	s := r.slate(t, serve.Request{User: "nobody", N: 500, Timeout: time.Nanosecond})
	if slices.Contains(shown(s), "i-2") || len(s.Items) != 7 || s.Fallback != 7 {
		t.Errorf("slate %v", shown(s))
	}
	if !slices.Contains(s.Shortfall, serve.Shortfall{Stage: "filter", Reason: "unavailable", Removed: 1}) {
		t.Errorf("shortfall %+v", s.Shortfall)
	}
}

func TestAnOddTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, plan{disk: filled(t), budget: 100, scenes: map[string]serve.Scene{"home": {Budget: 1}}, wrap: instead(hangs, "r-new")})
		// A request may have more time than its scene, and less than its routes.
		if s := r.slate(t, serve.Request{Timeout: time.Hour, N: 1}); !slices.Equal(routesOf(s.Degraded), []string{"recall.r-new:timeout"}) {
			t.Errorf("degraded %q", s.Degraded)
		}
		r.settled(t) // what waits for the state while a route hangs would keep time from passing
		if s := r.slate(t, serve.Request{N: 1}); !slices.Contains(s.Degraded, "recall.r-new:timeout") || len(s.Items) != 1 {
			t.Errorf("degraded %q", s.Degraded)
		}
	})
}

// TestAStalledDisk: a slate does not wait for its record longer than it has time, and the
// record is written all the same.
func TestAStalledDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := filled(t)
		var stalled atomic.Bool
		goOn := make(chan struct{})
		disk.Fail = func(op, _ string) error {
			if op == "write" && stalled.Load() {
				<-goOn
			}
			return nil
		}
		r := newRig(t, plan{disk: disk})
		stalled.Store(true)
		s := r.slate(t, serve.Request{User: "ada", N: 3, Timeout: 200 * time.Millisecond})
		if !slices.Equal(s.Degraded, []string{"served_record:late"}) || len(s.Items) != 3 || len(r.reports) != 0 {
			t.Errorf("slate %v, degraded %q, reports %q", shown(s), s.Degraded, r.reports)
		}
		stalled.Store(false)
		close(goOn)
		r.settled(t)
		if last, ok := r.state.Shown(r.state.Visitor("u:ada")); !ok || last.Request != s.Request {
			t.Errorf("recorded %+v, %v", last, ok)
		}
	})
}
