package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// How far an event's time may lie from the moment it is sent. The first two leave room for
// a lateness of 1h and a max_future of 1m; the third is beyond any such lateness.
const (
	furthestBack  = 40 * time.Minute
	furthestAhead = 59 * time.Second
	farAhead      = 50 * time.Second // where half of the events ahead of time begin
	tooLateBy     = 3 * time.Hour
)

// recentEvents bounds the events a world remembers to send again. They are at most this
// many of its own events old, so that the server still remembers their ids.
const recentEvents = 256

// event is one behaviour event as POST /v1/events takes it.
type event struct {
	EventID     string   `json:"event_id"`
	UserID      string   `json:"user_id,omitempty"`
	AnonymousID string   `json:"anonymous_id,omitempty"`
	ItemID      string   `json:"item_id,omitempty"`
	Event       string   `json:"event"`
	TS          int64    `json:"ts"` // Unix ms
	Value       *float64 `json:"value,omitempty"`
	Rank        int      `json:"rank,omitempty"`
	Query       string   `json:"query,omitempty"`
	Context     setting  `json:"context,omitzero"`
}

// setting is where something happens, of an event and of a request; each may be missing.
type setting struct {
	Device string  `json:"device,omitempty"`
	Place  string  `json:"place,omitempty"`
	Depth  int     `json:"depth,omitempty"`
	Load   float64 `json:"load,omitempty"`
}

// item is one item as POST /v1/items takes it.
type item struct {
	ItemID     string         `json:"item_id"`
	Title      string         `json:"title"`
	Categories []string       `json:"categories"`
	Tags       []string       `json:"tags,omitempty"`
	Price      float64        `json:"price"`
	Attributes map[string]any `json:"attributes"`
}

// user is what POST /v1/users takes of a user.
type user struct {
	UserID     string         `json:"user_id"`
	Attributes map[string]any `json:"attributes"`
}

// batch is what one request carries, and what the server should make of it.
type batch struct {
	events    []event
	duplicate int   // of these, sent before
	late      int   // of these, too late to count
	fresh     []int // the places of those that may be sent again once they are accepted
}

// world makes the events of one client. It is not safe for concurrent use: each client has
// its own, from its own random source.
type world struct {
	opts   options
	prefix string // of event ids, unique to this client of this run
	random *rand.Rand
	users  *rand.Zipf
	items  *rand.Zipf
	ids    int     // made
	made   []event // space of the newest batch
	fresh  []int   // likewise
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

// batch makes the events to send at now, good until the next batch. Too-late events wait for the first
// acceptance, before which the server may have no watermark to judge them by.
func (w *world) batch(now time.Time) batch {
	b := batch{events: w.made[:0], fresh: w.fresh[:0]}
	defer func() { w.made, w.fresh = b.events, b.fresh }()
	for i := range w.opts.batch {
		if len(w.recent) > 0 && w.random.Float64() < w.opts.resend {
			again := w.random.IntN(len(w.recent))
			b.events = append(b.events, w.recent[again])
			b.duplicate++
			w.recent = append(w.recent[:again], w.recent[again+1:]...)
			continue
		}
		e := w.event(now)
		if len(w.recent) > 0 && w.random.Float64() < w.opts.tooLate {
			e.TS = now.Add(-tooLateBy).UnixMilli()
			b.late++
		} else {
			b.fresh = append(b.fresh, i)
		}
		b.events = append(b.events, e)
	}
	return b
}

// accepted tells the world that the server took a batch: its fresh events may be repeated.
func (w *world) accepted(b batch) {
	for _, i := range b.fresh[max(0, len(b.fresh)-recentEvents):] {
		w.recent = append(w.recent, b.events[i])
	}
	if drop := len(w.recent) - recentEvents; drop > 0 {
		w.recent = append(w.recent[:0], w.recent[drop:]...)
	}
}

// event makes one new event near now.
func (w *world) event(now time.Time) event {
	w.ids++
	e := event{
		EventID: w.prefix + "-" + strconv.Itoa(w.ids), ItemID: itemID(w.items.Uint64()),
		Event: w.name(), TS: w.at(now).UnixMilli(), Context: w.setting(),
	}
	if id := userID(w.users.Uint64()); w.random.IntN(20) > 0 {
		e.UserID = id
	} else {
		e.AnonymousID = id // another visitor than the user of that name
	}
	if w.random.IntN(5) > 0 {
		v := w.value()
		e.Value = &v
	}
	if w.random.IntN(3) > 0 {
		e.Rank = 1 + w.random.IntN(40)
	}
	if e.Event == "search" {
		e.ItemID, e.Query = "", "q"+strconv.Itoa(w.random.IntN(300))
	}
	return e
}

// at draws the time of an event: now, or some way back or ahead.
func (w *world) at(now time.Time) time.Time {
	if w.random.Float64() >= w.opts.disorder {
		return now
	}
	switch w.random.IntN(6) {
	case 0:
		return now.Add(time.Duration(w.random.Int64N(int64(furthestAhead))))
	case 1:
		return now.Add(farAhead + time.Duration(w.random.Int64N(int64(furthestAhead-farAhead))))
	}
	return now.Add(-time.Duration(w.random.Int64N(int64(furthestBack))))
}

// setting draws where something happens.
func (w *world) setting() setting {
	var c setting
	if n := w.random.IntN(5); n < 4 {
		c.Device = []string{"phone", "tablet", "desktop", "tv"}[n]
	}
	if n := w.random.IntN(10); n < 8 {
		c.Place = "p" + strconv.Itoa(n)
	}
	if w.random.IntN(2) == 0 {
		c.Depth = 1 + w.random.IntN(6)
	}
	if w.random.IntN(2) == 0 {
		c.Load = w.value()
	}
	return c
}

// name draws an event's name: of twenty, thirteen expose, four click, two like, one search.
func (w *world) name() string {
	switch n := w.random.IntN(20); {
	case n < 13:
		return "expose"
	case n < 17:
		return "click"
	case n < 19:
		return "like"
	}
	return "search"
}

// value draws an amount between 0 and 20. Half are hundredths; the others are 128ths, a
// binary fraction of which every odd multiple lies exactly between two millionths.
func (w *world) value() float64 {
	if w.random.IntN(2) == 0 {
		return float64(w.random.IntN(2000)) / 100
	}
	return float64(w.random.IntN(2560)) / 128
}

// catalogue makes all items.
func catalogue(n int, random *rand.Rand) []item {
	items := make([]item, n)
	for i := range items {
		items[i] = newItem(uint64(i), random)
	}
	return items
}

// newItem draws an item: up to three categories of twelve, up to two tags, a list of sizes
// that one in four has not, a brand of six that one in five lacks, and a grade.
func newItem(n uint64, random *rand.Rand) item {
	one := item{
		ItemID: itemID(n), Title: fmt.Sprintf("Item %d", n), Price: float64(random.IntN(20000)) / 100,
		Attributes: map[string]any{"grade": random.IntN(4)},
	}
	for _, c := range random.Perm(12)[:1+random.IntN(3)] {
		one.Categories = append(one.Categories, fmt.Sprintf("c%d", c))
	}
	for _, tag := range random.Perm(8)[:random.IntN(3)] {
		one.Tags = append(one.Tags, fmt.Sprintf("t%d", tag))
	}
	if random.IntN(4) > 0 {
		one.Attributes["sizes"] = random.Perm(10)[:1+random.IntN(3)]
	}
	if random.IntN(5) > 0 {
		one.Attributes["brand"] = fmt.Sprintf("b%d", random.IntN(6))
	}
	return one
}

// population makes the users that have attributes: nine of ten, the others stay unknown.
func population(n int, random *rand.Rand) []user {
	var users []user
	for i := range n {
		if i%10 != 9 {
			users = append(users, newUser(uint64(i), random))
		}
	}
	return users
}

// newUser draws a user: a plan of three, a list of groups that may be empty, an age.
func newUser(n uint64, random *rand.Rand) user {
	one := user{UserID: userID(n), Attributes: map[string]any{
		"plan": []string{"free", "gold", "team"}[random.IntN(3)], "groups": random.Perm(5)[:random.IntN(3)],
	}}
	if random.IntN(3) > 0 {
		one.Attributes["age"] = 18 + random.IntN(60)
	}
	return one
}

func userID(n uint64) string { return "u" + strconv.FormatUint(n, 10) }
func itemID(n uint64) string { return "i" + strconv.FormatUint(n, 10) }
