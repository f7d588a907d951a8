package engine

import (
	"math/rand/v2"
	"time"

	"github.com/freshet-rec/freshet"
)

// The world of read: every pair of a user and an item met once, each item as often as any other,
// all within three minutes, so that every window covers everything. Then nothing for more than a
// minute, and one event that brings the time there: all others are older than any read can be.
const (
	pairsPerUser = 400
	readSpan     = 3 * time.Minute
	readPause    = 65 * time.Second
	candidates   = 300
)

// readWorld knows which user met which item, and when, by formula.
type readWorld struct {
	items, pairs int
	step         int // from one pair's item to the next one's; no divisor in common with items
}

func newReadWorld(s *Size) *readWorld {
	w := &readWorld{items: s.ReadItems, pairs: s.ReadPairs, step: int(float64(s.ReadItems)*0.618) | 1}
	for divisor(w.step, w.items) != 1 {
		w.step += 2
	}
	return w
}

func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// users is how many there are.
func (w *readWorld) users() int { return (w.pairs + pairsPerUser - 1) / pairsPerUser }

// met returns pair k as a happening: user and item from 1 on. The last of them comes after the pause.
func (w *readWorld) met(k int) happening {
	h := happening{
		user: uint32(k/pairsPerUser) + 1, item: uint32(k*w.step%w.items) + 1,
		after: uint32(float64(k) / float64(w.pairs) * float64(readSpan.Milliseconds())), reaction: uint32(k % 3),
	}
	if k == w.pairs-1 {
		h.after = uint32((readSpan + readPause).Milliseconds())
	}
	return h
}

// newest is the time of the last event, for which the rows are read.
func (w *readWorld) newest() int64 {
	h := w.met(w.pairs - 1)
	return h.time()
}

// each calls visit with every pair, in batches of at most n.
func (w *readWorld) each(n int, visit func(batch []happening) error) error {
	batch := make([]happening, 0, n)
	for k := range w.pairs {
		if batch = append(batch, w.met(k)); len(batch) == n || k == w.pairs-1 {
			if err := visit(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// request is a user and candidates: half of them items that the user met, half any.
type request struct {
	user  uint32
	items [candidates]uint32
}

// requests draws n of them.
func (w *readWorld) requests(n int, seed uint64) []request {
	rng := rand.New(rand.NewPCG(seed, 3))
	list := make([]request, n)
	for i := range list {
		r := &list[i]
		user := rng.IntN(w.users())
		r.user = uint32(user) + 1
		first := user * pairsPerUser
		last := min(first+pairsPerUser, w.pairs)
		for j := range r.items {
			r.items[j] = uint32(rng.IntN(w.items)) + 1
			if j%2 == 0 {
				r.items[j] = w.met(first + rng.IntN(last-first)).item
			}
		}
	}
	return list
}

// event fills e with a happening whose ids need no texts.
func (h *happening) event(e *freshet.Event) { e.Name, e.Time = names[h.reaction], h.time() }
