package catalog

import (
	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// Pack writes the catalogue. encode gives the bytes of an entry.
func (c *Catalog) Pack(w *pack.Writer, encode func(*freshet.Item) []byte) {
	c.ids.Pack(w)
	for i := range c.entries[1:] {
		e := &c.entries[i+1]
		w.Int(e.since)
		w.Bool(e.doc != nil)
		if e.doc != nil {
			w.Blob(encode(e.doc))
		}
	}
}

// Unpack fills an empty catalogue with what Pack wrote; decode reads the bytes of an entry.
func (c *Catalog) Unpack(r *pack.Reader, decode func([]byte) (*freshet.Item, error)) {
	c.ids.Unpack(r)
	if r.Err() != nil {
		return
	}
	c.entries = make([]entry, c.ids.Len())
	for n := 1; n < len(c.entries) && r.Err() == nil; n++ {
		c.entries[n].since = r.Int()
		if !r.Bool() {
			continue
		}
		doc, err := decode(r.Blob())
		if err != nil {
			r.Fail("the entry of item %d: %v", n, err)
			return
		}
		if string(doc.ID) != c.ids.Name(uint32(n)) {
			r.Fail("the entry of item %d is that of another", n)
			return
		}
		c.describe(uint32(n), doc)
	}
}
