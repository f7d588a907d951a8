package routetest

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/recall"
)

// Fixture is one route with what is folded beside it, all of it empty. Every field but Again is
// required.
type Fixture struct {
	Route     recall.Route
	Histories *recall.Histories // those the route reads, if it reads any; Run folds them

	// Seen tells the catalogue that an event at time t, Unix ms, named the item, and Upsert
	// that an entry was received then. Both pass on what the route must hear of it and
	// return the item's number: 1, 2, 3, … in the order of first sight.
	Seen   func(id freshet.ItemID, t int64) uint32
	Upsert func(doc *freshet.Item, t int64) uint32

	// Again returns an empty route of the same settings over the same catalogue and histories,
	// told of births and entries as Unpack expects it. nil checks no Pack and Unpack.
	Again func() recall.Route
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
	w.apply(recall.Act{Visitor: visitor, Item: item, Time: t, Name: name})
}

func (w *world) apply(act recall.Act) {
	kind := w.kinds.Of(act.Name)
	act.Signal, act.Weight = kind.Signal, kind.Weight
	w.Route.Apply(&act)
	w.Histories.Apply(&act)
}

// search folds in a search.
func (w *world) search(visitor uint32, query string, t int64) {
	w.newest = max(w.newest, t)
	w.apply(recall.Act{Visitor: visitor, Time: t, Name: "search", Query: query})
}

// burst has every visitor want one item within a moment.
func (w *world) burst(id freshet.ItemID, t int64) {
	for visitor := uint32(1); visitor <= visitors; visitor++ {
		w.event(visitor, id, "click", t+int64(visitor))
	}
}

// entry is what the catalogue says of item i: two words out of a few, an author, a place.
func entry(i int, born int64, dated bool) *freshet.Item {
	return &freshet.Item{
		ID: freshet.ItemID(fmt.Sprintf("item %d", i)), HasPublished: dated, Published: born,
		Title: words[i%len(words)] + " " + words[i/2%len(words)], Tags: []string{words[i/3%len(words)]}, Categories: []string{"goods"},
		Attributes: map[string]any{
			"author": []any{"ann", "bea", "cid"}[i%3],
			"lat":    json.Number(fmt.Sprint(60 + float64(i%7)/1000)), "lon": json.Number(fmt.Sprint(25 + float64(i%11)/1000)),
		},
	}
}

// words are those of titles and queries.
var words = []string{"milk", "powder", "router", "red", "奶粉", "tide"}

func (w *world) upsert(doc *freshet.Item, t int64) { w.last = max(w.last, w.Upsert(doc, t)) }

// request asks for a visitor at time q, skipping what skip refuses; nil refuses nothing.
func (w *world) request(visitor uint32, q int64, skip func(uint32) bool) *recall.Request {
	if skip == nil {
		skip = func(uint32) bool { return false }
	}
	return &recall.Request{
		Time: q, Newest: w.newest, Visitor: visitor, Seed: uint64(q) + uint64(visitor), Skip: skip,
		Recent: w.Histories.Liked(visitor), Disliked: w.Histories.Disliked(visitor), Queries: w.Histories.Queries(visitor),
		Context: map[string]any{"lat": json.Number("60.001"), "lon": json.Number("25.002")},
	}
}

// play folds in a history drawn from the seed and yields the number of facts so far and the
// clock, when each fact is in. Most facts are acts of visitors on items, with event times in
// disorder and a little ahead; some are events of nobody or about nothing, searches, entries that
// date an item anew or say something else of it, items that everybody wants at once, places of
// slates, and leaps of the clock.
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
	number := rng.IntN(items)
	id := freshet.ItemID(fmt.Sprintf("item %d", number))
	name := names[rng.IntN(len(names))]
	visitor := 1 + rng.Uint32N(visitors)
	t := clock + rng.Int64N(2*slack+1) - slack
	switch rng.IntN(20) {
	case 0:
		w.upsert(entry(number, clock-rng.Int64N(int64(100*freshet.Day)), rng.IntN(2) == 0), clock)
	case 3:
		w.upsert(&freshet.Item{ID: id, Title: words[rng.IntN(len(words))]}, clock) // says other things than before
	case 4:
		w.search(visitor, words[rng.IntN(len(words))]+" "+words[rng.IntN(len(words))], t)
	case 5:
		if watcher, ok := w.Route.(recall.ServedWatcher); ok && w.last > 0 {
			watcher.Served(1 + rng.Uint32N(w.last))
		}
	case 6:
		w.burst(freshet.ItemID(fmt.Sprintf("burst %d", clock)), clock)
	case 1:
		w.event(0, id, name, t)
	case 2:
		w.event(visitor, "", name, t)
	default:
		w.event(visitor, id, name, t)
	}
}
