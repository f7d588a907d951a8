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
		w.Len(len(v.recent))
		for _, p := range v.recent {
			w.Uint(uint64(p.Item))
			w.Int(p.Time)
			w.Text(p.Name)
		}
		w.Len(len(v.seen))
		for _, item := range slices.Sorted(maps.Keys(v.seen)) {
			w.Uint(uint64(item))
			w.Int(v.seen[item])
			w.Bool(v.bought[item])
		}
	}
}

// Unpack fills empty histories with what Pack wrote. items is one more than the highest item.
func (h *Histories) Unpack(r *pack.Reader, items int) {
	h.visitors = make([]history, r.Len(2))
	names := map[string]string{} // one copy of each
	for i := range h.visitors {
		v := &h.visitors[i]
		for range r.Len(3) {
			p := Past{Item: r.Number(items), Time: r.Int()}
			name := r.Text()
			if names[name] == "" {
				names[name] = name
			}
			p.Name = names[name]
			v.recent = append(v.recent, p)
		}
		if len(v.recent) > maxRecent {
			r.Fail("visitor %d has %d recent acts", i, len(v.recent))
		}
		n := r.Len(3)
		if n == 0 {
			continue
		}
		v.seen = make(map[uint32]int64, n)
		for range n {
			item := r.Number(items)
			v.seen[item] = r.Int()
			if r.Bool() {
				if v.bought == nil {
					v.bought = map[uint32]bool{}
				}
				v.bought[item] = true
			}
		}
		if r.Err() != nil {
			return
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
	w.Float(r.acts)
	w.Float(r.scale)
	w.Len(len(r.items))
	for i := range r.items {
		r.items[i].pack(w)
		r.follow[i].pack(w)
	}
	r.tail.pack(w)
	w.Len(r.pairs.next)
	w.Len(r.followed.next)
	r.crowd.pack(w)
	r.blend.pack(w)
}

// Unpack implements Route.
func (r *ItemCFRoute) Unpack(from *pack.Reader, items int) {
	r.decay.unpack(from)
	r.acts, r.scale = from.Float(), from.Float()
	n := from.Len(20 + 8*followerRungs)
	if n > items {
		from.Fail("pairs of %d items where there are %d", n, items)
		return
	}
	r.items, r.follow = make([]neighbours, n), make([]followers, n)
	for i := range r.items {
		r.items[i].unpack(from, n)
		r.follow[i].unpack(from, n)
		if from.Err() != nil {
			return
		}
		if r.items[i].total > 0 {
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
}

// Pack implements Route.
func (p *PopularRoute) Pack(w *pack.Writer) {
	p.decay.pack(w)
	w.Len(len(p.score))
	for _, s := range p.score {
		w.Float(s)
	}
	for _, c := range p.rungs {
		c.pack(w)
	}
}

// Unpack implements Route.
func (p *PopularRoute) Unpack(r *pack.Reader, items int) {
	p.decay.unpack(r)
	p.score = make([]float64, r.Len(8))
	for i := range p.score {
		p.score[i] = r.Float()
	}
	if len(p.score) > items {
		r.Fail("scores of %d items where there are %d", len(p.score), items)
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
	for _, tile := range c.ring {
		w.Len(len(tile))
		for _, item := range slices.Sorted(maps.Keys(tile)) {
			w.Uint(uint64(item))
			w.Int(tile[item])
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
		n := r.Len(2)
		if n == 0 {
			continue
		}
		tile := make(map[uint32]int64, n)
		for range n {
			item := r.Number(items)
			tile[item] = r.Int()
		}
		c.ring[i] = tile
	}
	if r.Err() != nil || !c.begun {
		return
	}
	for back := range int64(countedTiles) {
		for item, n := range *c.slot(c.newest - back) {
			for int(item) >= len(c.totals) {
				c.totals = append(c.totals, 0)
			}
			c.totals[item] += n
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
