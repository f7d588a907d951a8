package fold

import (
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
)

func (s *State) packItems(w *pack.Writer) {
	s.Items.Pack(w, func(doc *freshet.Item) []byte { return codec.AppendItem(nil, doc) })
}

func (s *State) unpackItems(r *pack.Reader) {
	s.Items.Unpack(r, func(text []byte) (*freshet.Item, error) {
		doc, problems := codec.DecodeItem(text)
		if len(problems) > 0 {
			return nil, fmt.Errorf("%s at %s", problems[0].Code, problems[0].Pointer)
		}
		return &doc, nil
	})
}

// packModels writes what is live, what is on trial, and what came of that.
func (s *State) packModels(w *pack.Writer) {
	for _, slot := range Slots {
		s.Live(slot).pack(w)
	}
	s.Challenger.pack(w)
	s.Arms.pack(w)
}

func (s *State) unpackModels(r *pack.Reader) {
	for _, slot := range Slots {
		s.Live(slot).unpack(r, slot)
	}
	s.Challenger.unpack(r, Challenger)
	s.Arms.unpack(r)
}

// itemEntries tells of all items that have an entry, by number.
func (s *State) itemEntries(item func(uint32, *freshet.Item)) {
	for n := uint32(1); int(n) < s.Items.Len(); n++ {
		if doc := s.Items.Entry(n); doc != nil {
			item(n, doc)
		}
	}
}

// entries tells of all items and users that have an entry.
func (s *State) entries(item func(uint32, *freshet.Item), user func(uint32, *freshet.User)) {
	s.itemEntries(item)
	for visitor, doc := range s.Users.docs {
		user(visitor, doc)
	}
}

// tables are all routes that keep something, each once.
func (s *State) tables() []recall.Route { return slices.Concat(s.Routes, s.extra) }

// Export writes the features' state in a form that does not depend on how it came about, a line
// a key; see feature.Engine.Export.
func (s *State) Export(write func(line string) error) error {
	return s.Features.Export(s.Visitors.Name, func(n uint32) string { return string(s.Items.ID(n)) }, write)
}

func (a *Acts) pack(w *pack.Writer) {
	w.Len(len(a.last))
	for i := range a.last {
		act := &a.last[i]
		w.Uint(uint64(act.Position))
		w.Text(act.Name)
		w.Int(act.Newest)
	}
}

func (a *Acts) unpack(r *pack.Reader) {
	a.last = make([]LastAct, r.Len(3))
	names := words{}
	for i := range a.last {
		a.last[i] = LastAct{Position: freshet.Position(r.Uint()), Name: names.one(r.Text()), Newest: r.Int()}
	}
}

// words keeps one copy of each text.
type words map[string]string

func (w words) one(text string) string {
	if kept, ok := w[text]; ok {
		return kept
	}
	w[text] = text
	return text
}

func (t *Tally) pack(w *pack.Writer) {
	names := t.Names()
	w.Len(len(names))
	for _, n := range names {
		w.Text(n.Name)
		w.Uint(n.Count)
		w.Uint(n.Late)
		w.Uint(n.Joined)
		w.Int(n.Newest)
	}
	w.Uint(t.others)
	w.Uint(t.imported)
}

func (t *Tally) unpack(r *pack.Reader) {
	t.names = map[string]*NameCount{}
	for range r.Len(5) {
		n := &NameCount{Name: r.Text(), Count: r.Uint(), Late: r.Uint(), Joined: r.Uint(), Newest: r.Int()}
		t.names[n.Name] = n
	}
	t.others, t.imported = r.Uint(), r.Uint()
}

// pack writes the slates looked back on, oldest first; the sums follow from them.
func (l *Lately) pack(w *pack.Writer) {
	w.Len(len(l.ring))
	for i := range l.ring {
		n := &l.ring[(l.next+i)%len(l.ring)]
		for _, v := range []int{n.Nameless, n.Strangers, n.Places, n.Own, n.Fallback} {
			w.Int(int64(v))
		}
		w.Len(len(n.lacks))
		for _, what := range n.lacks {
			w.Text(what)
		}
	}
}

func (l *Lately) unpack(r *pack.Reader) {
	*l = Lately{}
	n := r.Len(6)
	if n > MaxLately {
		r.Fail("%d slates to look back on", n)
	}
	for range n {
		var v [5]int
		for i := range v {
			v[i] = int(r.Int())
		}
		look := look{SlateCount: SlateCount{Slates: 1, Nameless: v[0], Strangers: v[1], Places: v[2], Own: v[3], Fallback: v[4]}}
		for range r.Len(1) {
			look.lacks = append(look.lacks, r.Text())
		}
		if len(look.lacks) > 0 {
			look.Degraded = 1
		}
		if r.Err() != nil {
			return
		}
		l.ring = append(l.ring, look)
		l.add(&look, 1)
	}
}

func (s *shown) pack(w *pack.Writer) {
	w.Len(len(s.order))
	w.Len(s.next)
	for _, visitor := range s.order {
		w.Uint(uint64(visitor))
		last := s.last[visitor]
		w.Text(last.Request)
		w.Len(len(last.Items))
		for _, item := range last.Items {
			w.Text(string(item))
		}
		w.Uint(uint64(last.trial))
	}
}

func (s *shown) unpack(r *pack.Reader, visitors int) {
	n := r.Len(4)
	s.next = int(r.Number(max(1, n)))
	if n > maxShown {
		r.Fail("slates of %d visitors", n)
	}
	if r.Err() != nil {
		return
	}
	s.last = make(map[uint32]Shown, n)
	ids := words{}
	for range n {
		visitor := r.Number(visitors)
		last := Shown{Request: r.Text()}
		for range r.Len(1) {
			last.Items = append(last.Items, freshet.ItemID(ids.one(r.Text())))
		}
		last.trial = freshet.Position(r.Uint())
		if r.Err() != nil {
			return
		}
		s.order = append(s.order, visitor)
		s.last[visitor] = last
	}
	if len(s.last) != len(s.order) {
		r.Fail("slates of %d visitors, %d of them different", len(s.order), len(s.last))
	}
}
