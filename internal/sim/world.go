package sim

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/freshet-rec/freshet"
)

// World is one invented shop with its past. It never changes after New, so any number of
// goroutines may read it.
type World struct {
	options  Options
	books    []book
	visitors []visitor
	stock    *stock
	past     []moment // by time
	byItem   map[freshet.ItemID]int
	byUser   map[freshet.UserID]int
}

// New builds the world of the options; equal options give the same items and events, byte for
// byte (on one processor architecture: the last bit of an exponential may differ between
// two). The default size takes well under a second and about 5 MB. Options that
// [Options.Check] refuses are a mistake of the calling code, and New panics.
func New(options Options) *World {
	if err := options.Check(); err != nil {
		panic("BUG: sim.New: " + err.Error())
	}
	o := options.withDefaults()
	w := &World{options: o, byItem: map[freshet.ItemID]int{}, byUser: map[freshet.UserID]int{}}
	w.books = newBooks(o, rand.New(rand.NewPCG(o.Seed, 0)))
	w.stock = newStock(w.books)
	for i := range w.books {
		w.byItem[w.books[i].item.ID] = i
	}
	if o.NoiseClicks > 0 {
		w.options.Noise = w.noiseFor(o.NoiseClicks)
		o = w.options
	}
	w.visitors = make([]visitor, o.Visitors)
	for i := range w.visitors {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(i)+1))
		w.visitors[i] = newVisitor(i+1, o, rng)
		w.byUser[w.visitors[i].id] = i
		w.past = w.pastOf(i, w.past, rng)
	}
	// Stable, so that equal times keep the order of the visit.
	sort.SliceStable(w.past, func(i, j int) bool { return w.past[i].time < w.past[j].time })
	return w
}

// Items returns the catalogue in id order: b-0001, b-0002, … The caller owns the result.
func (w *World) Items() []freshet.Item {
	items := make([]freshet.Item, len(w.books))
	for i := range w.books {
		item := w.books[i].item
		item.Categories = slices.Clone(item.Categories)
		item.Tags = slices.Clone(item.Tags)
		item.Attributes = maps.Clone(item.Attributes)
		items[i] = item
	}
	return items
}

// Start is when the history begins.
func (w *World) Start() time.Time {
	return w.options.End.Add(-time.Duration(w.options.Days) * 24 * time.Hour)
}

// Visitors returns the ids of all visitors: ada, grace, v-0003, … The caller owns the result.
func (w *World) Visitors() []freshet.UserID {
	ids := make([]freshet.UserID, len(w.visitors))
	for i := range w.visitors {
		ids[i] = w.visitors[i].id
	}
	return ids
}

// Len is the number of events in the history.
func (w *World) Len() int { return len(w.past) }

// History yields the past in time order, none after Options.End. Every event has an id of its
// own, a user, a session, a request (one per shelf) and a rank; a purchase has the price as
// its value. The sequence can be walked any number of times; the caller owns each event.
func (w *World) History() iter.Seq[freshet.Event] {
	return func(yield func(freshet.Event) bool) {
		for i := range w.past {
			if !yield(w.event(i)) {
				return
			}
		}
	}
}

// event spells out moment i of the history.
func (w *World) event(i int) freshet.Event {
	m := &w.past[i]
	visit := fmt.Sprintf("%d-%d", m.visitor+1, m.session)
	request := "r-" + visit
	if m.shelf > 0 {
		request = fmt.Sprintf("r-%s-%d", visit, m.shelf+1)
	}
	return w.spell(m, w.visitors[m.visitor].id, fmt.Sprintf("e-%d-%06d", w.options.Seed, i+1), "s-"+visit, request)
}

// spell makes an event of a moment.
func (w *World) spell(m *moment, user freshet.UserID, id, session, request string) freshet.Event {
	b := &w.books[m.book]
	event := freshet.Event{
		ID: id, User: user, Session: session, Item: b.item.ID, Name: m.what.String(), Time: m.time,
		Request: request, Rank: int(m.rank), Context: map[string]any{"device": m.device()},
	}
	if m.what == purchase {
		event.Value, event.HasValue = b.item.Price, true
	}
	return event
}

// ClickProbability is the truth a recommender tries to guess: the chance that the visitor
// clicks the item when it is shown at rank (1-based; less than 1 counts as 1) at a time, in a visit
// without an errand. It is
// 0 for a visitor or an item that the history does not have.
func (w *World) ClickProbability(user freshet.UserID, item freshet.ItemID, rank int, at time.Time) float64 {
	v, known := w.byUser[user]
	b, exists := w.byItem[item]
	if !known || !exists {
		return 0
	}
	return w.visitors[v].clickProbability(&w.books[b], max(rank, 1), at.UnixMilli(), noErrand, &w.options)
}
