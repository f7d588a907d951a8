package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// How far an event's time may lie from the moment it is sent. The first two leave room for
// a lateness of 1h and a max_future of 1m; the third is beyond any such lateness.
const (
	furthestBack  = 40 * time.Minute
	furthestAhead = 50 * time.Second
	tooLateBy     = 3 * time.Hour
)

// recentEvents bounds the events a world remembers to send again. They are at most this
// many of its own events old, so that the server still remembers their ids.
const recentEvents = 256

// event is one behaviour event as POST /v1/events takes it.
type event struct {
	EventID string  `json:"event_id"`
	UserID  string  `json:"user_id"`
	ItemID  string  `json:"item_id"`
	Event   string  `json:"event"`
	TS      int64   `json:"ts"` // Unix ms
	Value   float64 `json:"value"`
}

// item is one item as POST /v1/items takes it.
type item struct {
	ItemID     string         `json:"item_id"`
	Title      string         `json:"title"`
	Categories []string       `json:"categories"`
	Attributes map[string]any `json:"attributes"`
}

// batch is what one request carries, and what the server should make of it.
type batch struct {
	events    []event
	duplicate int     // of these, sent before
	late      int     // of these, too late to count
	fresh     []event // those that may be sent again once they are accepted
}

// world makes the events of one client. It is not safe for concurrent use: each client has
// its own, from its own random source.
type world struct {
	opts   options
	prefix string // of event ids, unique to this client of this run
	random *rand.Rand
	users  *rand.Zipf
	items  *rand.Zipf
	made   int
	recent []event // accepted, in time and not yet sent twice; at most recentEvents
}

// newWorld starts a world. random is the world's own from here on.
func newWorld(opts options, prefix string, random *rand.Rand) *world {
	return &world{
		opts: opts, prefix: prefix, random: random,
		users: rand.NewZipf(random, 1.1, 8, uint64(opts.users-1)),
		items: rand.NewZipf(random, 1.2, 4, uint64(opts.items-1)),
	}
}

// batch makes the events to send at now. Too-late events wait for the first acceptance,
// before which the server may have no watermark to judge them by.
func (w *world) batch(now time.Time) batch {
	var b batch
	for range w.opts.batch {
		if len(w.recent) > 0 && w.random.Float64() < w.opts.resend {
			i := w.random.IntN(len(w.recent))
			b.events = append(b.events, w.recent[i])
			b.duplicate++
			w.recent = append(w.recent[:i], w.recent[i+1:]...)
			continue
		}
		e := w.event(now)
		if len(w.recent) > 0 && w.random.Float64() < w.opts.tooLate {
			e.TS = now.Add(-tooLateBy).UnixMilli()
			b.late++
		} else {
			b.fresh = append(b.fresh, e)
		}
		b.events = append(b.events, e)
	}
	return b
}

// accepted tells the world that the server took a batch: its fresh events may be repeated.
func (w *world) accepted(b batch) {
	w.recent = append(w.recent, b.fresh...)
	if drop := len(w.recent) - recentEvents; drop > 0 {
		w.recent = append(w.recent[:0], w.recent[drop:]...)
	}
}

// event makes one new event near now.
func (w *world) event(now time.Time) event {
	w.made++
	at := now
	if w.random.Float64() < w.opts.disorder {
		if w.random.IntN(3) == 0 {
			at = now.Add(time.Duration(w.random.Int64N(int64(furthestAhead))))
		} else {
			at = now.Add(-time.Duration(w.random.Int64N(int64(furthestBack))))
		}
	}
	return event{
		EventID: fmt.Sprintf("%s-%d", w.prefix, w.made),
		UserID:  userID(w.users.Uint64()), ItemID: itemID(w.items.Uint64()),
		Event: w.name(), TS: at.UnixMilli(), Value: w.value(),
	}
}

// name draws an event's name: of ten, seven expose, two click and one like.
func (w *world) name() string {
	switch n := w.random.IntN(10); {
	case n < 7:
		return "expose"
	case n < 9:
		return "click"
	}
	return "like"
}

// value draws an amount between 0 and 20. Half are hundredths; the others are 128ths, a
// binary fraction of which every odd multiple lies exactly between two millionths.
func (w *world) value() float64 {
	if w.random.IntN(2) == 0 {
		return float64(w.random.IntN(2000)) / 100
	}
	return float64(w.random.IntN(2560)) / 128
}

// catalogue makes all items: one to three categories of twelve, and a brand of six that
// one item in five lacks.
func catalogue(n int, random *rand.Rand) []item {
	items := make([]item, n)
	for i := range items {
		items[i] = item{ItemID: itemID(uint64(i)), Title: fmt.Sprintf("Item %d", i), Attributes: map[string]any{}}
		for _, c := range random.Perm(12)[:1+random.IntN(3)] {
			items[i].Categories = append(items[i].Categories, fmt.Sprintf("c%d", c))
		}
		if random.IntN(5) > 0 {
			items[i].Attributes["brand"] = fmt.Sprintf("b%d", random.IntN(6))
		}
	}
	return items
}

func userID(n uint64) string { return fmt.Sprintf("u%d", n) }
func itemID(n uint64) string { return fmt.Sprintf("i%d", n) }
