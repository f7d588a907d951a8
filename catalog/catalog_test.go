package catalog

import (
	"testing"

	"github.com/freshet-rec/freshet"
)

func TestCatalog(t *testing.T) {
	const noon = 1_700_000_000_000
	type want struct {
		item      uint32
		available bool
		born      int64
		title     string // of the entry, "-" when there is none
		known     int
	}
	seen := func(id freshet.ItemID, at int64) func(*Catalog) uint32 {
		return func(c *Catalog) uint32 { return c.Seen(id, at) }
	}
	upsert := func(doc freshet.Item, at int64) func(*Catalog) uint32 {
		return func(c *Catalog) uint32 { return c.Upsert(&doc, at) }
	}
	c := New()
	steps := []struct {
		name string
		do   func(*Catalog) uint32
		id   freshet.ItemID
		want want
	}{
		{"an item that an event named is a member", seen("tea", noon), "tea", want{1, true, noon, "-", 0}},
		{"a later event leaves its birth", seen("tea", noon+1), "tea", want{1, true, noon, "-", 0}},
		{"an earlier one moves it", seen("tea", noon-9), "tea", want{1, true, noon - 9, "-", 0}},
		{"an entry gives it a title", upsert(freshet.Item{ID: "tea", Title: "Tea"}, noon+2), "tea", want{1, true, noon - 9, "Tea", 1}},
		{"an entry received before any event is a sign of life", upsert(freshet.Item{ID: "tea", Title: "Tea"}, noon-20), "tea", want{1, true, noon - 20, "Tea", 1}},
		{"an unknown item comes by its entry", upsert(freshet.Item{ID: "jam", Title: "Jam"}, noon), "jam", want{2, true, noon, "Jam", 2}},
		{"an entry replaces the last one whole", upsert(freshet.Item{ID: "jam", Unavailable: true}, noon+5), "jam", want{2, false, noon, "", 2}},
		{"and may bring the item back", upsert(freshet.Item{ID: "jam", Title: "Jam"}, noon+6), "jam", want{2, true, noon, "Jam", 2}},
		{"a publication dates the item", upsert(freshet.Item{ID: "jam", Published: noon + 99, HasPublished: true}, noon+7), "jam", want{2, true, noon + 99, "", 2}},
		{"whatever events say", seen("jam", noon-50), "jam", want{2, true, noon + 99, "", 2}},
		{"a publication at 0 is one", upsert(freshet.Item{ID: "jam", HasPublished: true}, noon+8), "jam", want{2, true, 0, "", 2}},
		{"without it the first sign of life counts again", upsert(freshet.Item{ID: "jam", Published: 7}, noon+9), "jam", want{2, true, noon - 50, "", 2}},
	}
	for _, s := range steps {
		n := s.do(c)
		got := want{n, c.Available(n), c.Born(n), "-", c.Known()}
		if doc := c.Entry(n); doc != nil {
			got.title = doc.Title
		}
		if got != s.want {
			t.Errorf("%s: %+v, want %+v", s.name, got, s.want)
		}
		if c.Find(s.id) != n || c.ID(n) != s.id {
			t.Errorf("%s: Find(%q) = %d and ID(%d) = %q, want each other", s.name, s.id, c.Find(s.id), n, c.ID(n))
		}
	}
	if c.Len() != 3 {
		t.Errorf("Len = %d, want 3: no item, tea, jam", c.Len())
	}
	if n := c.Find("salt"); n != 0 {
		t.Errorf("Find of an item nothing named = %d, want 0", n)
	}
}

func TestNoItem(t *testing.T) {
	tests := []struct {
		name string
		do   func(*Catalog) uint32
	}{
		{"seen without an id", func(c *Catalog) uint32 { return c.Seen("", 5) }},
		{"an entry without an id", func(c *Catalog) uint32 { return c.Upsert(&freshet.Item{Title: "nameless"}, 5) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New()
			if n := tt.do(c); n != 0 {
				t.Errorf("number %d, want 0", n)
			}
			if c.Len() != 1 || c.Known() != 0 || c.Entry(0) != nil {
				t.Errorf("Len %d, Known %d, Entry(0) %v; want 1, 0, nil: the catalogue is empty", c.Len(), c.Known(), c.Entry(0))
			}
		})
	}
}
