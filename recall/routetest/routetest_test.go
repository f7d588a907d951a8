package routetest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
)

// wanted proposes what somebody wanted, latecomers first: the simplest route there is, and
// the one to break.
type wanted struct {
	name   string
	items  []uint32 // in the order they were first wanted
	known  map[uint32]bool
	answer func(ctx context.Context, req *recall.Request, n int, sound []recall.Proposal) ([]recall.Proposal, error)
	late   bool // never looks at the context
}

func (r *wanted) Name() string { return r.name }

func (r *wanted) Apply(a *recall.Act) {
	if a.Item == 0 || !a.Signal.Positive() {
		return
	}
	if r.known == nil {
		r.known = map[uint32]bool{}
	}
	if !r.known[a.Item] {
		r.known[a.Item] = true
		r.items = append(r.items, a.Item)
	}
}

func (r *wanted) Pack(w *pack.Writer) {
	w.Len(len(r.items))
	for _, item := range r.items {
		w.Uint(uint64(item))
	}
}

func (r *wanted) Unpack(from *pack.Reader, items int) {
	r.known = map[uint32]bool{}
	for range from.Len(1) {
		item := from.Number(items)
		r.items, r.known[item] = append(r.items, item), true
	}
}

func (r *wanted) Recall(ctx context.Context, req *recall.Request, n int) ([]recall.Proposal, error) {
	var out []recall.Proposal
	for i, item := range slices.Backward(r.items) {
		if (len(r.items)-1-i)%1000 == 0 && ctx.Err() != nil && !r.late {
			return nil, ctx.Err()
		}
		if len(out) < n && !req.Skip(item) {
			out = append(out, recall.Proposal{Item: item, Score: -float64(len(out)), Because: recall.Because{Code: recall.Popular}})
		}
	}
	if r.answer != nil {
		return r.answer(ctx, req, n, out)
	}
	return out, nil
}

// opener makes fixtures around routes that number items by themselves.
func opener(route func() recall.Route) func() Fixture {
	return func() Fixture {
		numbers := map[freshet.ItemID]uint32{}
		seen := func(id freshet.ItemID, _ int64) uint32 {
			if numbers[id] == 0 {
				numbers[id] = uint32(len(numbers) + 1)
			}
			return numbers[id]
		}
		return Fixture{
			Route: route(), Histories: &recall.Histories{}, Seen: seen,
			Upsert: func(doc *freshet.Item, t int64) uint32 { return seen(doc.ID, t) },
		}
	}
}

func TestRun(t *testing.T) {
	Run(t, opener(func() recall.Route { return &wanted{name: "wanted"} }))
}

// Each way to break a route is found by the check of that promise.
func TestBrokenRoutesAreFound(t *testing.T) {
	type broken func(ctx context.Context, req *recall.Request, n int, sound []recall.Proposal) ([]recall.Proposal, error)
	one := []recall.Proposal{{Item: 1, Because: recall.Because{Code: recall.Popular}}}
	fails := errors.New("out of order")
	var asked atomic.Int64
	tests := []struct {
		name   string
		found  []string // the checks that find it
		answer broken
		route  wanted
	}{
		{"no name", []string{"has a name"}, nil, wanted{}},
		{"never an answer", []string{"answers are sound", "an ended context is an error"},
			func(context.Context, *recall.Request, int, []recall.Proposal) ([]recall.Proposal, error) {
				return nil, nil
			}, wanted{name: "w"}},
		{"always an answer", []string{"empty, it has nothing to say", "answers are sound"},
			func(context.Context, *recall.Request, int, []recall.Proposal) ([]recall.Proposal, error) {
				return one, nil
			}, wanted{name: "w"}},
		{"fails", []string{"empty, it has nothing to say", "answers are sound", "strange requests are no failure", "equal histories give equal answers",
			"readers do not disturb each other", "an ended context is an error"},
			func(context.Context, *recall.Request, int, []recall.Proposal) ([]recall.Proposal, error) {
				return nil, fails
			}, wanted{name: "w"}},
		{"one too many", []string{"answers are sound", "strange requests are no failure"},
			func(_ context.Context, _ *recall.Request, n int, sound []recall.Proposal) ([]recall.Proposal, error) {
				return append(sound, sound...), nil
			}, wanted{name: "w"}},
		{"turns the request's acts", []string{"answers are sound", "strange requests are no failure"},
			func(_ context.Context, req *recall.Request, n int, sound []recall.Proposal) ([]recall.Proposal, error) {
				slices.Reverse(req.Recent)
				return sound, nil
			}, wanted{name: "w"}},
		{"remembers requests", []string{"equal histories give equal answers", "readers do not disturb each other"},
			func(_ context.Context, _ *recall.Request, _ int, sound []recall.Proposal) ([]recall.Proposal, error) {
				for i := range sound {
					sound[i].Score += float64(asked.Load())
				}
				asked.Add(1)
				return sound, nil
			}, wanted{name: "w"}},
		{"deaf to its context", []string{"an ended context is an error", "a context that ends on the way is noticed"}, nil, wanted{name: "w", late: true}},
		{"another error than the context's", []string{"an ended context is an error", "a context that ends on the way is noticed"},
			func(ctx context.Context, _ *recall.Request, _ int, sound []recall.Proposal) ([]recall.Proposal, error) {
				if ctx.Err() != nil {
					return nil, fails
				}
				return sound, nil
			}, wanted{name: "w", late: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			open := opener(func() recall.Route {
				r := tt.route
				r.answer = tt.answer
				return &r
			})
			for _, c := range checks {
				err := c.check(t.Context(), open)
				if found := err != nil; found != slices.Contains(tt.found, c.name) {
					t.Errorf("%q says %v; the broken promises are %q", c.name, err, tt.found)
				}
			}
		})
	}
}

// silent never proposes and never asks Skip.
type silent struct{}

func (silent) Pack(*pack.Writer)        {}
func (silent) Unpack(*pack.Reader, int) {}

func (silent) Name() string      { return "silent" }
func (silent) Apply(*recall.Act) {}
func (silent) Recall(context.Context, *recall.Request, int) ([]recall.Proposal, error) {
	return nil, nil
}

func TestARouteThatSaysNothingIsFound(t *testing.T) {
	open := opener(func() recall.Route { return silent{} })
	for _, c := range checks {
		switch err := c.check(t.Context(), open); c.name {
		case "answers are sound", "an ended context is an error", "a context that ends on the way is noticed":
			if err == nil {
				t.Errorf("%q finds nothing wrong", c.name)
			}
		default:
			if err != nil {
				t.Errorf("%q says %v", c.name, err)
			}
		}
	}
}
