package serve

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
)

// Replayed is one slate that was made again, or why it cannot be.
type Replayed struct {
	Record *fold.Served
	Again  *Reply // nil with Err
	Err    error  // a *NotReplayable
}

// ReplayAll makes many slates again in one pass over the journal, and calls done for each as
// it comes; the records may be in any order. Requests that were under way together read in
// turns, each with the state as it stood where it read. The error is that of advance, of done,
// or of ctx.
func (p *Replayer) ReplayAll(ctx context.Context, records []*fold.Served, done func(Replayed) error) error {
	var waiting replays
	defer func() {
		for _, one := range waiting {
			one.stop()
		}
	}()
	for i, rec := range records {
		waiting = append(waiting, &replay{record: rec, at: First(rec), order: i})
	}
	heap.Init(&waiting)
	var at freshet.Position // how far advance has been called
	for len(waiting) > 0 {
		one := waiting[0]
		if err := ctx.Err(); err != nil {
			return err
		}
		if one.at < at {
			return fmt.Errorf("BUG: request %s reads at position %s after %s", one.record.Request, one.at, at)
		}
		if at = one.at; at > 0 {
			if err := p.advance(at); err != nil {
				return err
			}
		}
		if one.next == nil {
			one.begin(ctx, p)
		}
		next, more := one.next()
		if more {
			one.at = next
			heap.Fix(&waiting, 0)
			continue
		}
		one.stop()
		heap.Pop(&waiting)
		if err := one.result.Err; err != nil {
			var why *NotReplayable
			if !errors.As(err, &why) {
				return err
			}
		}
		if err := done(one.result); err != nil {
			return err
		}
	}
	return nil
}

// replay is one request of many. It runs as a coroutine that yields the position it has to read
// at next.
type replay struct {
	record *fold.Served
	at     freshet.Position // where it reads next
	order  int              // among those that read at one position
	next   func() (freshet.Position, bool)
	halt   func()
	result Replayed
}

var errHalted = errors.New("the replay was given up")

func (r *replay) begin(ctx context.Context, p *Replayer) {
	r.result.Record = r.record
	at := r.at
	r.next, r.halt = iter.Pull(func(yield func(freshet.Position) bool) {
		one := &Replayer{server: p.server, advance: func(to freshet.Position) error {
			if to == at || to == 0 { // 0: the request did not read there; that it does now is a difference
				return nil
			}
			if !yield(to) {
				return errHalted
			}
			at = to
			return nil
		}, rows: p.rows}
		r.result.Again, r.result.Err = one.Replay(ctx, r.record)
	})
}

func (r *replay) stop() {
	if r.halt != nil {
		r.halt()
	}
}

// replays is a heap of requests by where they read next.
type replays []*replay

func (r replays) Len() int { return len(r) }
func (r replays) Less(i, j int) bool {
	return r[i].at < r[j].at || r[i].at == r[j].at && r[i].order < r[j].order
}
func (r replays) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r *replays) Push(x any) {
	if one, ok := x.(*replay); ok {
		*r = append(*r, one)
	}
}
func (r *replays) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}
