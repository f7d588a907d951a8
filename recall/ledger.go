package recall

import (
	"math/bits"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Bounds of a Ledger. A slate that is longer counts with its first places, where nearly all
// clicks are.
const (
	maxLedgerSlates = 10_000
	maxLedgerPlaces = 50
	maxLedgerRoutes = 64
	ledgerBack      = 4 // slates of a visitor in which a click is looked for
)

// Ledger sums up what each route has brought to the slates served last, at most 10,000: what
// share of their places it proposed, of what was clicked there, and of both what no other
// route proposed. It is a fold of served records and positive events. Use NewLedger.
//
//	ledger.Served(visitor, shown) // each served slate, in journal order
//	ledger.Clicked(visitor, item) // each positive event that is not late, likewise
//	table, total := ledger.Table()
//
// A click is given to the newest of the visitor's last 4 slates that shows the item, once.
// The first 64 routes count.
type Ledger struct {
	routes []string
	ring   []ledgerSlate
	next   int
	last   map[uint32]int32 // by visitor: the place in ring of the newest slate, plus one
	uses   []RouteUse
	total  RouteUse
}

// ledgerSlate is a slate as far as it counts.
type ledgerSlate struct {
	visitor uint32
	before  int32 // the place in ring of the visitor's slate before, plus one; 0 is none
	places  []ledgerPlace
}

type ledgerPlace struct {
	item    uint32
	routes  uint64 // a bit each
	clicked bool
}

// ShownItem is an item of a served slate and the names of the routes that proposed it.
type ShownItem struct {
	Item   uint32
	Routes []string
}

// RouteUse is what one route brought to the slates looked back on, in places.
type RouteUse struct {
	Route       string // "" of the sum over all places
	Shown       int    // that it proposed
	Alone       int    // of Shown, those that no other route proposed
	Clicks      int    // of Shown, those that were clicked
	AloneClicks int    // of Alone, those that were clicked
}

// NewLedger returns an empty Ledger of routes, whose names are in configured order.
func NewLedger(routes []string) *Ledger {
	l := &Ledger{routes: slices.Clone(routes[:min(len(routes), maxLedgerRoutes)]), last: map[uint32]int32{}}
	for _, name := range l.routes {
		l.uses = append(l.uses, RouteUse{Route: name})
	}
	return l
}

// Served takes in the next served slate. visitor is 0 for nobody, whose clicks are not known.
// Names of no route, and places that no route proposed, count in the total only. Nothing of
// shown is kept.
func (l *Ledger) Served(visitor uint32, shown []ShownItem) {
	s := ledgerSlate{visitor: visitor}
	for _, item := range shown[:min(len(shown), maxLedgerPlaces)] {
		p := ledgerPlace{item: item.Item}
		for _, name := range item.Routes {
			if i := slices.Index(l.routes, name); i >= 0 {
				p.routes |= 1 << i
			}
		}
		s.places = append(s.places, p)
	}
	l.note(s)
}

// note puts a slate in its place, which the oldest leaves when the ring is full.
func (l *Ledger) note(s ledgerSlate) {
	at := len(l.ring)
	if at == maxLedgerSlates {
		at = l.next
		l.next = (l.next + 1) % maxLedgerSlates
		l.leave(at)
	} else {
		l.ring = append(l.ring, ledgerSlate{})
	}
	if s.visitor != 0 {
		s.before = l.last[s.visitor]
		l.last[s.visitor] = int32(at + 1)
	}
	l.ring[at] = s
	for i := range s.places {
		l.add(&s.places[i], 1)
	}
}

// leave takes the oldest slate out. It is the last of its visitor's chain, whose links to it
// must go before its place is another's.
func (l *Ledger) leave(at int) {
	old := &l.ring[at]
	for i := range old.places {
		l.add(&old.places[i], -1)
	}
	if old.visitor == 0 {
		return
	}
	link := l.last[old.visitor]
	if int(link) == at+1 {
		delete(l.last, old.visitor)
		return
	}
	for int(l.ring[link-1].before) != at+1 {
		link = l.ring[link-1].before
	}
	l.ring[link-1].before = 0
}

// add adds a place to the sums, sign times.
func (l *Ledger) add(p *ledgerPlace, sign int) {
	alone := bits.OnesCount64(p.routes) == 1
	l.total.add(p.clicked, alone, sign)
	for rest := p.routes; rest != 0; rest &= rest - 1 {
		l.uses[bits.TrailingZeros64(rest)].add(p.clicked, alone, sign)
	}
}

func (u *RouteUse) add(clicked, alone bool, sign int) {
	u.Shown += sign
	if alone {
		u.Alone += sign
	}
	if clicked {
		u.Clicks += sign
	}
	if clicked && alone {
		u.AloneClicks += sign
	}
}

// Clicked takes in one positive event of a visitor on an item; 0 is neither.
func (l *Ledger) Clicked(visitor, item uint32) {
	link := l.last[visitor]
	for range ledgerBack {
		if link == 0 || item == 0 {
			return
		}
		s := &l.ring[link-1]
		for i := range s.places {
			p := &s.places[i]
			if p.item != item {
				continue
			}
			if !p.clicked {
				l.add(p, -1)
				p.clicked = true
				l.add(p, 1)
			}
			return
		}
		link = s.before
	}
}

// Table returns the use of each route in configured order, and the sum over all places. The
// caller owns the slice.
func (l *Ledger) Table() (routes []RouteUse, total RouteUse) { return slices.Clone(l.uses), l.total }

// Pack writes the slates looked back on, oldest first; all else follows from them.
func (l *Ledger) Pack(w *pack.Writer) {
	w.Len(len(l.ring))
	for i := range l.ring {
		s := &l.ring[(l.next+i)%len(l.ring)]
		w.Uint(uint64(s.visitor))
		w.Len(len(s.places))
		for _, p := range s.places {
			w.Uint(uint64(p.item))
			w.Uint(p.routes)
			w.Bool(p.clicked)
		}
	}
}

// Unpack fills an empty Ledger of the same routes with what Pack wrote. items and visitors are
// one more than the highest numbers. Errors are the Reader's.
func (l *Ledger) Unpack(r *pack.Reader, items, visitors int) {
	n := r.Len(2)
	if n > maxLedgerSlates {
		r.Fail("%d slates in the ledger", n)
	}
	for range n {
		s := ledgerSlate{visitor: r.Number(visitors)}
		places := r.Len(3)
		if places > maxLedgerPlaces {
			r.Fail("a slate of %d places in the ledger", places)
		}
		for range places {
			p := ledgerPlace{item: r.Number(items), routes: r.Uint(), clicked: r.Bool()}
			if p.routes>>len(l.routes) != 0 {
				r.Fail("a place of routes %b where there are %d", p.routes, len(l.routes))
			}
			if r.Err() != nil {
				return
			}
			s.places = append(s.places, p)
		}
		if r.Err() != nil {
			return
		}
		l.note(s)
	}
}
