package serve_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/serve"
)

// partner is somebody outside who does what the function does.
type partner func(ctx context.Context, q *serve.Question) ([]recall.External, error)

func (p partner) Propose(ctx context.Context, q *serve.Question) ([]recall.External, error) {
	return p(ctx, q)
}

func said(pairs ...any) (list []recall.External) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, recall.External{Item: freshet.ItemID(fmt.Sprint(pairs[i])), Score: float64(pairs[i+1].(int))})
	}
	return list
}

var withPartner = []string{"itemcf", "external", "popular"}

// outsideScores are the places of a slate that the partner's route proposed, by item.
func outsideScores(s *serve.Reply) map[freshet.ItemID]float64 {
	scores := map[freshet.ItemID]float64{}
	for _, it := range s.Items {
		for _, route := range it.Routes {
			if route.Route == "r-external" {
				scores[it.Item] = route.Score
			}
		}
	}
	return scores
}

// ofPartner is what became of the partner's route.
func ofPartner(s *serve.Reply) string {
	for _, d := range s.Degraded {
		if what, ok := strings.CutPrefix(d, "recall.r-external:"); ok {
			return what
		}
	}
	return "ok"
}

// TestAPartnerAnswers: what comes from outside is proposed, is in the record as it came, and a
// replay asks nobody.
func TestAPartnerAnswers(t *testing.T) {
	var asked []serve.Question
	r := newRig(t, plan{disk: filled(t), routes: withPartner, outside: partner(func(_ context.Context, q *serve.Question) ([]recall.External, error) {
		asked = append(asked, *q)
		return said("i-7", 3, "i-8", 5, "i-1", 9), nil
	})})
	req := serve.Request{User: "ada", N: 6, Context: map[string]any{"page": "x"}, Seeds: []freshet.ItemID{"i-3"}, Timeout: 5 * time.Second}
	s := r.slate(t, req)
	if want := map[freshet.ItemID]float64{"i-7": 3, "i-8": 5}; !reflect.DeepEqual(outsideScores(s), want) || len(s.Degraded) != 0 { // i-1 was seen
		t.Errorf("of the partner %v, want %v; degraded %q", outsideScores(s), want, s.Degraded)
	}
	want := serve.Question{Request: s.Request, Scene: "home", Time: s.Time, User: "ada", N: 100, Context: req.Context,
		Recent: []serve.Recent{{Item: "i-3", Time: s.Time}, {Event: "click", Item: "i-1", Time: t0}}}
	if len(asked) != 1 || !reflect.DeepEqual(asked[0], want) {
		t.Errorf("asked %+v, want %+v", asked, want)
	}
	rec := comesAgain(t, r, s.Request, withPartner...)
	if route := rec.Routes[1]; !reflect.DeepEqual(route.Said, said("i-7", 3, "i-8", 5, "i-1", 9)) || route.Count != 2 || route.Status != "ok" {
		t.Errorf("recorded %+v", route)
	}
	if len(asked) != 1 {
		t.Error("the replay asked")
	}
}

// TestAPartnerInTrouble: whatever goes wrong outside costs candidates of that route only, is
// named, and the slate comes again from its record.
func TestAPartnerInTrouble(t *testing.T) {
	endless := slices.Concat(said("i-7", 1), slices.Repeat(said("u-1", 1), 1_000_000))
	for name, c := range map[string]struct {
		propose partner
		status  string
		scores  map[freshet.ItemID]float64
		told    string
	}{
		"an error": {func(context.Context, *serve.Question) ([]recall.External, error) {
			return said("i-7", 1), errors.New("418")
		}, "error", nil, "418"},
		"no form": {func(context.Context, *serve.Question) ([]recall.External, error) {
			return nil, fmt.Errorf("%w: <html>", recall.ErrGarbage)
		}, "garbage", nil, "<html>"},
		"in part": {func(context.Context, *serve.Question) ([]recall.External, error) {
			return said("i-7", 1), fmt.Errorf("%w: 1 of 2", recall.ErrGarbage)
		}, "garbage", map[freshet.ItemID]float64{"i-7": 1}, "1 of 2"},
		"unknown": {func(context.Context, *serve.Question) ([]recall.External, error) {
			return said("i-7", 1, "x", 9, "i-7", 5), nil
		}, "garbage", map[freshet.ItemID]float64{"i-7": 1}, "of 3 items 2"},
		"it panics": {func(context.Context, *serve.Question) ([]recall.External, error) { panic("outside") }, "panic", nil, "outside_test.go"},
		"it is late": {func(ctx context.Context, _ *serve.Question) ([]recall.External, error) {
			<-ctx.Done()
			return said("i-7", 1), ctx.Err()
		}, "timeout", nil, "no answer within 60ms"},
		"too many": {func(context.Context, *serve.Question) ([]recall.External, error) { return endless, nil }, "garbage", map[freshet.ItemID]float64{"i-7": 1}, "of 100 items"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, plan{disk: filled(t), routes: withPartner, budget: 60, outside: c.propose})
				s := r.slate(t, serve.Request{User: "ada", N: 6, Timeout: 5 * time.Second})
				if !slices.Equal(s.Degraded[:1], []string{"recall.r-external:" + c.status}) || len(s.Items) == 0 {
					t.Errorf("degraded %q, %d items", s.Degraded, len(s.Items))
				}
				if got := outsideScores(s); len(got)+len(c.scores) > 0 && !reflect.DeepEqual(got, c.scores) {
					t.Errorf("of the partner %v, want %v", got, c.scores)
				}
				if told := r.reported(); len(told) != 1 || !strings.Contains(told[0], c.told) {
					t.Errorf("told %q", told)
				}
				if rec := comesAgain(t, r, s.Request, withPartner...); rec.Routes[1].Status != c.status || len(rec.Routes[1].Said) > 100 {
					t.Errorf("recorded %s with %d items", rec.Routes[1].Status, len(rec.Routes[1].Said))
				}
			})
		})
	}
}

// TestSlots: calls that do not return take slots; when all are taken the route is busy at once,
// and slates go on. It is asked again once they return.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		goOn := make(chan struct{})
		r := newRig(t, plan{disk: filled(t), routes: withPartner, slots: 2, budget: 20, outside: partner(func(context.Context, *serve.Question) ([]recall.External, error) {
			calls.Add(1)
			<-goOn // whatever the time
			return said("i-7", 1), nil
		})})
		ask := func() string {
			s := r.slate(t, serve.Request{User: "ada", N: 3, Timeout: 5 * time.Second})
			if len(s.Items) != 3 {
				t.Errorf("%d items", len(s.Items))
			}
			return ofPartner(s)
		}
		if got := []string{ask(), ask(), ask(), ask()}; !slices.Equal(got, []string{"timeout", "timeout", "busy", "busy"}) || calls.Load() != 2 {
			t.Errorf("%q after %d calls", got, calls.Load())
		}
		close(goOn)
		for ask() != "ok" {
			time.Sleep(time.Millisecond)
		}
	})
}

// TestTheFuse: a partner that fails again and again is not waited for, asked once a second, and
// believed again when it answers.
func TestTheFuse(t *testing.T) {
	var calls atomic.Int64
	var well atomic.Bool
	r := newRig(t, plan{disk: filled(t), routes: withPartner, outside: partner(func(context.Context, *serve.Question) ([]recall.External, error) {
		calls.Add(1)
		if well.Load() {
			return said("i-7", 1), nil
		}
		return nil, errors.New("refused")
	})})
	ask := func() string { return ofPartner(r.slate(t, serve.Request{User: "ada", N: 3, DryRun: true})) }
	for range 5 {
		if got := ask(); got != "error" {
			t.Errorf("%q", got)
		}
	}
	for range 10 {
		if got := ask(); got != "busy" {
			t.Errorf("%q once it failed five times", got)
		}
	}
	r.clock.Add(1001)
	if got := []string{ask(), ask()}; !slices.Equal(got, []string{"error", "busy"}) || calls.Load() != 6 {
		t.Errorf("a second later %q, %d calls", got, calls.Load())
	}
	well.Store(true)
	r.clock.Add(1001)
	for range 3 {
		if got := ask(); got != "ok" {
			t.Errorf("%q once it is well", got)
		}
	}
	if told := r.reported(); len(told) != 2 || !strings.Contains(told[1], "5 calls failed") {
		t.Errorf("told %q", told)
	}
}

// TestOldRecords: a record from before routes asked outside, or places were kept, reads as ever.
func TestOldRecords(t *testing.T) {
	rec := fold.Served{Routes: []fold.ServedRoute{{Name: "a", Status: "ok"}, {Name: "b", Status: "garbage"}, {Name: "c", Status: "garbage", Said: said("x", 1)}}}
	for i, want := range []bool{true, false, true} {
		if got := rec.Routes[i].Answered(); got != want {
			t.Errorf("route %d answered: %v", i, got)
		}
	}
	if got := rec.External(); !reflect.DeepEqual(got, map[string][]recall.External{"c": said("x", 1)}) {
		t.Errorf("%v", got)
	}
}
