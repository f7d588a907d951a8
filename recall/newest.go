package recall

import (
	"context"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
)

// maxNewest is how many of the newest items the route keeps.
const maxNewest = 20_000

// NewestRoute proposes the newest items, newest first. Those born within the configured span
// before q are new in the plain sense; then come those born within it before the newest
// event (a history may be decades old), then the rest.
type NewestRoute struct {
	name   string
	within int64
	items  *catalog.Catalog
	list   []born // oldest first; the last maxNewest count, at most as many more wait to be cut
}

type born struct {
	time int64
	item uint32
}

// NewNewest returns the route.
func NewNewest(name string, within freshet.Duration, items *catalog.Catalog) *NewestRoute {
	return &NewestRoute{name: name, within: int64(within), items: items}
}

// Name implements Route.
func (r *NewestRoute) Name() string { return r.name }

// Apply implements Route. Births come by Upsert: they are facts of the catalogue.
func (r *NewestRoute) Apply(*Act) {}

// Upsert takes in an item that the catalogue has just learnt of or dates anew. was is when it
// was born by what the catalogue knew before, if had is set.
func (r *NewestRoute) Upsert(item uint32, was int64, had bool) {
	b := born{r.items.Born(item), item}
	if had {
		if i, found := slices.BinarySearchFunc(r.list, born{was, item}, order); found {
			r.list = slices.Delete(r.list, i, i+1)
		}
	}
	i, found := slices.BinarySearchFunc(r.list, b, order)
	if found || len(r.list)-i >= maxNewest {
		return
	}
	r.list = slices.Insert(r.list, i, b)
	if len(r.list) == 2*maxNewest {
		r.list = append(r.list[:0], r.list[maxNewest:]...)
	}
}

// order is by time, then by item number downwards, so that read from the end ties come in
// item order.
func order(a, b born) int {
	if d := compare(a.time, b.time); d != 0 {
		return d
	}
	return compare(b.item, a.item)
}

// Recall implements Route. A proposal's score is its birth in days before q, negated; an
// item born after q is not proposed.
func (r *NewestRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	out := proposals(max(0, min(n, len(r.list))))
	for i := len(r.list) - 1; i >= max(0, len(r.list)-maxNewest) && len(out) < n; i-- {
		if (len(r.list)-1-i)%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		b := r.list[i]
		if b.time > req.Time || req.Skip(b.item) {
			continue
		}
		code := Catalogued
		if b.time > req.Time-r.within || req.Newest > 0 && b.time > req.Newest-r.within {
			code = Newcomer
		}
		out = append(out, Proposal{b.item, float64(b.time-req.Time) / float64(freshet.Day), Because{Code: code, Time: b.time}})
	}
	return out, nil
}
