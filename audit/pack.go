package audit

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Pack writes the oracle, but for the attributes of items.
func (g *Oracle) Pack(w *pack.Writer) {
	w.Uint(g.oneIn)
	w.Int(g.newest)
	texts := make([]string, len(g.texts))
	for text, n := range g.texts {
		texts[n-1] = text
	}
	w.Len(len(texts))
	for _, text := range texts {
		w.Text(text)
	}
	for i := range g.columns {
		c := &g.columns[i]
		w.Len(len(c.keys))
		for _, key := range slices.Sorted(maps.Keys(c.keys)) {
			k := c.keys[key]
			w.Word(key)
			w.Int(k.lastTime)
			w.Bool(k.givenUp)
			w.Len(len(k.list))
			for _, f := range k.list {
				w.Int(f.time)
				w.Float(f.amount)
				w.Uint(uint64(f.lanes))
			}
		}
	}
}

// Unpack fills a new Oracle of the same options with what Pack wrote. The attributes of all items
// must be told again, by Upsert, before the next event or read.
func (g *Oracle) Unpack(r *pack.Reader) {
	g.oneIn = r.Uint()
	if g.oneIn == 0 || g.oneIn&(g.oneIn-1) != 0 {
		r.Fail("one key in %d", g.oneIn)
		return
	}
	g.newest = r.Int()
	for n := range r.Len(1) {
		text := r.Text()
		if _, twice := g.texts[text]; twice {
			r.Fail("the text %q comes twice", text)
		}
		if r.Err() != nil {
			return
		}
		g.texts[text] = uint32(n + 1)
	}
	for i := range g.columns {
		c := &g.columns[i]
		for range r.Len(11) {
			key := r.Word()
			k := &facts{lastTime: r.Int(), givenUp: r.Bool()}
			for range r.Len(10) {
				k.list = append(k.list, fact{r.Int(), r.Float(), uint8(r.Uint())})
			}
			if r.Err() != nil {
				return
			}
			c.keys[key] = k
			g.facts += 1 + len(k.list)
		}
	}
}
