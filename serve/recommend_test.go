package serve_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
)

// TestReadYourWrites: after each acknowledged click the next slate reflects it.
func TestReadYourWrites(t *testing.T) {
	const users, items, steps = 12, 400, 1000
	rng := rand.New(rand.NewPCG(3, 5))
	r := newRig(t, plan{})
	r.stock(t, items)
	clicked := map[string]map[freshet.ItemID]bool{}
	for step := range steps {
		r.clock.Add(rng.Int64N(5000))
		user := fmt.Sprintf("u-%d", rng.IntN(users))
		item := fmt.Sprintf("i-%d", 1+int(float64(items)*rng.Float64()*rng.Float64()))
		p := r.post(t, act(user, "click", item, r.clock.Load()-rng.Int64N(60_000)))
		if clicked[user] == nil {
			clicked[user] = map[freshet.ItemID]bool{}
		}
		clicked[user][freshet.ItemID(item)] = true
		s := r.slate(t, serve.Request{User: freshet.UserID(user), MinPosition: p, N: 20})
		if !s.Reflected || s.Position < p || s.Last == nil || s.Last.Position != p || len(s.Degraded) > 0 {
			t.Fatalf("step %d: acknowledged at %s; reflected %v at %s, last %+v, degraded %q", step, p, s.Reflected, s.Position, s.Last, s.Degraded)
		}
		for _, id := range shown(s) {
			if clicked[user][id] {
				t.Fatalf("step %d: %s is shown %s, which they clicked", step, user, id)
			}
		}
		if len(s.Items) != min(20, items-len(clicked[user])) {
			t.Fatalf("step %d: %d items", step, len(s.Items))
		}
	}
}

// TestReadYourWritesSideBySide does the same from many sides at once.
func TestReadYourWritesSideBySide(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 50)
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			user := fmt.Sprintf("u-%d", w)
			for i := range 25 {
				item := fmt.Sprintf("i-%d", 1+(i*7+w)%50)
				p := r.post(t, act(user, "click", item, t0))
				s := r.slate(t, serve.Request{User: freshet.UserID(user), MinPosition: p})
				if !s.Reflected || s.Position < p || slices.Contains(shown(s), freshet.ItemID(item)) {
					t.Errorf("%s clicked %s at %s; the slate at %s, reflected %v, is %v", user, item, p, s.Position, s.Reflected, shown(s))
				}
			}
		})
	}
	wg.Wait()
}

func TestPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, plan{})
		r.stock(t, 3)
		for _, wait := range []time.Duration{0, time.Millisecond} {
			s := r.slate(t, serve.Request{MinPosition: 1 << 60, Wait: wait})
			if s.Reflected || len(s.Items) != 3 || len(s.Degraded) != 0 {
				t.Errorf("a position far ahead, waiting %s: %+v", wait, s)
			}
		}
		// A position that is reached while the request waits.
		next := r.log.Last() + 1
		got := make(chan *serve.Reply, 1)
		go func() {
			reply, err := r.Recommend(t.Context(), &serve.Request{User: "ada", MinPosition: next, Wait: serve.MaxWait, DryRun: true})
			if err != nil {
				t.Error(err)
			}
			got <- reply
		}()
		p := r.post(t, act("ada", "click", "i-1", t0))
		if s := <-got; s == nil || !s.Reflected || s.Position < p || p != next || slices.Contains(shown(s), "i-1") {
			t.Errorf("waited for %s, posted at %s: %+v", next, p, s)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Recommend(ended, &serve.Request{MinPosition: 1 << 60, Wait: serve.MaxWait}); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that has gone gets %v", err)
		}
	})
}

// past gives ada two clicks that lead to different neighbours: a to a-1, b to b-1.
func past(t *testing.T, r *rig, first, second int64) {
	t.Helper()
	for i, pair := range [][2]string{{"a", "a-1"}, {"b", "b-1"}} {
		for u := range 3 {
			user := fmt.Sprintf("crowd-%d-%d", i, u)
			r.post(t, act(user, "click", pair[0], t0-2000), act(user, "click", pair[1], t0-1000))
		}
	}
	r.post(t, act("ada", "click", "a", first))
	r.post(t, act("ada", "click", "b", second))
}

func TestTheLatestActLeads(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second int64 // when ada clicked a, then b
		want          freshet.ItemID
	}{
		{"later", t0 - 500, t0 - 400, "b-1"},
		{"earlier in event time", t0 - 400, t0 - 500, "a-1"},
		{"in the same second, the one that came last", t0 - 500, t0 - 500, "b-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, plan{routes: []string{"itemcf"}})
			past(t, r, c.first, c.second)
			s := r.slate(t, serve.Request{User: "ada"})
			if got := shown(s); len(got) != 2 || got[0] != c.want {
				t.Fatalf("slate %v, want %s first", got, c.want)
			}
			if because := s.Items[0].Reason; because.Code != recall.LikeRecent || because.Item != c.want[:1] || because.Event != "click" {
				t.Errorf("reason %+v", because)
			}
		})
	}
}

func TestRecentIsUsedAndNotStored(t *testing.T) {
	r := newRig(t, plan{})
	past(t, r, t0-500, t0-400)
	r.put(t, freshet.Item{ID: "a", Title: "The A"})
	before := r.slate(t, serve.Request{User: "bob", DryRun: true})
	last, keys := r.log.Last(), r.Sizes()
	recent := []serve.Recent{{Event: "view", Item: "x"}, {Event: "click", Item: "a", Time: t0 - 3000}}
	with := r.slate(t, serve.Request{User: "bob", Recent: recent, DryRun: true})
	if got := shown(with); got[0] != "a-1" || slices.Contains(got, "a") {
		t.Errorf("slate %v after a click on a", got)
	}
	if got, want := serve.Words(&with.Items[0], with.Time), "like The A, clicked 3 s ago"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	if with.Last != nil {
		t.Errorf("an act that was only brought along counts as an event: %+v", with.Last)
	}
	after := r.slate(t, serve.Request{User: "bob", DryRun: true})
	if r.log.Last() != last || r.Sizes() != keys || !reflect.DeepEqual(shown(after), shown(before)) || r.state.Histories.Recent(r.state.Visitor("u:bob")) != nil {
		t.Errorf("recent acts left something: slate %v, before %v", shown(after), shown(before))
	}
	// Without a time an act is one of now.
	now := r.slate(t, serve.Request{User: "bob", Recent: []serve.Recent{{Event: "click", Item: "b", Time: t0 - 3000}, {Event: "click", Item: "a"}}, DryRun: true})
	if got := serve.Words(&now.Items[0], now.Time); now.Items[0].Item != "a-1" || got != "like The A, clicked just now" {
		t.Errorf("%s first, said %q", now.Items[0].Item, got)
	}
	// What is disliked is left out and leads nowhere; what was only on screen does nothing.
	for _, c := range []struct {
		event string
		gone  bool
	}{{"hide", true}, {"expose", false}, {"search", false}, {"no such event", false}} {
		s := r.slate(t, serve.Request{User: "bob", Recent: []serve.Recent{{Event: c.event, Item: "a", Time: t0}}, DryRun: true})
		if slices.Contains(shown(s), "a") == c.gone || s.Items[0].Reason.Code == recall.LikeRecent {
			t.Errorf("recent %q: slate %v, %+v", c.event, shown(s), s.Items[0].Reason)
		}
	}
}

func TestSeeds(t *testing.T) {
	r := newRig(t, plan{})
	past(t, r, t0-500, t0-400)
	for _, user := range []freshet.UserID{"", "bob"} {
		s := r.slate(t, serve.Request{User: user, Seeds: []freshet.ItemID{"b"}})
		if got := shown(s); got[0] != "b-1" || slices.Contains(got, "b") {
			t.Errorf("%q looks at b: slate %v", user, got)
		}
		if got := serve.Words(&s.Items[0], s.Time); got != "like b" {
			t.Errorf("said %q", got)
		}
	}
	_, err := r.Recommend(t.Context(), &serve.Request{Seeds: []freshet.ItemID{"b", "nothing"}})
	var p *serve.Problem
	if !errors.As(err, &p) || p.Code != "unknown_item" || p.Pointer != "/seed_items/1" {
		t.Errorf("error %v", err)
	}
}

func TestExclusions(t *testing.T) {
	hours := func(n int64) *freshet.Duration { d := freshet.Duration(n) * freshet.Hour; return &d }
	r := newRig(t, plan{})
	r.stock(t, 6)
	r.post(t, act("ada", "purchase", "i-1", t0-50*int64(freshet.Minute)), act("ada", "click", "i-2", t0-30*int64(freshet.Minute)),
		act("ada", "expose", "i-3", t0), act("ada", "hide", "i-4", t0-int64(freshet.Minute)))
	half := freshet.Duration(45) * freshet.Minute
	for _, c := range []struct {
		name    string
		req     serve.Request
		missing []freshet.ItemID
		short   []serve.Shortfall
	}{
		{"all that was seen", serve.Request{}, []freshet.ItemID{"i-1", "i-2", "i-4"}, []serve.Shortfall{{"filter", "refused", 1}, {"filter", "seen", 2}, {"recall", "few_items", 7}}},
		{"seen within an hour", serve.Request{SeenWithin: hours(1)}, []freshet.ItemID{"i-1", "i-2", "i-4"}, []serve.Shortfall{{"filter", "refused", 1}, {"filter", "seen", 2}, {"recall", "few_items", 7}}},
		{"seen within 45 minutes", serve.Request{SeenWithin: &half}, []freshet.ItemID{"i-2", "i-4"}, []serve.Shortfall{{"filter", "refused", 1}, {"filter", "seen", 1}, {"recall", "few_items", 6}}},
		{"and purchased", serve.Request{SeenWithin: &half, Purchased: true}, []freshet.ItemID{"i-1", "i-2", "i-4"}, []serve.Shortfall{{"filter", "refused", 1}, {"filter", "seen", 2}, {"recall", "few_items", 7}}},
		{"seen within nothing: what is hidden stays out", serve.Request{SeenWithin: hours(0)}, []freshet.ItemID{"i-4"}, []serve.Shortfall{{"filter", "refused", 1}, {"recall", "few_items", 5}}},
		{"items", serve.Request{SeenWithin: hours(0), Exclude: []freshet.ItemID{"i-3", "i-5", "nothing", "i-5"}}, []freshet.ItemID{"i-3", "i-4", "i-5"},
			[]serve.Shortfall{{"filter", "excluded", 2}, {"filter", "refused", 1}, {"recall", "few_items", 7}}},
		{"everything", serve.Request{Exclude: []freshet.ItemID{"i-3", "i-5", "i-6"}}, []freshet.ItemID{"i-1", "i-2", "i-3", "i-4", "i-5", "i-6"},
			[]serve.Shortfall{{"filter", "excluded", 3}, {"filter", "refused", 1}, {"filter", "seen", 2}, {"recall", "few_items", 10}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.User, c.req.DryRun = "ada", true
			s := r.slate(t, c.req)
			var missing []freshet.ItemID
			for i := range 6 {
				if id := freshet.ItemID(fmt.Sprintf("i-%d", i+1)); !slices.Contains(shown(s), id) {
					missing = append(missing, id)
				}
			}
			if !slices.Equal(missing, c.missing) || !slices.Equal(s.Shortfall, c.short) || len(s.Degraded) != 0 || s.Fallback != 0 {
				t.Errorf("missing %v, want %v; shortfall %+v, want %+v; degraded %q", missing, c.missing, s.Shortfall, c.short, s.Degraded)
			}
		})
	}
}

func TestShortfalls(t *testing.T) {
	r := newRig(t, plan{})
	if s := r.slate(t, serve.Request{}); len(s.Items) != 0 || !slices.Equal(s.Shortfall, []serve.Shortfall{{"recall", "few_items", 10}}) {
		t.Errorf("an empty catalogue: %+v", s)
	}
	r.stock(t, 3)
	r.put(t, freshet.Item{ID: "gone", Unavailable: true})
	if s := r.slate(t, serve.Request{N: 5}); len(s.Items) != 3 || !slices.Equal(s.Shortfall, []serve.Shortfall{{"filter", "unavailable", 1}, {"recall", "few_items", 2}}) {
		t.Errorf("a small catalogue: %+v", s)
	}
	if s := r.slate(t, serve.Request{N: 3}); len(s.Items) != 3 || s.Shortfall != nil {
		t.Errorf("enough: %+v", s)
	}
	r.post(t, act("ada", "click", "i-1", t0), act("ada", "click", "i-2", t0), act("ada", "click", "i-3", t0))
	if s := r.slate(t, serve.Request{User: "ada", N: 2}); len(s.Items) != 0 || !slices.Equal(s.Shortfall, []serve.Shortfall{{"filter", "unavailable", 1}, {"filter", "seen", 3}, {"recall", "few_items", 2}}) {
		t.Errorf("everything is seen: %+v", s)
	}
}

func TestDiffAndDryRun(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 6)
	if s := r.slate(t, serve.Request{User: "ada", N: 4, Diff: true, DryRun: true}); s.Previous != "" || s.Items[0].Was != 0 {
		t.Errorf("nothing was shown yet: %+v", s)
	}
	first := r.slate(t, serve.Request{ID: "one", User: "ada", N: 4})
	r.settled(t)
	last := r.log.Last()
	r.slate(t, serve.Request{ID: "two", User: "ada", N: 2, DryRun: true})
	if r.settled(t); r.log.Last() != last {
		t.Error("a dry run left a record")
	}
	r.post(t, act("ada", "click", string(first.Items[1].Item), t0))
	s := r.slate(t, serve.Request{ID: "three", User: "ada", N: 4, Diff: true, DryRun: true})
	if s.Previous != "one" {
		t.Errorf("compared with %q, want the slate before the dry run", s.Previous)
	}
	for i, it := range s.Items {
		if want := slices.Index(shown(first), it.Item) + 1; it.Was != want {
			t.Errorf("place %d, %s: was %d, want %d", i+1, it.Item, it.Was, want)
		}
	}
	if s := r.slate(t, serve.Request{Anonymous: "ada", Diff: true, DryRun: true}); s.Previous != "" {
		t.Errorf("an anonymous id is compared with a user's slate %q", s.Previous)
	}
	if s := r.slate(t, serve.Request{Diff: true}); s.Previous != "" {
		t.Errorf("nobody is compared with %q", s.Previous)
	}
}

func TestTheTimeAskedFor(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 5)
	newest := t0 + 30_000
	r.post(t, act("ada", "click", "i-1", newest))
	for _, c := range []struct {
		name string
		at   int64
		want int64 // q; 0 is too_old
	}{
		{"now", 0, t0},
		{"the newest event", newest, newest},
		{"as far back as a state is kept", newest - 60_000, newest - 60_000},
		{"1 ms further", newest - 60_001, 0},
		{"1970", 1, 0},
		{"before 1970", -5, 0},
		{"the far future", 253_402_300_799_999, 253_402_300_799_999},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := serve.Request{User: "ada", At: c.at, DryRun: true}
			s, err := r.Recommend(t.Context(), &req)
			var p *serve.Problem
			switch {
			case c.want == 0 && (!errors.As(err, &p) || p.Code != "too_old" || p.Pointer != "/at"):
				t.Errorf("error %v, want too_old", err)
			case c.want == 0:
			case err != nil || s.Time != c.want:
				t.Errorf("slate of %+v, %v; want the time %d", s, err, c.want)
			default:
				r.clock.Add(1) // the clock means nothing when a time is asked for
				again := r.slate(t, req)
				if s.Request, again.Request = "", ""; c.at != 0 && !reflect.DeepEqual(s.Items, again.Items) {
					t.Errorf("asked twice: %+v, then %+v", s.Items, again.Items)
				}
				r.clock.Add(-1)
			}
		})
	}
	r.clock.Store(t0 - 3_600_000) // a clock that was set back
	if s := r.slate(t, serve.Request{DryRun: true}); s.Time != newest-60_000 {
		t.Errorf("with a clock an hour behind the slate is of %d", s.Time)
	}
}

func TestUnknownScene(t *testing.T) {
	r := newRig(t, plan{scenes: map[string]serve.Scene{"home": {Budget: freshet.Minute}, "cart": {Budget: freshet.Minute, Routes: []string{"r-new"}}}})
	r.stock(t, 2)
	_, err := r.Recommend(t.Context(), &serve.Request{Scene: "crat"})
	var p *serve.Problem
	if !errors.As(err, &p) || p.Code != "unknown_scene" || p.Pointer != "/scene" || p.Hint != "scenes are cart, home" {
		t.Errorf("error %+v", p)
	}
	if s := r.slate(t, serve.Request{Scene: "cart"}); s.Scene != "cart" || len(s.Items[0].Routes) != 1 || s.Items[0].Routes[0].Route != "r-new" {
		t.Errorf("slate %+v", s)
	}
	if _, err := serve.New(serve.Options{Scenes: map[string]serve.Scene{"home": {Routes: []string{"nothing"}}}}); err == nil {
		t.Error("a scene names a route that does not exist, and nobody says so")
	}
}
