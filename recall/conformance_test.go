package recall_test

import (
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/recall/routetest"
)

// fixture joins a route with a catalogue and tells newest of every birth, if there is one.
func fixture(route recall.Route, histories *recall.Histories, items *catalog.Catalog, newest *recall.NewestRoute) routetest.Fixture {
	meet := func(id freshet.ItemID, note func() uint32) uint32 {
		item, was := items.Find(id), int64(0)
		had := item != 0
		if had {
			was = items.Born(item)
		}
		item = note()
		if newest != nil && (!had || items.Born(item) != was) {
			newest.Upsert(item, was, had)
		}
		return item
	}
	return routetest.Fixture{
		Route: route, Histories: histories,
		Seen: func(id freshet.ItemID, t int64) uint32 {
			return meet(id, func() uint32 { return items.Seen(id, t) })
		},
		Upsert: func(doc *freshet.Item, t int64) uint32 {
			return meet(doc.ID, func() uint32 { return items.Upsert(doc, t) })
		},
	}
}

func TestRoutesConform(t *testing.T) {
	t.Run("itemcf", func(t *testing.T) {
		routetest.Run(t, func() routetest.Fixture {
			histories := &recall.Histories{}
			return fixture(recall.NewItemCF("covisit", recall.ItemCFOptions{}, histories), histories, catalog.New(), nil)
		})
	})
	t.Run("session", func(t *testing.T) {
		routetest.Run(t, func() routetest.Fixture {
			return fixture(recall.NewSession("session", recall.SessionOptions{}), &recall.Histories{}, catalog.New(), nil)
		})
	})
	t.Run("popular", func(t *testing.T) {
		routetest.Run(t, func() routetest.Fixture {
			return fixture(recall.NewPopular("hot", freshet.Hour, freshet.Minute), &recall.Histories{}, catalog.New(), nil)
		})
	})
	t.Run("new", func(t *testing.T) {
		routetest.Run(t, func() routetest.Fixture {
			items := catalog.New()
			newest := recall.NewNewest("new", 3*freshet.Day, items)
			return fixture(newest, &recall.Histories{}, items, newest)
		})
	})
}
