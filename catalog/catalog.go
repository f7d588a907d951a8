// Package catalog keeps what is known of each item at one position of the journal: its
// entry, whether it may be shown, and since when it exists.
//
// Items get small numbers at first sight, in an event or an entry, so that tables elsewhere
// can be indexed by item; 0 is no item. An item that only events have named is a member too:
// it can be recommended, it just has no title.
//
// It leaves out ordering and locking: one writer applies records in journal order, readers
// share it under the writer's lock.
package catalog

import (
	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/intern"
)

// Catalog is the set of items. Use New.
type Catalog struct {
	ids     *intern.Table
	entries []entry  // by item number; entries[0] is no item
	gone    []uint64 // a bit an item: its entry says that it may not be shown; zero beyond the end
	known   int
}

type entry struct {
	doc   *freshet.Item // nil until an entry came; replaced, never changed
	since int64         // earliest sign of life, Unix ms: first event or receipt of an entry
}

// New returns an empty Catalog.
func New() *Catalog { return &Catalog{ids: intern.New(), entries: make([]entry, 1)} }

// Seen notes that an event or entry named the item at time t, and returns its number; 0 for
// the empty id.
func (c *Catalog) Seen(id freshet.ItemID, t int64) uint32 {
	n := c.ids.Add(string(id))
	c.SeenAs(n, t)
	return n
}

// Numbers sets numbers[i] to the number that Seen is going to give ids[i]. Seen must be told of all
// of them next, in the same order: until then the catalogue has numbers of which it knows nothing.
func (c *Catalog) Numbers(ids []string, numbers []uint32) { c.ids.AddAll(ids, numbers) }

// Knew reports that SeenAs would change nothing.
func (c *Catalog) Knew(n uint32, t int64) bool {
	return int(n) < len(c.entries) && c.entries[n].since <= t
}

// SeenAs is Seen of the item with number n, which comes from Numbers.
func (c *Catalog) SeenAs(n uint32, t int64) {
	switch {
	case n == 0:
	case int(n) == len(c.entries):
		c.entries = append(c.entries, entry{since: t})
	default:
		c.entries[n].since = min(c.entries[n].since, t)
	}
}

// Upsert replaces the entry of an item, received at time t, and returns its number; 0 for an
// entry with the empty id, which is passed over. The catalogue keeps doc.
func (c *Catalog) Upsert(doc *freshet.Item, t int64) uint32 {
	n := c.Seen(doc.ID, t)
	if n == 0 {
		return 0
	}
	c.describe(n, doc)
	return n
}

// describe sets the entry of item number n. What may be shown stands apart from the entries: it is
// asked for every candidate, and a bit for each of a million items is in the processor's cache.
func (c *Catalog) describe(n uint32, doc *freshet.Item) {
	if c.entries[n].doc == nil {
		c.known++
	}
	c.entries[n].doc = doc
	for doc.Unavailable && int(n/64) >= len(c.gone) {
		c.gone = append(c.gone, 0)
	}
	if word := int(n / 64); word < len(c.gone) {
		c.gone[word] &^= 1 << (n % 64)
		if doc.Unavailable {
			c.gone[word] |= 1 << (n % 64)
		}
	}
}

// Find returns the number of an item, 0 when nothing ever named it.
func (c *Catalog) Find(id freshet.ItemID) uint32 { return c.ids.Find(string(id)) }

// ID returns the id of item number n.
func (c *Catalog) ID(n uint32) freshet.ItemID { return freshet.ItemID(c.ids.Name(n)) }

// Entry returns the entry of item number n, nil when only events named it. The entry must
// not be changed.
func (c *Catalog) Entry(n uint32) *freshet.Item { return c.entries[n].doc }

// Available reports whether the item may be shown: it may unless its entry says otherwise.
func (c *Catalog) Available(n uint32) bool {
	word := int(n / 64)
	return word >= len(c.gone) || c.gone[word]>>(n%64)&1 == 0
}

// Born is when the item came into the world, Unix ms: its publication when the entry has
// one, else the first sign of life.
func (c *Catalog) Born(n uint32) int64 {
	if doc := c.entries[n].doc; doc != nil && doc.HasPublished {
		return doc.Published
	}
	return c.entries[n].since
}

// Len is one more than the highest item number: the length of a slice indexed by item.
func (c *Catalog) Len() int { return len(c.entries) }

// Known is the number of items with an entry.
func (c *Catalog) Known() int { return c.known }
