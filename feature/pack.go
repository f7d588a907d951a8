package feature

import (
	"maps"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store"
)

// Pack writes the state of every feature.
func (g *Engine) Pack(w *pack.Writer) {
	w.Int(g.newest)
	for _, all := range []map[string]*attribute{g.items, g.users} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			all[name].pack(w)
		}
	}
	for _, gr := range g.groups {
		gr.pack(w)
	}
}

// Unpack fills a new Engine of the same definitions and options with what Pack wrote: from
// then on both do alike, bit for bit, once the documents of items and users have been upserted
// again. items and visitors are one more than their highest numbers.
func (g *Engine) Unpack(r *pack.Reader, items, visitors int) {
	g.newest = r.Int()
	for _, name := range slices.Sorted(maps.Keys(g.items)) {
		g.items[name].unpack(r, items)
	}
	for _, name := range slices.Sorted(maps.Keys(g.users)) {
		g.users[name].unpack(r, visitors)
	}
	for _, gr := range g.groups {
		gr.unpack(r)
	}
}

func (a *attribute) pack(w *pack.Writer) {
	a.numbers.Pack(w)
	w.Len(a.owners)
	for owner := range a.owners {
		values := a.of(uint32(owner))
		w.Len(len(values))
		for _, v := range values {
			w.Uint(uint64(v))
		}
	}
}

func (a *attribute) unpack(r *pack.Reader, owners int) {
	a.numbers.Unpack(r)
	n := r.Len(1)
	if n > owners {
		r.Fail("values of %d items or users where there are %d", n, owners)
	}
	for owner := range n {
		var values []uint32
		for range r.Len(1) {
			values = append(values, r.Number(a.numbers.Len()))
		}
		if r.Err() != nil {
			return
		}
		a.put(uint32(owner), values)
	}
}

func (g *group) pack(w *pack.Writer) {
	for i := range g.parts {
		if texts := g.parts[i].texts; texts != nil {
			texts.Pack(w)
		}
	}
	w.Len(len(g.crosses.list))
	for _, c := range g.crosses.list {
		w.Uint(uint64(c.from))
		w.Uint(uint64(c.first))
		w.Uint(uint64(c.other))
	}
	w.Int(g.spentBefore)
	w.Int(g.spent)
	w.Int(g.evicted)
	g.table.Pack(w, func(record []uint64) {
		for _, c := range g.columns {
			cell := c.cell(record)
			if w.Bool(cell[0] != 0); cell[0] != 0 {
				c.cells.Pack(w, cell)
			}
		}
	})
	for _, c := range g.columns {
		list := c.waiting.list[c.waiting.head:]
		w.Len(len(list))
		for _, one := range list {
			w.Uint(uint64(one.key))
			w.Int(one.time)
		}
	}
}

func (g *group) unpack(r *pack.Reader) {
	for i := range g.parts {
		if g.parts[i].texts != nil {
			g.parts[i].texts = intern.New()
			g.parts[i].texts.Unpack(r)
		}
	}
	for range r.Len(3) {
		k := cross{uint32(r.Number(len(g.parts))), uint32(r.Uint()), uint32(r.Uint())}
		if g.crosses.number(int(k.from), k.first, k.other, false) != 0 {
			r.Fail("a pair of numbers comes twice")
		}
		if r.Err() != nil {
			return
		}
		g.crosses.number(int(k.from), k.first, k.other, true)
	}
	g.spentBefore, g.spent, g.evicted = r.Int(), r.Int(), r.Int()
	g.nextPass = math.MinInt64
	g.draining = g.window > 0
	g.table.Unpack(r, func(record []uint64) {
		for _, c := range g.columns {
			if r.Bool() && r.Err() == nil {
				cell := c.cell(record)
				if c.cells.Unpack(r, cell); cell[0] == 0 {
					r.Fail("a cell is said to hold something, and is empty")
				}
				c.live++
			}
		}
	})
	for _, c := range g.columns {
		for range r.Len(2) {
			k, t := store.Key(r.Uint()), r.Int()
			if r.Err() != nil {
				return
			}
			c.waiting.push(k, t)
		}
	}
}
