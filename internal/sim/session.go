package sim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// shelfSize is how many books one visit is shown.
const shelfSize = 8

// longestShelf is the time within which everything of one shelf has happened; see react.
const longestShelf = 15 * time.Minute

// longestSession is the time within which everything of a visit has happened.
func (o *Options) longestSession() time.Duration {
	if o.Errands == 0 {
		return longestShelf
	}
	return mostShelves * longestShelf
}

// moment is one event in 32 bytes; World.History spells it out.
type moment struct {
	time    int64 // Unix milliseconds
	visitor int32
	book    int32
	session int32 // counts the visits of this visitor from 1
	what    action
	rank    uint16
	errand  int8
	shelf   uint8 // of the visit, from 0
	mobile  bool
}

func (m *moment) device() string {
	if m.mobile {
		return "mobile"
	}
	return "desktop"
}

type action uint8

const (
	expose action = iota
	click
	like
	purchase
)

// String returns the event name.
func (a action) String() string { return [...]string{"expose", "click", "like", "purchase"}[a] }

// bustle is how busy the shop is in each hour of the day (UTC), 1 being the busiest.
var bustle = [24]float64{
	0.15, 0.08, 0.05, 0.05, 0.05, 0.1, 0.2, 0.35, 0.45, 0.5, 0.55, 0.6,
	0.7, 0.6, 0.5, 0.5, 0.55, 0.65, 0.8, 0.95, 1, 0.95, 0.7, 0.4,
}

// visitTime draws when a visit begins: in the history, early enough to end before End.
func visitTime(o Options, rng *rand.Rand) int64 {
	end := o.End.UnixMilli()
	from := end - int64(o.Days)*(24*time.Hour).Milliseconds()
	last := end - o.longestSession().Milliseconds()
	t := from + rng.Int64N(last-from)
	for try := 0; try < 16; try++ {
		if hour := t / time.Hour.Milliseconds() % 24; rng.Float64() < bustle[hour] {
			break
		}
		t = from + rng.Int64N(last-from)
	}
	return t
}

// pastOf plays every visit of visitor number i (0-based) and appends what happened to past.
func (w *World) pastOf(i int, past []moment, rng *rand.Rand) []moment {
	v := &w.visitors[i]
	errands := rand.New(rand.NewPCG(w.options.Seed^errandLuck, uint64(i)))
	var clicked []int32 // different books
	for n := 1; n <= maxSessions && (n <= v.sessions || len(clicked) < v.clicks); n++ {
		before := len(past)
		m := moment{time: visitTime(w.options, rng), visitor: int32(i), session: int32(n), mobile: rng.Float64() < 0.6}
		m.errand = v.errand(m.time, &w.options, errands)
		past = w.visit(m, past, rng, errands)
		for _, m := range past[before:] {
			if m.what == click && !slices.Contains(clicked, m.book) {
				clicked = append(clicked, m.book)
			}
		}
	}
	return past
}

// visit plays one visit: a shelf is shown, then the visitor goes down it, and perhaps on to another.
func (w *World) visit(m moment, past []moment, rng, errands *rand.Rand) []moment {
	v := &w.visitors[m.visitor]
	for n := 1; ; n++ {
		before := len(past)
		shown := w.show(v, &m, rng)
		past = w.react(v, m, shown, past, func(int) *rand.Rand { return rng })
		last := m.time
		for _, done := range past[before:] {
			if done.what == click {
				last = max(last, done.time)
			}
		}
		var goes bool
		if m.time, goes = w.options.next(n, last, errands); !goes {
			return past
		}
		m.shelf++
	}
}

// react appends what v does with the books shown at m.time, m naming the rest; -1 is a place
// with none. Each is exposed; then clicks come 2 to 30 s apart, a like 3 to 40 s and a purchase
// 30 to 500 s after its click, so that eight books take less than 8·30 + 500 s. luckOf gives the
// generator for a book.
func (w *World) react(v *visitor, m moment, shown []int, past []moment, luckOf func(book int) *rand.Rand) []moment {
	began := m.time
	for i, b := range shown {
		if b >= 0 {
			m.what, m.book, m.rank = expose, int32(b), uint16(i+1)
			past = append(past, m)
		}
	}
	for i, b := range shown {
		if b < 0 {
			continue
		}
		m.book, m.rank = int32(b), uint16(i+1)
		rng := luckOf(b)
		p := v.clickProbability(&w.books[b], i+1, began, m.errand, &w.options)
		if rng.Float64() >= p {
			continue
		}
		m.time += between(2, 30, rng)
		m.what = click
		past = append(past, m)
		after := m
		if rng.Float64() < 0.15+0.3*p {
			after.what, after.time = like, m.time+between(3, 40, rng)
			past = append(past, after)
		}
		if rng.Float64() < 0.05+0.2*p {
			after.what, after.time = purchase, m.time+between(30, 500, rng)
			past = append(past, after)
		}
	}
	return past
}

// show fills a shelf at a moment with different books that were published by then and that v may
// come across. It is shorter than shelfSize only if the shop has no more of them.
func (w *World) show(v *visitor, m *moment, rng *rand.Rand) []int {
	shown := make([]int, 0, shelfSize)
	likes := v.tastesAt(m.time, &w.options)
	fits := func(i int) bool {
		b := &w.books[i]
		return b.item.Published <= m.time && (v.avoids < 0 || b.shelf != v.avoids && b.second != v.avoids) && !slices.Contains(shown, i)
	}
	for try := 0; try < 10*shelfSize && len(shown) < shelfSize; try++ {
		if i := w.stock.draw(v, likes, m.errand, rng); fits(i) {
			shown = append(shown, i)
		}
	}
	for i, from := 0, rng.IntN(len(w.books)); i < len(w.books) && len(shown) < shelfSize; i++ {
		if j := (from + i) % len(w.books); fits(j) {
			shown = append(shown, j)
		}
	}
	return shown
}

// between draws a time in [low, high) seconds, in milliseconds.
func between(low, high int64, rng *rand.Rand) int64 { return 1000*low + rng.Int64N(1000*(high-low)) }
