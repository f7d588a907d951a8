package fold

import (
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/stream"
)

// ApplyAll implements stream.Fold. Events that follow one another are taken together: the numbers of
// all their ids are looked up at once, and features take them many at a time. Any other record, and
// an event that is late, ends a run.
func (s *State) ApplyAll(entries []stream.Entry, at *stream.Stretch) {
	for from := 0; from < len(entries); {
		to := from
		for to < len(entries) && entries[to].Event != nil && !entries[to].Late {
			to++
		}
		if to-from > 1 {
			s.events(entries, from, to, at)
			from = to
			continue
		}
		*at = stream.Stretch{First: from, Last: from}
		s.Apply(&entries[from])
		from++
	}
}

// run is room for what is made of the events of a run.
type run struct {
	text     []byte   // of visitors, one behind the other
	ends     []int    // of each of them in text
	ids      []string // of visitors, then of items
	visitors []uint32
	items    []uint32
	acts     []feature.Act
}

// events is event of each of the entries from one up to another, which are not late. What one event
// does to features depends on nothing that another does elsewhere but on numbers, which go by the
// order of first sight; so numbers come first, then features, then all else.
func (s *State) events(entries []stream.Entry, from, to int, at *stream.Stretch) {
	*at = stream.Stretch{First: from, Last: to - 1}
	r := &s.run
	r.number(s, entries[from:to])
	r.acts = r.acts[:0]
	for i := range r.visitors {
		r.acts = append(r.acts, feature.Act{Visitor: r.visitors[i], Item: r.items[i], Event: entries[from+i].Event})
	}
	s.Features.ApplyAll(r.acts)
	clear(r.acts)
	for i := range r.visitors {
		*at = stream.Stretch{First: from + i, Last: from + i}
		e, item := &entries[from+i], r.items[i]
		s.Tally.apply(e)
		if item != 0 && !s.Items.Knew(item, e.Event.Time) {
			s.meet(item, func() uint32 { s.Items.SeenAs(item, e.Event.Time); return item })
		}
		s.acted(r.visitors[i], item, e.Event, e.Position)
	}
	s.words.items.meet(s)
}

// number looks up who acted and on what.
func (r *run) number(s *State, entries []stream.Entry) {
	n := len(entries)
	r.visitors, r.items = slices.Grow(r.visitors[:0], n)[:n], slices.Grow(r.items[:0], n)[:n]
	r.text, r.ends, r.ids = r.text[:0], r.ends[:0], r.ids[:0]
	for i := range entries {
		e := entries[i].Event
		r.text = freshet.AppendVisitor(r.text, e.User, e.Anonymous, e.Session)
		r.ends = append(r.ends, len(r.text))
	}
	text, begin := string(r.text), 0
	for _, end := range r.ends {
		r.ids = append(r.ids, text[begin:end])
		begin = end
	}
	s.Visitors.AddAll(r.ids, r.visitors)
	for i := range entries {
		r.ids[i] = string(entries[i].Event.Item)
	}
	s.Items.Numbers(r.ids, r.items)
	clear(r.ids)
}
