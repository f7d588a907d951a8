package feature

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// Pack writes the state of every feature.
func (g *Engine) Pack(w *pack.Writer) {
	w.Int(g.newest)
	for _, name := range slices.Sorted(maps.Keys(g.attributes)) {
		g.attributes[name].pack(w)
	}
	for _, c := range g.columns {
		c.pack(w)
	}
}

// Unpack fills a new Engine of the same definitions and options with what Pack wrote: from
// then on both do alike, bit for bit. items is one more than the highest item number.
func (g *Engine) Unpack(r *pack.Reader, items int) {
	g.newest = r.Int()
	for _, name := range slices.Sorted(maps.Keys(g.attributes)) {
		g.attributes[name].unpack(r, items)
	}
	for _, c := range g.columns {
		c.unpack(r)
	}
}

func (a *attribute) pack(w *pack.Writer) {
	a.numbers.Pack(w)
	w.Len(len(a.values))
	for _, values := range a.values {
		w.Len(len(values))
		for _, v := range values {
			w.Uint(uint64(v))
		}
	}
}

func (a *attribute) unpack(r *pack.Reader, items int) {
	a.numbers.Unpack(r)
	a.values = make([][]uint32, r.Len(1))
	if len(a.values) > items {
		r.Fail("values of %d items where there are %d", len(a.values), items)
	}
	for i := range a.values {
		for range r.Len(1) {
			a.values[i] = append(a.values[i], r.Number(a.numbers.Len()))
		}
		if r.Err() != nil {
			return
		}
	}
}

func (c *column) pack(w *pack.Writer) {
	w.Int(c.newest)
	c.table.Pack(w)
	if c.decay == nil {
		return
	}
	w.Len(c.waiting.len())
	for _, k := range c.waiting.keys[c.waiting.head:] {
		w.Uint(uint64(k))
		list := c.pending[k]
		w.Len(len(list))
		for _, p := range list {
			w.Int(p.Time)
			w.Float(p.Amount)
		}
	}
}

func (c *column) unpack(r *pack.Reader) {
	c.newest = r.Int()
	c.table.Unpack(r)
	if c.decay == nil {
		return
	}
	for range r.Len(2) {
		k := store.Key(r.Uint())
		n := r.Len(9)
		list := make(window.Pending, n)
		for i := range list {
			list[i] = window.Waiting{Time: r.Int(), Amount: r.Float()}
		}
		if _, twice := c.pending[k]; twice || n == 0 {
			r.Fail("key %d waits twice or for nothing", k)
		}
		if r.Err() != nil {
			return
		}
		c.waiting.push(k)
		c.pending[k] = list
	}
}
