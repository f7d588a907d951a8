package recall

import (
	"context"
)

// ExploreRoute proposes items that hardly anybody was shown yet, so that no item stays unknown
// because it is unknown. An item's showings are the places it had in served slates and the events
// that name it, whatever they say of it: each shows that it was seen. Those with fewer than 10
// showings stand in one list for each number of showings; the route goes through the lists from
// none upwards, each in an order of its own that is drawn with the request's seed: from a start at
// random in steps of a random length that has no divisor in common with the length of the list,
// so that every item has its turn and none two.
//
// It is a fold, so the same journal and the same request give the same items. It keeps 9 bytes an
// item. A request looks at 20,000 items at most.
type ExploreRoute struct {
	name   string
	shown  []uint8              // by item: its showings, exploreFew when there are more, notKnown before the first sight
	place  []uint32             // by item: where it stands in its list
	levels [exploreFew][]uint32 // by showings
}

const (
	exploreFew    = 10     // showings by which an item has had its chance; a guess: a click-through of 1 in 10 shows in them
	exploreVisits = 20_000 // items looked at for one request
	notKnown      = 255
)

// NewExplore returns the route.
func NewExplore(name string) *ExploreRoute { return &ExploreRoute{name: name} }

// Name implements Route.
func (r *ExploreRoute) Name() string { return r.name }

// Upsert implements Dated.
func (r *ExploreRoute) Upsert(item uint32, _ int64, _ bool) {
	for int(item) >= len(r.shown) {
		r.shown, r.place = append(r.shown, notKnown), append(r.place, 0)
	}
	if r.shown[item] == notKnown {
		r.shown[item] = 0
		r.enter(item)
	}
}

// Apply implements Route.
func (r *ExploreRoute) Apply(a *Act) { r.Served(a.Item) }

// Served implements ServedWatcher.
func (r *ExploreRoute) Served(item uint32) {
	if item == 0 || int(item) >= len(r.shown) || r.shown[item] >= exploreFew {
		return
	}
	level := &r.levels[r.shown[item]]
	last := (*level)[len(*level)-1] // takes its place
	(*level)[r.place[item]], r.place[last] = last, r.place[item]
	*level = (*level)[:len(*level)-1]
	if r.shown[item]++; r.shown[item] < exploreFew {
		r.enter(item)
	}
}

// enter puts an item at the end of the list of its showings.
func (r *ExploreRoute) enter(item uint32) {
	level := &r.levels[r.shown[item]]
	r.place[item] = uint32(len(*level))
	*level = append(*level, item)
}

// Recall implements Route. A proposal's score is the showings, negated.
func (r *ExploreRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	out := proposals(max(0, min(n, exploreVisits)))
	draw, visits := req.Seed, 0
	var ahead [32]uint32
	for showings, level := range r.levels {
		if len(level) == 0 {
			continue
		}
		if visits%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		draw = mixed(draw)
		at := draw % uint64(len(level))
		draw = mixed(draw)
		step := stride(draw, uint64(len(level)))
		for left := len(level); left > 0; left -= len(ahead) {
			// What comes next lies anywhere, so some of it is read at once.
			some := ahead[:min(left, len(ahead))]
			for i := range some {
				some[i] = level[at]
				if at += step; at >= uint64(len(level)) {
					at -= uint64(len(level))
				}
			}
			for _, item := range some {
				if len(out) >= n || visits == exploreVisits {
					return out, nil
				}
				if visits++; visits%checkEvery == 0 && ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if !req.Skip(item) {
					out = append(out, Proposal{item, -float64(showings), Because{Code: Explored}})
				}
			}
		}
	}
	return out, nil
}

// stride is a step from 1 to below n, 1 for n ≤ 2, that has no divisor in common with n.
func stride(draw, n uint64) uint64 {
	if n <= 2 {
		return 1
	}
	step := 1 + draw%(n-1)
	for divisor(step, n) != 1 {
		if step++; step == n {
			step = 1
		}
	}
	return step
}

// divisor is the greatest common one.
func divisor(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
