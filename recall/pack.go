package recall

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Pack writes every visitor's history.
func (h *Histories) Pack(w *pack.Writer) {
	w.Len(len(h.visitors))
	for i := range h.visitors {
		v := &h.visitors[i]
		packActs(w, v.recent)
		packActs(w, v.disliked)
		w.Len(len(v.queries))
		for _, q := range v.queries {
			w.Text(q.Text)
			w.Int(q.Time)
		}
		w.Len(v.seen.len)
		for _, item := range v.seen.items() {
			newest, _ := v.seen.of(item)
			w.Uint(uint64(item))
			w.Int(newest)
			w.Bool(v.bought[item])
			at, refused := v.refused[item]
			w.Bool(refused)
			if refused {
				w.Int(at)
			}
		}
	}
}

func packActs(w *pack.Writer, acts []Past) {
	w.Len(len(acts))
	for _, p := range acts {
		w.Uint(uint64(p.Item))
		w.Int(p.Time)
		w.Text(p.Name)
	}
}

// Unpack fills empty histories with what Pack wrote. items is one more than the highest item.
func (h *Histories) Unpack(r *pack.Reader, items int) {
	h.visitors = make([]history, r.Len(4))
	names := map[string]string{} // one copy of each
	for i := range h.visitors {
		v := &h.visitors[i]
		v.recent = unpackActs(r, items, maxRecent, names)
		v.disliked = unpackActs(r, items, maxDisliked, names)
		for range r.Len(2) {
			v.queries = append(v.queries, Query{Text: r.Text(), Time: r.Int()})
		}
		if len(v.queries) > maxQueries {
			r.Fail("visitor %d has %d searches", i, len(v.queries))
		}
		v.unpackSeen(r, items)
		if r.Err() != nil {
			return
		}
	}
}

func unpackActs(r *pack.Reader, items, most int, names map[string]string) (acts []Past) {
	for range r.Len(3) {
		p := Past{Item: r.Number(items), Time: r.Int()}
		name := r.Text()
		if names[name] == "" {
			names[name] = name
		}
		p.Name = names[name]
		acts = append(acts, p)
	}
	if len(acts) > most {
		r.Fail("a visitor has %d last acts of one sort", len(acts))
	}
	return acts
}

func (v *history) unpackSeen(r *pack.Reader, items int) {
	for range r.Len(4) {
		item := r.Number(items)
		*v.seen.at(item) = r.Int()
		if r.Bool() {
			if v.bought == nil {
				v.bought = map[uint32]bool{}
			}
			v.bought[item] = true
		}
		if r.Bool() {
			if v.refused == nil {
				v.refused = map[uint32]int64{}
			}
			v.refused[item] = r.Int()
		}
	}
}

func (f *fading) pack(w *pack.Writer) {
	w.Int(f.landmark)
	w.Bool(f.set)
}

func (f *fading) unpack(r *pack.Reader) { f.landmark, f.set = r.Int(), r.Bool() }

// Pack implements Route.
func (r *ItemCFRoute) Pack(w *pack.Writer) {
	r.decay.pack(w)
	w.Int(r.clock.newest)
	w.Int(r.clock.cut)
	w.Int(r.clock.behind)
	w.Bool(r.clock.begun)
	w.Float(r.acts)
	w.Float(r.scale)
	w.Len(len(r.items))
	for i := range r.items {
		w.Float(r.totals[i])
		r.items[i].pack(w)
		r.follow[i].pack(w)
	}
	r.tail.pack(w)
	w.Len(r.pairs.next)
	w.Len(r.followed.next)
	r.crowd.pack(w)
	r.blend.pack(w)
	r.exposed.pack(w)
}

// Unpack implements Route.
func (r *ItemCFRoute) Unpack(from *pack.Reader, items int) {
	r.decay.unpack(from)
	r.clock.newest, r.clock.cut, r.clock.behind, r.clock.begun = from.Int(), from.Int(), from.Int(), from.Bool()
	r.acts, r.scale = from.Float(), from.Float()
	n := from.Len(20 + 8*followerRungs)
	if n > items {
		from.Fail("pairs of %d items where there are %d", n, items)
		return
	}
	r.items, r.totals, r.follow = make([]neighbours, n), make([]float64, n), make([]followers, n)
	for i := range r.items {
		r.totals[i] = from.Float()
		r.items[i].unpack(from, n)
		r.follow[i].unpack(from, n)
		if from.Err() != nil {
			return
		}
		if r.totals[i] > 0 {
			r.known++
		}
		r.pairs.count += len(r.items[i].item)
		r.followed.count += len(r.follow[i].list)
	}
	r.tail.unpack(from)
	r.pairs.next, r.followed.next = int(from.Uint()), int(from.Uint())
	if r.pairs.next < 0 || r.followed.next < 0 {
		from.Fail("hands at %d and %d", r.pairs.next, r.followed.next)
	}
	r.crowd.unpack(from, n)
	r.blend.unpack(from)
	r.exposed.unpack(from, items)
}

// Pack implements Route.
func (p *PopularRoute) Pack(w *pack.Writer) {
	p.decay.pack(w)
	w.Len(len(p.score.values))
	for _, s := range p.score.values {
		w.Float(s)
	}
	for _, c := range p.rungs {
		c.pack(w)
	}
}

// Unpack implements Route.
func (p *PopularRoute) Unpack(r *pack.Reader, items int) {
	p.decay.unpack(r)
	n := r.Len(8)
	if n > items {
		r.Fail("scores of %d items where there are %d", n, items)
		return
	}
	for i := range n {
		p.score.add(uint32(i), r.Float())
	}
	for _, c := range p.rungs {
		c.unpack(r, items)
	}
}

// pack writes the tiles; the totals follow from them.
func (c *counted) pack(w *pack.Writer) {
	w.Bool(c.begun)
	w.Int(c.newest)
	w.Len(len(c.ring))
	for i := range c.ring {
		tile := &c.ring[i]
		w.Len(tile.len)
		for _, item := range tile.items() {
			count, _ := tile.of(item)
			w.Uint(uint64(item))
			w.Int(count)
		}
	}
}

func (c *counted) unpack(r *pack.Reader, items int) {
	c.begun, c.newest = r.Bool(), r.Int()
	if n := r.Len(1); n != len(c.ring) {
		r.Fail("%d tiles where there are %d", n, len(c.ring))
		return
	}
	for i := range c.ring {
		for range r.Len(2) {
			item := r.Number(items)
			*c.ring[i].at(item) = r.Int()
		}
	}
	if r.Err() != nil || !c.begun {
		return
	}
	for back := range int64(countedTiles) {
		for item, n := range c.slot(c.newest - back).all() {
			c.totals.add(item, n)
			c.total += n
		}
	}
}

// Pack implements Route.
func (r *NewestRoute) Pack(w *pack.Writer) {
	w.Len(len(r.list))
	for _, b := range r.list {
		w.Int(b.time)
		w.Uint(uint64(b.item))
	}
}

// Unpack implements Route.
func (r *NewestRoute) Unpack(from *pack.Reader, items int) {
	r.list = make([]born, from.Len(2))
	if len(r.list) >= 2*maxNewest {
		from.Fail("%d newest items", len(r.list))
	}
	for i := range r.list {
		r.list[i] = born{from.Int(), from.Number(items)}
		if i > 0 && order(r.list[i-1], r.list[i]) >= 0 {
			from.Fail("newest items out of order")
			return
		}
	}
}

// Pack implements Route. The index of entries follows from the catalogue.
func (r *SearchRoute) Pack(w *pack.Writer) {
	r.decay.pack(w)
	w.Len(len(r.clicks))
	for _, h := range slices.Sorted(maps.Keys(r.clicks)) {
		w.Word(h)
		r.clicks[h].pack(w)
	}
}

// Unpack implements Route.
func (r *SearchRoute) Unpack(from *pack.Reader, items int) {
	r.decay.unpack(from)
	for range from.Len(17) {
		h, n := from.Word(), &taught{}
		n.unpack(from, items)
		if from.Err() != nil {
			return
		}
		r.clicks[h] = n
	}
	if len(r.clicks) > searchTokens {
		from.Fail("%d tokens of queries", len(r.clicks))
	}
}

// Pack implements Route.
func (r *TrendingRoute) Pack(w *pack.Writer) {
	r.short.pack(w)
	r.long.pack(w)
}

// Unpack implements Route.
func (r *TrendingRoute) Unpack(from *pack.Reader, items int) {
	r.short.unpack(from, items)
	r.long.unpack(from, items)
}

// Pack implements Route: the lists in their order, from which all else follows.
func (r *ExploreRoute) Pack(w *pack.Writer) {
	w.Len(len(r.shown))
	for _, level := range r.levels {
		w.Len(len(level))
		for _, item := range level {
			w.Uint(uint64(item))
		}
	}
}

// Unpack implements Route. An item that is in no list has had its chance.
func (r *ExploreRoute) Unpack(from *pack.Reader, items int) {
	n := from.Uint()
	if n > uint64(items) {
		from.Fail("showings of %d items where there are %d", n, items)
		return
	}
	r.shown, r.place = make([]uint8, n), make([]uint32, n)
	for item := range r.shown {
		r.shown[item] = exploreFew
	}
	if n > 0 {
		r.shown[0] = notKnown
	}
	for showings := range r.levels {
		for range from.Len(1) {
			item := from.Number(int(n))
			if from.Err() != nil {
				return
			}
			if r.shown[item] != exploreFew {
				from.Fail("item %d in two lists of those hardly shown", item)
				return
			}
			r.shown[item] = uint8(showings)
			r.enter(item)
		}
	}
}

// Pack implements Route. The index follows from the catalogue.
func (r *RuleRoute) Pack(w *pack.Writer) {
	r.decay.pack(w)
	w.Len(len(r.weights))
	for _, v := range r.weights {
		w.Float(v)
	}
}

// Unpack implements Route.
func (r *RuleRoute) Unpack(from *pack.Reader, items int) {
	r.decay.unpack(from)
	r.weights = make([]float64, from.Len(8))
	for i := range r.weights {
		r.weights[i] = from.Float()
	}
	if len(r.weights) > items {
		from.Fail("weights of %d items where there are %d", len(r.weights), items)
	}
}
