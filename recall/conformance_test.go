package recall_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/recall/routetest"
)

// maker makes a route over a catalogue and histories, and names who else is told of entries.
type maker func(items *catalog.Catalog, histories *recall.Histories) (recall.Route, []recall.EntryReader)

// run judges the routes that new makes.
func run(t *testing.T, name string, new maker) {
	t.Run(name, func(t *testing.T) {
		routetest.Run(t, func() routetest.Fixture { return fixture(new) })
	})
}

// fixture joins a route with a catalogue and tells who wants to know of births and entries.
func fixture(new maker) routetest.Fixture {
	items, histories := catalog.New(), &recall.Histories{}
	route, readers := new(items, histories)
	meet := func(id freshet.ItemID, note func() uint32) uint32 {
		item, was := items.Find(id), int64(0)
		had := item != 0
		if had {
			was = items.Born(item)
		}
		item = note()
		if dated, ok := route.(recall.Dated); ok && (!had || items.Born(item) != was) {
			dated.Upsert(item, was, had)
		}
		return item
	}
	return routetest.Fixture{
		Route: route, Histories: histories,
		Seen: func(id freshet.ItemID, t int64) uint32 {
			return meet(id, func() uint32 { return items.Seen(id, t) })
		},
		Upsert: func(doc *freshet.Item, t int64) uint32 {
			item := meet(doc.ID, func() uint32 { return items.Upsert(doc, t) })
			for _, r := range readers {
				r.Entry(item, doc)
			}
			return item
		},
		Again: func() recall.Route {
			route, readers = new(items, histories)
			for item := uint32(1); int(item) < items.Len(); item++ {
				for _, r := range readers {
					if doc := items.Entry(item); doc != nil {
						r.Entry(item, doc)
					}
				}
			}
			return route
		},
	}
}

func TestRoutesConform(t *testing.T) {
	run(t, "itemcf", func(_ *catalog.Catalog, h *recall.Histories) (recall.Route, []recall.EntryReader) {
		return recall.NewItemCF("covisit", recall.ItemCFOptions{}, h), nil
	})
	run(t, "session", func(*catalog.Catalog, *recall.Histories) (recall.Route, []recall.EntryReader) {
		return recall.NewSession("session", recall.SessionOptions{}), nil
	})
	run(t, "popular", func(*catalog.Catalog, *recall.Histories) (recall.Route, []recall.EntryReader) {
		return recall.NewPopular("hot", freshet.Hour, freshet.Minute), nil
	})
	run(t, "new", func(items *catalog.Catalog, _ *recall.Histories) (recall.Route, []recall.EntryReader) {
		return recall.NewNewest("new", 3*freshet.Day, items), nil
	})
	run(t, "similar", func(*catalog.Catalog, *recall.Histories) (recall.Route, []recall.EntryReader) {
		texts := recall.NewTexts()
		return recall.NewSimilar("like", texts), []recall.EntryReader{texts}
	})
	run(t, "search", func(_ *catalog.Catalog, h *recall.Histories) (recall.Route, []recall.EntryReader) {
		texts := recall.NewTexts()
		return recall.NewSearch("asked", 30*freshet.Minute, texts, h), []recall.EntryReader{texts}
	})
	run(t, "trending", func(_ *catalog.Catalog, h *recall.Histories) (recall.Route, []recall.EntryReader) {
		return recall.NewTrending("rising", 20*freshet.Minute, 90*freshet.Day, freshet.Minute, h), nil
	})
	run(t, "explore", func(*catalog.Catalog, *recall.Histories) (recall.Route, []recall.EntryReader) {
		return recall.NewExplore("try"), nil
	})
	run(t, "geo", func(*catalog.Catalog, *recall.Histories) (recall.Route, []recall.EntryReader) {
		geo := recall.NewGeo("close", 2000)
		return geo, []recall.EntryReader{geo}
	})
	for name, popular := range map[string]bool{"rule, newest": false, "rule, popular": true} {
		run(t, name, func(items *catalog.Catalog, _ *recall.Histories) (recall.Route, []recall.EntryReader) {
			follows := recall.NewRule("follows", recall.Rule{
				Bind: func(*recall.Request) func(*freshet.Item, int64) bool {
					return func(doc *freshet.Item, _ int64) bool { return doc.Attributes["author"] != "cid" }
				},
				Keys: func(dst []string, doc *freshet.Item) []string {
					return append(dst, fmt.Sprint(doc.Attributes["author"]))
				},
				Wanted: func(dst []string, _ *recall.Request) []string { return append(dst, "bea", "ann", "cid", "dan") },
			}, popular, items)
			return follows, []recall.EntryReader{follows}
		})
	}
	run(t, "rule without an attribute", func(items *catalog.Catalog, _ *recall.Histories) (recall.Route, []recall.EntryReader) {
		return recall.NewRule("all", recall.Rule{
			Bind: func(*recall.Request) func(*freshet.Item, int64) bool {
				return func(doc *freshet.Item, _ int64) bool { return doc.Title != "milk" }
			},
		}, false, items), nil
	})
	run(t, "external", func(items *catalog.Catalog, _ *recall.Histories) (recall.Route, []recall.EntryReader) {
		return &answered{recall.NewExternal("partner", items)}, nil
	})
}

// answered is a route that asks outside and is always told the same: items in no order, some twice
// and some that nobody knows.
type answered struct{ *recall.ExternalRoute }

func (r *answered) Recall(ctx context.Context, req *recall.Request, n int) ([]recall.Proposal, error) {
	own := *req
	var said []recall.External
	for i := range 60 {
		said = append(said, recall.External{Item: freshet.ItemID(fmt.Sprintf("item %d", i*7%45)), Score: float64(i % 11)})
	}
	own.External = map[string][]recall.External{r.Name(): said, "other": {{Item: "item 1", Score: 99}}}
	return r.ExternalRoute.Recall(ctx, &own, n)
}
