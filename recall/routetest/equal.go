package routetest

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
)

// answers asks for every visitor at a few times around the clock, skipping every third item.
func (w *world) answers(ctx context.Context, clock int64) ([][]recall.Proposal, error) {
	var all [][]recall.Proposal
	for visitor := range uint32(visitors + 2) {
		for _, q := range []int64{clock - slack, clock, clock + int64(freshet.Hour), clock + int64(300*freshet.Day)} {
			got, err := w.Route.Recall(ctx, w.request(visitor, q, func(item uint32) bool { return item%3 == 0 }), 10)
			if err != nil {
				return nil, fmt.Errorf("visitor %d at %d: %w", visitor, q, err)
			}
			all = append(all, append([]recall.Proposal{}, got...)) // no proposals are nil or empty, as the route likes
		}
	}
	return all, nil
}

// checkEqual plays one history to two routes, only one of which is asked on the way, and asks
// that one twice at the end: reading changes nothing either.
func checkEqual(ctx context.Context, open func() Fixture) error {
	for seed := range uint64(3) {
		asked, silent := newWorld(open()), newWorld(open())
		clock := silent.playOut(seed)
		for n, now := range asked.play(seed) {
			if n%20 != 0 {
				continue
			}
			if _, err := asked.answers(ctx, now); err != nil {
				return fmt.Errorf("seed %d, after %d facts: %w", seed, n, err)
			}
		}
		want, err := silent.answers(ctx, clock)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		for _, time := range []string{"first", "then"} {
			got, err := asked.answers(ctx, clock)
			if err != nil {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
			if !reflect.DeepEqual(got, want) {
				return fmt.Errorf("seed %d: %s one route answers\n%v\nthe other\n%v", seed, time, got, want)
			}
		}
	}
	return nil
}

// checkReaders asks one route from many goroutines at once.
func checkReaders(ctx context.Context, open func() Fixture) error {
	const readers, rounds = 8, 5
	w := newWorld(open())
	clock := w.playOut(1)
	want, err := w.answers(ctx, clock)
	if err != nil {
		return err
	}
	errs := make([]error, readers)
	var wg sync.WaitGroup
	for reader := range readers {
		wg.Go(func() {
			for range rounds {
				got, err := w.answers(ctx, clock)
				if err == nil && !reflect.DeepEqual(got, want) {
					err = fmt.Errorf("beside others it got\n%v\nalone\n%v", got, want)
				}
				if err != nil {
					errs[reader] = fmt.Errorf("reader %d: %w", reader, err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkUnpacked packs a route in the midst of a history, and has another that is unpacked from that
// go on beside it.
func checkUnpacked(ctx context.Context, open func() Fixture) error {
	for seed := range uint64(3) {
		live, again := newWorld(open()), newWorld(open())
		if live.Again == nil {
			return nil
		}
		for n := range again.play(seed) {
			if n == facts/2 {
				break
			}
		}
		packed := packedOf(again.Route)
		again.Route = again.Again()
		r := pack.NewReader(packed)
		again.Route.Unpack(r, int(again.last)+1)
		if err := r.Done(); err != nil {
			return fmt.Errorf("seed %d: unpack: %w", seed, err)
		}
		if !bytes.Equal(packed, packedOf(again.Route)) {
			return fmt.Errorf("seed %d: packed again it is other bytes", seed)
		}
		clock := int64(0)
		for n, now := range live.play(seed) {
			if clock = now; n == facts/2 {
				break
			}
		}
		want, err := live.answers(ctx, clock)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		got, err := again.answers(ctx, clock)
		if err != nil {
			return fmt.Errorf("seed %d, unpacked: %w", seed, err)
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("seed %d: unpacked it answers\n%v\ninstead of\n%v", seed, got, want)
		}
		for _, w := range []*world{live, again} { // what both keep from here on is the same
			for i := range items {
				w.upsert(entry(i, clock, i%2 == 0), clock)
				w.event(1+uint32(i%visitors), entry(i, 0, false).ID, "click", clock+int64(i))
			}
		}
		if !bytes.Equal(packedOf(live.Route), packedOf(again.Route)) {
			return fmt.Errorf("seed %d: an unpacked route and one that never stopped take in the same and pack to other bytes", seed)
		}
	}
	return nil
}

func packedOf(route recall.Route) []byte {
	var w pack.Writer
	route.Pack(&w)
	return w.Bytes
}
