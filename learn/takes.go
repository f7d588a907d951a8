package learn

import (
	"cmp"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// Takes gathers from a journal who took what: every positive event that is not late. It holds 24
// bytes an event, and the ids. Use NewTakes.
type Takes struct {
	kinds    freshet.EventKinds
	visitors *intern.Table
	items    *intern.Table
	list     []take
}

// take is one event.
type take struct {
	time          int64
	visitor, item uint32
	strength      float32
	order         uint32 // in which it came; among those of one visitor and time it decides
}

// MaxTakes bounds the events of one training: some 10 GB.
const MaxTakes = 400_000_000

// NewTakes returns a Takes of nothing.
func NewTakes(kinds freshet.EventKinds) *Takes {
	return &Takes{kinds: kinds, visitors: intern.New(), items: intern.New()}
}

// Apply takes in the next entry of the journal. Beyond MaxTakes events it takes in no more.
func (t *Takes) Apply(e *stream.Entry) {
	if e.Event == nil || e.Late || e.Event.Item == "" || len(t.list) >= MaxTakes {
		return
	}
	kind := t.kinds.Of(e.Event.Name)
	visitor := e.Event.Visitor()
	if !kind.Signal.Positive() || visitor == "" {
		return
	}
	t.list = append(t.list, take{e.Event.Time, t.visitors.Add(string(visitor)), t.items.Add(string(e.Event.Item)), float32(recall.Strength(kind.Weight)), uint32(len(t.list))})
}

// Copy returns a Takes of the same events, which goes on apart but for the ids: of the two only t may
// take in more.
func (t *Takes) Copy() *Takes {
	return &Takes{kinds: t.kinds, visitors: t.visitors, items: t.items, list: slices.Clone(t.list)}
}

// mostTaken bounds what of one visitor is trained on: the items taken last. Nobody's taste has more
// of them, and what takes more is no visitor.
const mostTaken = 2000

// Taken is who took what, visitor by visitor.
type Taken struct {
	IDs      *recall.IDs // of items, by row
	Visitors []string    // as freshet.Visitor, in the order of first sight
	start    []int       // the takes of visitor v are those from start[v] up to start[v+1]
	rows     []uint32    // of the items, oldest first, none twice
	strength []float32   // the greatest of the visitor's events on the item
}

// Taken sums up what was taken in. Of a visitor and an item the newest event says when, and the
// strongest how much. t is of no more use.
func (t *Takes) Taken() *Taken {
	ids := make([]freshet.ItemID, t.items.Len()-1)
	for i := range ids {
		ids[i] = freshet.ItemID(t.items.Name(uint32(i + 1)))
	}
	slices.Sort(ids)
	names, ok := recall.NewIDs(ids)
	if !ok {
		panic("BUG: the ids of a journal's items are no ids, or 4 GiB")
	}
	rows := make([]uint32, t.items.Len())
	for i := 1; i < len(rows); i++ {
		rows[i], _ = names.Find(freshet.ItemID(t.items.Name(uint32(i))))
	}
	slices.SortFunc(t.list, func(a, b take) int {
		return cmp.Or(cmp.Compare(a.visitor, b.visitor), cmp.Compare(b.time, a.time), cmp.Compare(b.order, a.order))
	})
	taken := &Taken{IDs: names, start: make([]int, 1, t.visitors.Len())}
	place := map[uint32]int{} // of an item among the rows of one visitor
	for from := 0; from < len(t.list); {
		visitor := t.list[from].visitor
		begin := len(taken.rows)
		clear(place)
		for ; from < len(t.list) && t.list[from].visitor == visitor; from++ { // newest first
			one := &t.list[from]
			if at, ok := place[one.item]; ok {
				taken.strength[at] = max(taken.strength[at], one.strength)
				continue
			}
			if len(taken.rows)-begin == mostTaken {
				continue
			}
			place[one.item] = len(taken.rows)
			taken.rows, taken.strength = append(taken.rows, rows[one.item]), append(taken.strength, one.strength)
		}
		slices.Reverse(taken.rows[begin:])
		slices.Reverse(taken.strength[begin:])
		taken.start = append(taken.start, len(taken.rows))
		taken.Visitors = append(taken.Visitors, t.visitors.Name(visitor))
	}
	t.list = nil
	return taken
}

// Pairs is how many pairs of a visitor and an item there are.
func (t *Taken) Pairs() int { return len(t.rows) }

// Of are the rows that a visitor took and how much, oldest first. The slices are t's own.
func (t *Taken) Of(v int) (rows []uint32, strength []float32) {
	return t.rows[t.start[v]:t.start[v+1]], t.strength[t.start[v]:t.start[v+1]]
}

// matrix is what the visitors took but for what keep leaves out: of those n takes of visitor v that
// it returns, the oldest.
func (t *Taken) matrix(keep func(v, takes int) (n int)) *collab.Matrix {
	m := &collab.Matrix{Users: len(t.Visitors), Items: t.IDs.Len(), Start: make([]int, 1, len(t.start))}
	var order []int
	for v := range t.Visitors {
		rows, strength := t.Of(v)
		order = order[:0]
		for i := range keep(v, len(rows)) {
			order = append(order, i)
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rows[a], rows[b]) })
		for _, i := range order {
			m.Item, m.Weight = append(m.Item, rows[i]), append(m.Weight, strength[i])
		}
		m.Start = append(m.Start, len(m.Item))
	}
	return m
}

// whole keeps everything.
func whole(_, takes int) int { return takes }
