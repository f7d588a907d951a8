package feature

import (
	"maps"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
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
	if g.newest = r.Int(); g.newest < 0 || g.newest > maxTime {
		r.Fail("a newest event at %d ms", g.newest)
		return
	}
	g.unpacked = items
	for _, name := range slices.Sorted(maps.Keys(g.items)) {
		g.items[name].unpack(r, items)
	}
	for _, name := range slices.Sorted(maps.Keys(g.users)) {
		g.users[name].unpack(r, visitors)
	}
	for _, gr := range g.groups {
		gr.unpack(r, g.newest, items, visitors)
	}
}

// maxTime is an event time that no event has: some of the year 10000.
const maxTime = int64(253_402_300_800_000)

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
	w.Int(g.letGo)
	g.table.Pack(w, func(record []uint64) {
		for _, c := range g.defined {
			cell := c.cell(record)
			if w.Bool(cell[0] != 0); cell[0] != 0 {
				c.cells.Pack(w, cell)
			}
		}
	})
	for _, c := range g.defined {
		list := c.waiting.list[c.waiting.head:]
		w.Len(len(list))
		for _, one := range list {
			w.Uint(uint64(one.key))
			w.Int(one.time)
		}
	}
}

func (g *group) unpack(r *pack.Reader, newest int64, items, visitors int) {
	for i := range g.parts {
		if g.parts[i].texts != nil {
			g.parts[i].texts = intern.New()
			g.parts[i].texts.Unpack(r)
		}
	}
	limits := g.limits(items, visitors)
	for range r.Len(3) {
		from := r.Number(max(1, len(limits)-1))
		if from == 0 {
			r.Fail("a pair of numbers that no key has")
			return
		}
		k := cross{from, r.Number(limits[from]), 0}
		if k.other = uint32(r.Uint()); !g.sound(int(from)+1, k.other, limits) {
			r.Fail("a pair with number %d where there is none", k.other)
		}
		if g.crosses.number(int(k.from), k.first, k.other, false) != 0 {
			r.Fail("a pair of numbers comes twice")
		}
		if r.Err() != nil {
			return
		}
		g.crosses.number(int(k.from), k.first, k.other, true)
	}
	g.spentBefore, g.spent, g.evicted, g.letGo = r.Int(), r.Int(), r.Int(), r.Int()
	g.nextPass = math.MinInt64
	g.draining = g.window > 0
	g.table.Unpack(r, func(record []uint64) {
		live := 0
		for _, c := range g.defined {
			if r.Bool() && r.Err() == nil {
				cell := c.cell(record)
				if c.cells.Unpack(r, cell); cell[0] == 0 {
					r.Fail("a cell is said to hold something, and is empty")
				}
				if t := window.Newest(cell); t > newest || c.counters == nil && cell[0] > uint64(newest)+1 {
					r.Fail("an event at %d ms, where the newest is at %d", t, newest)
				}
				c.live++
				live++
			}
		}
		if live == 0 {
			r.Fail("a key has nothing")
		}
	})
	g.table.Each(func(k store.Key, _ []uint64) bool {
		if !g.known(k, limits) {
			r.Fail("the key %d has a part that is not known", k)
		}
		return r.Err() == nil
	})
	for _, c := range g.defined {
		n := r.Len(2)
		if n > 0 && c.decay == nil {
			r.Fail("%d keys wait of a feature that does not decay", n)
		}
		for range n {
			k, t := store.Key(r.Uint()), r.Int()
			if t < 0 || t > maxTime {
				r.Fail("a key whose turn is at %d ms", t)
			}
			if r.Err() != nil {
				return
			}
			c.waiting.push(k, t)
		}
	}
}

// limits are one more than the highest number of each part's values.
func (g *group) limits(items, visitors int) []int {
	var limits []int
	for i := range g.parts {
		switch p := &g.parts[i]; p.of {
		case theUser:
			limits = append(limits, visitors)
		case theItem:
			limits = append(limits, items)
		case ofContext:
			limits = append(limits, p.texts.Len())
		default:
			limits = append(limits, p.attr.numbers.Len())
		}
	}
	return limits
}

// known reports that every number in a key is one of its part's values.
func (g *group) known(k store.Key, limits []int) bool {
	switch len(g.parts) {
	case 0:
		return k == 0
	case 1:
		return uint64(k)>>32 == 0 && g.sound(0, uint32(k), limits)
	}
	return int(k>>32) < limits[0] && g.sound(1, uint32(k), limits)
}

// sound reports that a number is a value of the part, when that is the last one, else a cross that
// begins with the part.
func (g *group) sound(part int, number uint32, limits []int) bool {
	if part == len(g.parts)-1 {
		return int(number) < limits[part]
	}
	return number > 0 && int(number) <= len(g.crosses.list) && int(g.crosses.list[number-1].from) == part
}
