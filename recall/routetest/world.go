package routetest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// Fixture is one route with what is folded beside it, all of it empty. Every field is
// required.
type Fixture struct {
	Route     recall.Route
	Histories *recall.Histories // those the route reads, if it reads any; Run folds them

	// Seen tells the catalogue that an event at time t, Unix ms, named the item, and Upsert
	// that an entry was received then. Both pass on what the route must hear of it and
	// return the item's number: 1, 2, 3, … in the order of first sight.
	Seen   func(id freshet.ItemID, t int64) uint32
	Upsert func(doc *freshet.Item, t int64) uint32
}

// Measures of the small world. Event times lie within slack around a clock that moves on.
const (
	visitors = 6
	items    = 40
	facts    = 400
	slack    = int64(freshet.Minute)
	start    = int64(1_700_000_000_000)
)

// world is a fixture with a history.
type world struct {
	Fixture
	kinds  freshet.EventKinds
	newest int64
	last   uint32 // highest item number
}

func newWorld(f Fixture) *world { return &world{Fixture: f, kinds: freshet.BuiltinEvents()} }

// event folds in one event; id is "" for nothing.
func (w *world) event(visitor uint32, id freshet.ItemID, name string, t int64) {
	w.newest = max(w.newest, t)
	item := uint32(0)
	if id != "" {
		item = w.Seen(id, t)
		w.last = max(w.last, item)
	}
	kind := w.kinds.Of(name)
	act := recall.Act{Visitor: visitor, Item: item, Time: t, Name: name, Signal: kind.Signal, Weight: kind.Weight}
	w.Route.Apply(&act)
	w.Histories.Apply(&act)
}

func (w *world) upsert(doc *freshet.Item, t int64) { w.last = max(w.last, w.Upsert(doc, t)) }

// request asks for a visitor at time q, skipping what skip refuses; nil refuses nothing.
func (w *world) request(visitor uint32, q int64, skip func(uint32) bool) *recall.Request {
	recent := slices.Clone(w.Histories.Recent(visitor))
	slices.Reverse(recent)
	if skip == nil {
		skip = func(uint32) bool { return false }
	}
	return &recall.Request{Time: q, Newest: w.newest, Recent: recent, Skip: skip, Visitor: visitor}
}

// play folds in a history drawn from the seed and yields the number of facts so far and the
// clock, when each fact is in. Most facts are acts of visitors on items, with event times in
// disorder and a little ahead; some are events of nobody or about nothing, entries that date
// an item anew, and leaps of the clock.
func (w *world) play(seed uint64) iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		rng := rand.New(rand.NewPCG(seed, 0))
		clock := start
		for n := range facts {
			clock += rng.Int64N(int64(freshet.Minute))
			if rng.IntN(100) == 0 {
				clock += rng.Int64N(int64(10 * freshet.Day))
			}
			w.fact(rng, clock)
			if !yield(n+1, clock) {
				return
			}
		}
	}
}

// playOut plays a whole history and returns the clock at its end.
func (w *world) playOut(seed uint64) int64 {
	end := start
	for _, clock := range w.play(seed) {
		end = clock
	}
	return end
}

// names are those of the events, the positive ones more often.
var names = []string{"click", "click", "click", "like", "purchase", "cart", "view", "expose", "dislike", "search"}

// fact draws one fact and folds it in.
func (w *world) fact(rng *rand.Rand, clock int64) {
	id := freshet.ItemID(fmt.Sprintf("item %d", rng.IntN(items)))
	name := names[rng.IntN(len(names))]
	visitor := 1 + rng.Uint32N(visitors)
	t := clock + rng.Int64N(2*slack+1) - slack
	switch rng.IntN(20) {
	case 0:
		w.upsert(&freshet.Item{ID: id, HasPublished: rng.IntN(2) == 0, Published: clock - rng.Int64N(int64(100*freshet.Day))}, clock)
	case 1:
		w.event(0, id, name, t)
	case 2:
		w.event(visitor, "", name, t)
	default:
		w.event(visitor, id, name, t)
	}
}
