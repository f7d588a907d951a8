package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// rough is a route that fails, or blocks until its context ends.
type rough struct {
	recall.Route
	blocks bool
}

func (r *rough) Recall(ctx context.Context, _ *recall.Request, _ int) ([]recall.Proposal, error) {
	if !r.blocks {
		return nil, errors.New("the table is gone")
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestDegradedSlates(t *testing.T) {
	first := newRig(t, plan{})
	first.stock(t, 8)
	first.post(t, act("bob", "click", "i-3", t0), act("ada", "click", "i-1", t0))
	trouble := func(blocks bool, routes ...int) func(*fold.State) {
		return func(s *fold.State) {
			for _, i := range routes {
				s.Routes[i] = &rough{s.Routes[i], blocks}
			}
		}
	}
	for _, c := range []struct {
		name, more string
		prepare    func(*fold.State)
		degraded   []string
		fallback   int
	}{
		{"one fails", ``, trouble(false, 0), []string{"recall.covisit:error"}, 0},
		{"one blocks", `,"timeout_ms":250`, trouble(true, 0), []string{"recall.covisit:timeout"}, 0},
		{"all fail", ``, trouble(false, 0, 1, 2), []string{"recall.covisit:error", "recall.hot:error", "recall.new:error", "slate:fallback_popular"}, 5},
		{"all block", `,"timeout_ms":0.001`, trouble(true, 0, 1, 2), []string{"recall.covisit:timeout", "recall.hot:timeout", "recall.new:timeout", "slate:fallback_popular"}, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // who does not block takes none of its time
				r := newRig(t, plan{disk: first.disk.Clone(), prepare: c.prepare})
				s := r.slate(t, `{"user_id":"ada","n":5`+c.more+`}`)
				degraded := slices.DeleteFunc(s.Degraded, func(d string) bool { return d == "served_record:late" }) // without time it is not waited for
				if !slices.Equal(degraded, c.degraded) || s.Filled != 5 || s.FilledBy.Fallback != c.fallback || slices.Contains(s.ids(), "i-1") {
					t.Errorf("slate %q, degraded %q, fallback %d", s.ids(), s.Degraded, s.FilledBy.Fallback)
				}
				if c.fallback > 0 && (s.Items[0].ID != "i-3" || s.Items[0].Why.Code != "fallback" || len(s.Items[0].Why.Routes) != 0) {
					t.Errorf("first of the fallback list: %+v", s.Items[0])
				}
			})
		})
	}
	// Routes that could answer may be late too; the slate is never empty by that.
	r := newRig(t, plan{disk: first.disk.Clone()})
	for range 20 {
		s := r.slate(t, `{"user_id":"ada","n":5,"timeout_ms":0.001,"dry_run":true}`)
		late := slices.ContainsFunc(s.Degraded, func(d string) bool { return strings.HasSuffix(d, ":timeout") })
		if s.Filled != 5 || late != (len(s.Degraded) > 0) || s.FilledBy.Fallback > 0 != slices.Contains(s.Degraded, "slate:fallback_popular") {
			t.Errorf("slate %q, degraded %q", s.ids(), s.Degraded)
		}
	}
}

func TestNobodyKnownAndNothingToSay(t *testing.T) {
	first := newRig(t, plan{})
	first.stock(t, 3)
	r := newRig(t, plan{disk: first.disk.Clone()})
	s := r.slate(t, `{"scene":"item","user_id":"nobody","n":5}`)
	if s.Filled != 3 || s.FilledBy.Fallback != 3 || len(s.Degraded) != 0 || len(s.Shortfall) != 1 || s.Shortfall[0].Missing != 2 {
		t.Errorf("slate %+v", s)
	}
}

func TestSlatesSayWhy(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 6)
	for _, user := range []string{"bob", "cat"} {
		r.post(t, act(user, "click", "i-1", t0-2000), act(user, "click", "i-2", t0-1000))
	}
	r.post(t, act("ada", "click", "i-1", t0-3000))
	s := r.slate(t, `{"user_id":"ada","n":6}`)
	why := s.Items[0].Why
	if s.Items[0].ID != "i-2" || why.Code != "like_recent" || why.ItemID != "i-1" || why.Text != "like Title 1, clicked 3 s ago" || !slices.Equal(why.Routes, []string{"covisit", "hot", "new"}) {
		t.Errorf("first place %+v", s.Items[0])
	}
	if last := s.Items[4]; last.Why.Code != "new" || last.Why.Text != "new, published just now" {
		t.Errorf("last place %+v", last)
	}
	if s.Filled != 5 || len(s.Shortfall) != 2 || s.Shortfall[0].Reason != "seen" || s.Shortfall[0].Removed != 1 || s.Shortfall[1].Reason != "few_items" || s.Shortfall[1].Missing != 1 {
		t.Errorf("filled %d, shortfall %+v", s.Filled, s.Shortfall)
	}
	for i := range s.Items[1:] {
		if s.Items[i+1].Score > s.Items[i].Score {
			t.Errorf("scores do not fall at place %d: %+v", i+2, s.Items)
		}
	}
}

func TestDiffOverHTTP(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 6)
	if s := r.slate(t, `{"user_id":"ada","n":3,"diff":true,"dry_run":true}`); s.Previous == nil || *s.Previous != "" || s.Items[0].Was == nil || *s.Items[0].Was != 0 {
		t.Errorf("no slate before: %+v", s)
	}
	first := r.slate(t, `{"user_id":"ada","n":3}`)
	if first.Previous != nil || first.Items[0].Was != nil {
		t.Errorf("not asked to compare: %+v", first)
	}
	r.settled(t)
	last := r.log.Last()
	if r.slate(t, `{"user_id":"ada","n":3,"dry_run":true}`); r.log.Last() != last {
		t.Error("a dry run left a record")
	}
	r.post(t, act("ada", "click", first.Items[0].ID, t0))
	s := r.slate(t, `{"user_id":"ada","n":3,"diff":true}`)
	if s.Previous == nil || *s.Previous != first.RequestID || *s.Items[0].Was != 2 || *s.Items[1].Was != 3 || *s.Items[2].Was != 0 {
		t.Errorf("after a click on the first: %+v", s)
	}
}

func TestTimesOverHTTP(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 4)
	r.post(t, act("ada", "click", "i-1", t0))
	var p problemDoc
	r.do(t, "POST", "/v1/recommend", fmt.Sprintf(`{"at":%d}`, t0-60_001)).want(t, 422, &p)
	if p.Code != "too_old" || !slices.Equal(found(p.Errors), []string{"too_old /at"}) || !strings.Contains(p.Errors[0].Hint, "2026-11-20T15:03:05.000Z") {
		t.Errorf("problem %+v", p)
	}
	r.do(t, "POST", "/v1/recommend", `{"at":0}`).want(t, 422, &p)
	body := fmt.Sprintf(`{"user_id":"ada","at":%d,"dry_run":true}`, t0-60_000)
	first := r.slate(t, body)
	r.clock.Add(777)
	if again := r.slate(t, body); first.TimeMS != t0-60_000 || again.TimeMS != first.TimeMS || !slices.Equal(again.ids(), first.ids()) {
		t.Errorf("asked twice for one time: %+v, then %+v", first, again)
	}
}

func TestReadYourWritesOverHTTP(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	r := newRig(t, plan{})
	r.stock(t, 300)
	for step := range 300 {
		user, item := fmt.Sprintf("u-%d", rng.IntN(7)), fmt.Sprintf("i-%d", 1+rng.IntN(300))
		out := r.post(t, act(user, "click", item, t0-rng.Int64N(30_000)))
		s := r.slate(t, fmt.Sprintf(`{"user_id":%q,"min_position":%q}`, user, out.Position))
		if !s.Freshness.Reflected || slices.Contains(s.ids(), item) || s.Freshness.Last == nil || s.Freshness.Last.Position != out.Position {
			t.Fatalf("step %d: %s clicked %s at %s: %+v", step, user, item, out.Position, s)
		}
	}
	if s := r.slate(t, `{"min_position":"18446744073709551615","wait_ms":1}`); s.Freshness.Reflected || s.Filled != 10 {
		t.Errorf("a position that nothing has: %+v", s)
	}
}
