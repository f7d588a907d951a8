package routetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// Run checks that the routes open makes keep the promises of recall.Route. Each call of open
// returns a new Fixture. It belongs under -race as well: readers are concurrent there.
func Run(t *testing.T, open func() Fixture) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if err := c.check(t.Context(), open); err != nil {
				t.Error(err)
			}
		})
	}
}

// checks are the promises; each returns what it found broken first.
var checks = []struct {
	name  string
	check func(ctx context.Context, open func() Fixture) error
}{
	{"has a name", checkName},
	{"empty, it has nothing to say", checkEmpty},
	{"answers are sound", checkSound},
	{"strange requests are no failure", checkStrange},
	{"equal histories give equal answers", checkEqual},
	{"readers do not disturb each other", checkReaders},
	{"unpacked it goes on alike", checkUnpacked},
	{"an ended context is an error", checkEnded},
	{"a context that ends on the way is noticed", checkEnding},
}

func checkName(_ context.Context, open func() Fixture) error {
	route := open().Route
	if first, second := route.Name(), route.Name(); first == "" || first != second {
		return fmt.Errorf("first it is named %q, then %q; want one name", first, second)
	}
	return nil
}

func checkEmpty(ctx context.Context, open func() Fixture) error {
	w := newWorld(open())
	for _, recent := range [][]recall.Past{nil, {{Item: 3, Time: start, Name: "click"}}} {
		req := w.request(1, start, nil)
		req.Recent = recent
		if got, err := w.Route.Recall(ctx, req, 10); err != nil || len(got) != 0 {
			return fmt.Errorf("with nothing folded in, Recall = %v, %v; want no proposals and no error", got, err)
		}
	}
	return nil
}

// checkSound asks all along three histories, for everybody, in every size, skipping various
// items.
func checkSound(ctx context.Context, open func() Fixture) error {
	for seed := range uint64(3) {
		w := newWorld(open())
		proposed := 0
		for n, clock := range w.play(seed) {
			if n%20 != 0 {
				continue
			}
			got, err := w.askAll(ctx, clock)
			if err != nil {
				return fmt.Errorf("seed %d, after %d facts: %w", seed, n, err)
			}
			proposed += got
		}
		if proposed == 0 {
			return fmt.Errorf("seed %d: no request of a whole history got a proposal", seed)
		}
	}
	return nil
}

// askAll returns how many proposals came in all.
func (w *world) askAll(ctx context.Context, clock int64) (int, error) {
	proposed := 0
	for visitor := range uint32(visitors + 2) { // nobody, those of the world, one unheard of
		seen := func(item uint32) bool { _, ok := w.Histories.Seen(visitor, item); return ok }
		odd := func(item uint32) bool { return item%2 == 1 }
		all := func(uint32) bool { return true }
		for _, skip := range []func(uint32) bool{nil, seen, odd, all} {
			for _, n := range []int{0, 1, 2, 7, 1000} {
				got, err := w.ask(ctx, w.request(visitor, clock, skip), n)
				if err != nil {
					return 0, fmt.Errorf("visitor %d at %d, %d asked for: %w", visitor, clock, n, err)
				}
				proposed += got
			}
		}
	}
	return proposed, nil
}

// ask asks once and returns how many proposals came, or what is wrong with them.
func (w *world) ask(ctx context.Context, req *recall.Request, n int) (int, error) {
	before, recent, disliked, queries := *req, slices.Clone(req.Recent), slices.Clone(req.Disliked), slices.Clone(req.Queries)
	got, err := w.Route.Recall(ctx, req, n)
	if err != nil {
		return 0, err
	}
	if req.Time != before.Time || req.Newest != before.Newest || req.Visitor != before.Visitor ||
		!slices.Equal(req.Recent, recent) || !slices.Equal(req.Disliked, disliked) || !slices.Equal(req.Queries, queries) {
		return 0, fmt.Errorf("the request was changed, to %+v", *req)
	}
	return len(got), fault(got, req, n, w.last)
}

// checkStrange asks what a client may bring about: acts on items that no route knows, times
// far from every event.
func checkStrange(ctx context.Context, open func() Fixture) error {
	w := newWorld(open())
	clock := w.playOut(2)
	unknown := recall.Past{Item: w.last + 1000, Time: clock, Name: "click"}
	for _, q := range []int64{0, start, clock, clock + int64(36500*freshet.Day)} {
		known := w.request(1, q, nil)
		mixed, strange, eventless, wordy, lost := *known, *known, *known, *known, *known
		mixed.Recent = append([]recall.Past{unknown}, known.Recent...)
		strange.Recent = []recall.Past{unknown}
		eventless.Newest = 0
		wordy.Queries = nil
		for _, text := range []string{"", " ", "🍼", "nobody knows this", strings.Repeat("milk ", 20_000), "\xff\xfe", "牛奶粉"} {
			wordy.Queries = append(wordy.Queries, recall.Query{Text: text, Time: clock})
		}
		lost.Context = map[string]any{"lat": json.Number("1000"), "lon": "east"}
		lost.Disliked = []recall.Past{unknown}
		for _, req := range []*recall.Request{known, &mixed, &strange, &eventless, &wordy, &lost} {
			if _, err := w.ask(ctx, req, 20); err != nil {
				return fmt.Errorf("at %d, newest event %d, after %v: %w", q, req.Newest, req.Recent, err)
			}
		}
	}
	return nil
}
