package routetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet"
)

// checkEnded asks with contexts that are over, wherever the route has an answer.
func checkEnded(ctx context.Context, open func() Fixture) error {
	w := newWorld(open())
	clock := w.playOut(3)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	expired, cancel := context.WithTimeout(ctx, 0)
	defer cancel()
	asked := 0
	for visitor := range uint32(visitors + 1) {
		req := w.request(visitor, clock, nil)
		whole, err := w.Route.Recall(ctx, req, 10)
		if err != nil {
			return fmt.Errorf("visitor %d: %w", visitor, err)
		}
		if len(whole) == 0 {
			continue
		}
		asked++
		for _, over := range []context.Context{canceled, expired} {
			if got, err := w.Route.Recall(over, req, 10); !errors.Is(err, over.Err()) || len(got) != 0 {
				return fmt.Errorf("visitor %d: Recall = %d proposals, %v; want none and %v", visitor, len(got), err, over.Err())
			}
		}
	}
	if asked == 0 {
		return fmt.Errorf("nobody's request had an answer to interrupt")
	}
	return nil
}

// callsAfterEnd is how much a route may do after its context has ended, in calls of Skip: a
// millisecond's worth at 100 ns a call.
const callsAfterEnd = 10_000

// checkEnding ends the context within the first call of Skip, in a world of many items that
// are all refused: a route that does not look up goes through all of them.
func checkEnding(ctx context.Context, open func() Fixture) error {
	const many = callsAfterEnd * 3 / 2
	w := newWorld(open())
	for i := range many {
		w.upsert(entry(i, start, true), start)
	}
	for i := range int64(many) {
		for again := range int64(2) { // by two visitors each, so that something goes together
			w.event(1+uint32((i+again)%visitors), freshet.ItemID(fmt.Sprintf("item %d", i)), "click", start+i)
		}
	}
	w.search(1, "milk powder", start+many)
	for visitor := range uint32(4 * visitors) { // far more than come to any other
		w.event(1+visitor, "item 7", "click", start+many-1)
	}
	ending, cancel := context.WithCancel(ctx)
	defer cancel()
	calls := 0
	got, err := w.Route.Recall(ending, w.request(1, start+many, func(uint32) bool {
		cancel()
		calls++
		return true
	}), 10)
	switch {
	case calls == 0:
		return fmt.Errorf("the route never asked Skip")
	case len(got) != 0 || err != nil && !errors.Is(err, context.Canceled):
		return fmt.Errorf("got %d proposals, %v; want none, and %v unless it was done", len(got), err, context.Canceled)
	case calls > callsAfterEnd:
		return fmt.Errorf("the route asked Skip %d times after the context ended, want at most %d", calls-1, callsAfterEnd)
	}
	return nil
}
