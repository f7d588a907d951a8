package audit

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Pack writes the oracle, but for the documents of items and users.
func (g *Oracle) Pack(w *pack.Writer) {
	w.Uint(g.oneIn)
	w.Int(g.newest)
	for i := range g.columns {
		c := &g.columns[i]
		w.Len(len(c.keyed))
		for _, key := range slices.Sorted(maps.Keys(c.keyed)) {
			k := c.keyed[key]
			w.Word(key)
			w.Int(k.lastTime)
			w.Bool(k.givenUp)
			w.Len(len(k.list))
			for j := range k.list {
				k.list[j].pack(w)
			}
		}
	}
}

func (f *fact) pack(w *pack.Writer) {
	w.Int(f.time)
	w.Word(f.value)
	w.Uint(uint64(f.lanes))
	if f.words != nil {
		w.Uint(uint64(f.item))
		w.Text(f.words.item)
		w.Text(f.words.id)
		w.Text(f.words.text)
	}
}

// Unpack fills a new Oracle of the same options with what Pack wrote. The documents of all items and
// users must be told again, by Upsert and User, before the next event or read.
func (g *Oracle) Unpack(r *pack.Reader) {
	g.oneIn = r.Uint()
	if g.oneIn == 0 || g.oneIn&(g.oneIn-1) != 0 {
		r.Fail("one key in %d", g.oneIn)
		return
	}
	g.newest = r.Int()
	for i := range g.columns {
		c := &g.columns[i]
		for range r.Len(11) {
			key := r.Word()
			k := &facts{lastTime: r.Int(), givenUp: r.Bool()}
			for range r.Len(10) {
				f := c.unpack(r)
				if r.Err() != nil {
					return
				}
				k.list = append(k.list, f)
				k.size += f.size()
			}
			if r.Err() != nil {
				return
			}
			c.keyed[key] = k
			g.facts += 1 + k.size
		}
	}
}

func (c *column) unpack(r *pack.Reader) fact {
	f := fact{time: r.Int(), value: r.Word(), lanes: uint8(r.Number(laneEnd))}
	if c.ordered() {
		f.item = uint32(r.Uint())
		f.words = &words{item: r.Text(), id: r.Text(), text: r.Text()}
	}
	return f
}
