package serve_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
)

// answers is a route that says what it is told to.
func answers(list ...recall.Proposal) recallFunc {
	return func(context.Context, *recall.Request, int) ([]recall.Proposal, error) { return list, nil }
}

func panics(context.Context, *recall.Request, int) ([]recall.Proposal, error) {
	var nothing []int
	return []recall.Proposal{{Item: uint32(nothing[0])}}, nil
}

func many(_ context.Context, _ *recall.Request, n int) ([]recall.Proposal, error) {
	list := make([]recall.Proposal, n+1)
	for i := range list {
		list[i] = recall.Proposal{Item: uint32(i%8 + 1), Score: 1}
	}
	return list, nil
}

// TestRoutesThatBreakTheirPromise: each costs its own candidates, is named, is told once, and the
// slate comes again from its record although the route is well by then.
func TestRoutesThatBreakTheirPromise(t *testing.T) {
	for name, c := range map[string]struct {
		recall recallFunc
		status string
		told   string
	}{
		"it panics":            {panics, "panic", "trouble_test.go"},
		"an item nobody knows": {answers(recall.Proposal{Item: 4_000_000_000, Score: 1}), "garbage", "item 4000000000"},
		"one too high":         {answers(recall.Proposal{Item: 9, Score: 1}), "garbage", "item 9"},
		"no item":              {answers(recall.Proposal{Item: 0, Score: 1}), "garbage", "item 0"},
		"one twice":            {answers(recall.Proposal{Item: 5, Score: 2}, recall.Proposal{Item: 6, Score: 1}, recall.Proposal{Item: 5, Score: 1}), "garbage", "item 5 once more"},
		"no number":            {answers(recall.Proposal{Item: 5, Score: math.NaN()}), "garbage", "NaN"},
		"no end":               {answers(recall.Proposal{Item: 5, Score: math.Inf(-1)}), "garbage", "-Inf"},
		"too many":             {many, "garbage", "101 proposals"},
		"an error":             {fails, "error", "the table is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, plan{disk: filled(t), wrap: instead(c.recall, "r-itemcf")})
			var last *serve.Reply
			for range 3 {
				last = r.slate(t, serve.Request{User: "ada", N: 6})
				if !slices.Equal(last.Degraded, []string{"recall.r-itemcf:" + c.status}) || len(last.Items) != 6 || last.Fallback != 0 {
					t.Errorf("degraded %q, %d items, %d of them from the fallback list", last.Degraded, len(last.Items), last.Fallback)
				}
				for i := range last.Items {
					for _, route := range last.Items[i].Routes {
						if route.Route == "r-itemcf" {
							t.Errorf("place %d is of the route in trouble", i+1)
						}
					}
				}
			}
			if told := r.reported(); len(told) != 1 || !strings.Contains(told[0], "r-itemcf") || !strings.Contains(told[0], c.told) {
				t.Errorf("told %q, want one line with %q", told, c.told)
			}
			r.clock.Add(61_000)
			r.slate(t, serve.Request{User: "ada", N: 6})
			if told := r.reported(); len(told) != 2 {
				t.Errorf("a minute later %d reports", len(told))
			}
			comesAgain(t, r, last.Request)
		})
	}
}

// comesAgain replays the slate of a request with routes that are well, and holds it against its
// record.
func comesAgain(t *testing.T, r *rig, request string, kinds ...string) *fold.Served {
	t.Helper()
	r.settled(t)
	all := entries(t, r.disk)
	for _, rec := range servedIn(t, all) {
		if rec.Request != request {
			continue
		}
		reply, err := replayer(t, r.disk, all, kinds...).Replay(t.Context(), rec)
		if err != nil {
			t.Fatal(err)
		}
		if diff := serve.Differences(rec, reply); diff != "" {
			t.Errorf("made again it differs: %s", diff)
		}
		return rec
	}
	t.Fatalf("request %s has no record", request)
	return nil
}

// TestAHungRouteIsLeft: a slate of 60 ms waits for a route that never looks up until the 10 ms that are kept
// for the rest, and the 2 ms in which a route that looks at its context is back.
func TestAHungRouteIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		r := newRig(t, plan{disk: filled(t), scenes: map[string]serve.Scene{"home": {Budget: 60}},
			wrap: instead(func(context.Context, *recall.Request, int) ([]recall.Proposal, error) {
				<-goOn
				return nil, nil
			}, "r-itemcf")})
		began := time.Now()
		s := r.slate(t, serve.Request{User: "ada", N: 6})
		if took := time.Since(began); took != 52*time.Millisecond || !slices.Contains(s.Degraded, "recall.r-itemcf:timeout") || len(s.Items) != 6 {
			t.Errorf("degraded %q, %d items, after %s", s.Degraded, len(s.Items), took)
		}
		close(goOn)
		r.settled(t)
	})
}

// TestAHungRoute: a route that never looks up does not hold up the slate that asks it, nor those
// after it, whatever they can be made of; operators see it, and all is well once it returns.
func TestAHungRoute(t *testing.T) {
	hung, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r := newRig(t, plan{disk: filled(t), scenes: map[string]serve.Scene{"home": {Budget: 60}},
		wrap: instead(func(context.Context, *recall.Request, int) ([]recall.Proposal, error) {
			once.Do(func() { close(hung) })
			<-goOn
			return nil, nil
		}, "r-itemcf")})
	s := r.slate(t, serve.Request{User: "ada", N: 6})
	if !slices.Contains(s.Degraded, "recall.r-itemcf:timeout") || len(s.Items) != 6 {
		t.Errorf("degraded %q, %d items", s.Degraded, len(s.Items))
	}
	<-hung
	// An event wants the state changed; from now on nobody new may read it.
	posted := make(chan error, 1)
	go func() {
		_, err := r.stream.Events(t.Context(), "http", r.clock.Load(), []freshet.Event{act("ada", "click", "i-4", t0+1)}, nil)
		posted <- err
	}()
	held := func() bool {
		s = r.slate(t, serve.Request{User: "ada", N: 6, Exclude: []freshet.ItemID{"i-2"}})
		return slices.Equal(routesOf(s.Degraded), []string{"state:held", "slate:fallback_popular"})
	}
	until(t, "nobody may read the state", held)
	if len(s.Items) != 6 || s.Fallback != 6 || slices.Contains(shown(s), "i-2") || s.Items[0].Doc == nil {
		t.Errorf("slate %v, %d from the fallback list", shown(s), s.Fallback)
	}
	r.clock.Add(6000)
	if name, since := r.Held(); name != "r-itemcf" || since.UnixMilli() != t0 {
		t.Errorf("held by %q since %s", name, since)
	}
	close(goOn)
	if err := <-posted; err != nil {
		t.Fatal(err)
	}
	until(t, "nobody holds the state", func() bool {
		name, _ := r.Held()
		return name == ""
	})
	if s := r.slate(t, serve.Request{User: "ada", N: 6, Timeout: serve.MaxTimeout}); len(s.Degraded) != 0 || len(s.Items) != 6 || slices.Contains(shown(s), "i-4") {
		t.Errorf("afterwards: slate %v, degraded %q", shown(s), s.Degraded)
	}
}
