package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
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

// mostDrafts bounds the events that a world writes before the run, to some 6 MB. A longer run has
// them come again, from another one on in each batch, under new ids and at their own times.
const mostDrafts = 1 << 15

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
	body      []byte // the events, one a line
	events    int
	duplicate int    // of these, sent before
	late      int    // of these, too late to count
	fresh     []span // in body, of those that may be sent again once they are accepted
}

// span is a part of a body.
type span struct{ from, to int }

// world makes the events of one client. It is not safe for concurrent use: each client has
// its own, from its own random source.
type world struct {
	opts   options
	prefix string // of event ids, unique to this client of this run
	random *rand.Rand
	users  *rand.Zipf
	items  *rand.Zipf
	ids    int // made
	drafts []draft
	body   []byte   // space of the newest batch
	fresh  []span   // likewise
	recent [][]byte // lines of events accepted, in time and not yet sent twice; at most recentEvents
	spare  [][]byte // space of lines that are no longer recent
}

// newWorld starts a world. random is the world's own from here on.
func newWorld(opts options, prefix string, random *rand.Rand) *world {
	return &world{
		opts: opts, prefix: prefix, random: random,
		users: rand.NewZipf(random, 1.1, 8, uint64(opts.users-1)),
		items: rand.NewZipf(random, 1.2, 4, uint64(opts.items-1)),
	}
}

// prepare writes what a run of n events needs. Call it before the first batch.
func (w *world) prepare(n int) {
	w.drafts = make([]draft, min(n, mostDrafts))
	for i := range w.drafts {
		w.drafts[i] = w.newDraft()
	}
}

// batch makes the events to send at now, good until the next batch. Too-late events wait for the first
// acceptance, before which the server may have no watermark to judge them by.
func (w *world) batch(now time.Time) batch {
	b := batch{body: w.body[:0], events: w.opts.batch, fresh: w.fresh[:0]}
	id := len(idBegins) + len(w.prefix) + len("-") + idDigits
	next := w.random.IntN(len(w.drafts))
	for range b.events {
		if len(w.recent) > 0 && w.random.Float64() < w.opts.resend {
			again := w.random.IntN(len(w.recent))
			b.body = append(b.body, w.recent[again]...)
			b.duplicate++
			w.forget(again, again+1)
			continue
		}
		from := len(b.body)
		d := &w.drafts[next]
		if next++; next == len(w.drafts) {
			next = 0
		}
		w.ids++
		late := len(w.recent) > 0 && w.random.Float64() < w.opts.tooLate
		away := d.away
		if late {
			away = -tooLateBy
			b.late++
		}
		b.body = d.appendStamped(b.body, id, w.ids, now.Add(away).UnixMilli())
		if !late {
			b.fresh = append(b.fresh, span{from, len(b.body)})
		}
	}
	w.body, w.fresh = b.body, b.fresh
	return b
}

// accepted tells the world that the server took a batch: its fresh events may be repeated.
func (w *world) accepted(b batch) {
	for _, s := range b.fresh[max(0, len(b.fresh)-recentEvents):] {
		var line []byte
		if n := len(w.spare); n > 0 {
			line, w.spare = w.spare[n-1], w.spare[:n-1]
		}
		w.recent = append(w.recent, append(line, b.body[s.from:s.to]...))
	}
	if drop := len(w.recent) - recentEvents; drop > 0 {
		w.forget(0, drop)
	}
}

// forget takes some out of the recent events.
func (w *world) forget(from, to int) {
	for _, line := range w.recent[from:to] {
		w.spare = append(w.spare, line[:0])
	}
	w.recent = slices.Delete(w.recent, from, to)
}

// event makes one new event near now, without a number in its id.
func (w *world) event(now time.Time) event {
	e := event{
		EventID: w.prefix + "-" + strings.Repeat("0", idDigits), ItemID: itemID(w.items.Uint64()),
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
