package backfill

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/store"
)

// HistoryOptions configure a History.
type HistoryOptions struct {
	Features []feature.Definition
	Slack    freshet.Duration // the allowed future of event times
	NewTable func(words int) store.Table
}

// History computes features as of event time. It is filled in the order of the journal and then
// read once, in the order of event times. It keeps every event that some feature counts, see
// events, every version of the catalogue, and what was asked. For one goroutine.
type History struct {
	options  HistoryOptions
	names    map[string]bool  // events that some feature counts; nil is all
	items    *intern.Table    // every item asked for or named
	visitors *intern.Table    // likewise
	born     *catalog.Catalog // since when items exist; its numbers are others
	docs     versions[freshet.Item]
	users    versions[freshet.User] // by visitor
	events   events
	asked    []asked
}

// Ask asks for rows of one visitor, at one time.
type Ask struct {
	Time     int64            // q, Unix ms
	Position freshet.Position // the catalogue counts as it stood there; the journal must stand there now
	Visitor  freshet.Visitor
	Items    []freshet.ItemID
	Context  map[string]any
}

// unborn is the birth of an item that nothing had named.
const unborn = math.MinInt64

// asked is a row to come.
type asked struct {
	time     int64
	position freshet.Position
	born     int64
	context  map[string]any
	visitor  uint32
	item     uint32
	ask      uint32 // counted from 0
	place    uint32 // among the items of the ask
}

// Point is a row as of event time.
type Point struct {
	Ask, Place int             // of the item, counted from 0
	Values     []feature.Value // in the order of the definitions; valid during the call
	AgeDays    float64         // of the item; NaN when nothing had named it
	Newest     int64           // time of the newest event that some feature counted, 0 is none; < q
}

// NewHistory returns an empty History.
func NewHistory(o HistoryOptions) *History {
	h := &History{options: o, items: intern.New(), visitors: intern.New(), born: catalog.New(), names: map[string]bool{}}
	for i := range o.Features {
		d := &o.Features[i]
		if d.Expr != "" {
			continue
		}
		if d.Agg != feature.Rate && len(d.On) == 0 {
			h.names = nil
			break
		}
		for _, name := range slices.Concat(d.On, d.Of, d.Per) {
			h.names[name] = true
		}
	}
	return h
}

// Item notes an entry of the catalogue, received at a time. History keeps doc.
func (h *History) Item(doc *freshet.Item, received int64, p freshet.Position) {
	if n := h.items.Add(string(doc.ID)); n != 0 {
		h.born.Upsert(doc, received)
		h.docs.add(n, p, doc)
	}
}

// User notes the profile of a known user. History keeps doc.
func (h *History) User(doc *freshet.User, p freshet.Position) {
	h.users.add(h.visitors.Add(string(freshet.VisitorOf(doc.ID, "", ""))), p, doc)
}

// Event notes an event that is not late.
func (h *History) Event(e *freshet.Event, p freshet.Position) {
	h.visitors.Add(string(e.Visitor()))
	h.items.Add(string(e.Item))
	h.born.Seen(e.Item, e.Time)
	if h.names == nil || h.names[e.Name] {
		h.events.add(e, p)
	}
}

// Events is how many events are kept.
func (h *History) Events() int { return len(h.events.list) }

// ItemID is the id of an item in a list.
func (h *History) ItemID(item uint32) freshet.ItemID { return freshet.ItemID(h.items.Name(item)) }

// Ask asks for rows.
func (h *History) Ask(number int, a *Ask) {
	// Whoever and whatever is not known here may have events of before q further on.
	visitor := h.visitors.Add(string(a.Visitor))
	for place, id := range a.Items {
		one := asked{time: a.Time, position: a.Position, born: unborn, context: a.Context, visitor: visitor, item: h.items.Add(string(id)), ask: uint32(number), place: uint32(place)}
		if n := h.born.Find(id); n != 0 {
			one.born = h.born.Born(n)
		}
		h.asked = append(h.asked, one)
	}
}

// Rows computes what was asked, in the order of times, and those of one time in the order of the
// asks and their places. It ends with the error of done or ctx.
func (h *History) Rows(ctx context.Context, progress func(events int), done func(*Point) error) error {
	h.events.sort()
	slices.SortStableFunc(h.asked, func(a, b asked) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.ask, b.ask), cmp.Compare(a.place, b.place))
	})
	r := replay{history: h, engine: feature.New(h.options.Features, feature.Options{Slack: h.options.Slack, NewTable: h.options.NewTable,
		ItemID: h.items.Name, Born: h.bornAt})}
	reader := r.engine.Reader()
	values := make([]feature.Value, len(h.options.Features))
	for i := range h.asked {
		a := &h.asked[i]
		if err := r.until(ctx, a.time, progress); err != nil {
			return err
		}
		r.stand(a.visitor, a.item, a.position)
		if i == 0 || a.ask != h.asked[i-1].ask || r.moved {
			reader.Start(a.visitor, a.time, a.context)
			r.moved = false
		}
		reader.Row(a.item, values)
		p := Point{Ask: int(a.ask), Place: int(a.place), Values: values, AgeDays: math.NaN()}
		if a.born != unborn {
			p.AgeDays = float64(max(0, a.time-a.born)) / float64(freshet.Day)
		}
		for j := range values {
			p.Newest = max(p.Newest, values[j].Updated)
		}
		if p.Newest >= a.time && p.Newest != 0 {
			return fmt.Errorf("BUG: a row for the time %d counts an event of %d; nothing was written", a.time, p.Newest)
		}
		if err := done(&p); err != nil {
			return err
		}
	}
	return nil
}

// replay applies events in the order of their times.
type replay struct {
	history *History
	engine  *feature.Engine
	next    int      // of the events
	docs    standing // what the engine knows of items
	users   standing // and of users
	moved   bool     // something changed since the reader started
	waiting []feature.Act
	room    []freshet.Event
}

// mostWaiting is how many events are applied at once, at most.
const mostWaiting = 256

// until applies all events of before q.
func (r *replay) until(ctx context.Context, q int64, progress func(events int)) error {
	h := r.history
	for r.next < len(h.events.list) && h.events.list[r.next].time < q {
		if r.next%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			progress(r.next)
		}
		k := &h.events.list[r.next]
		r.next++
		e := h.events.read(k)
		visitor, item := h.visitors.Find(string(e.Visitor())), h.items.Find(string(e.Item))
		r.stand(visitor, item, k.position)
		if r.room == nil {
			r.room = make([]freshet.Event, 0, mostWaiting)
		}
		r.room = append(r.room, e)
		r.waiting = append(r.waiting, feature.Act{Visitor: visitor, Item: item, Event: &r.room[len(r.room)-1]})
		if len(r.waiting) == mostWaiting {
			r.flush()
		}
	}
	r.flush()
	return nil
}

// flush applies the events that wait.
func (r *replay) flush() {
	if len(r.waiting) == 0 {
		return
	}
	r.engine.ApplyAll(r.waiting)
	r.waiting, r.room, r.moved = r.waiting[:0], r.room[:0], true
}

// stand gives the visitor and the item the attributes that they had at p.
func (r *replay) stand(visitor, item uint32, p freshet.Position) {
	if v := r.history.docs.at(item, p); r.docs.changes(item, v) {
		r.flush()
		doc := &freshet.Item{} // nothing was known of it
		if v > 0 {
			doc = r.history.docs.of[item][v-1].doc
		}
		r.engine.Upsert(item, doc)
		r.moved = true
	}
	if v := r.history.users.at(visitor, p); r.users.changes(visitor, v) {
		r.flush()
		doc := &freshet.User{}
		if v > 0 {
			doc = r.history.users.of[visitor][v-1].doc
		}
		r.engine.UpsertUser(visitor, doc)
		r.moved = true
	}
}

// standing is, by number, the version of each thing that the engine knows; 0 is none.
type standing struct{ version []int }

// changes notes that version v of thing n holds, and reports whether another one did.
func (s *standing) changes(n uint32, v int) bool {
	if int(n) >= len(s.version) {
		if v == 0 {
			return false
		}
		s.version = append(s.version, make([]int, int(n)+1-len(s.version))...)
	}
	was := s.version[n]
	s.version[n] = v
	return was != v
}

// bornAt is when an item was first known of, 0 when nothing named it.
func (h *History) bornAt(item uint32) int64 {
	if n := h.born.Find(h.ItemID(item)); n != 0 {
		return h.born.Born(n)
	}
	return 0
}
