package recall

import (
	"context"
	"math"

	"github.com/freshet-rec/freshet"
)

// TrendingRoute proposes what is wanted more than it was: visitors counted over a short window,
// held against a long one. With s of an item's S counts of all items in the short window and b of
// B in the rest of the long one, the item would have
//
//	e = S · (b + 1)/(B + items)
//
// if its share of all wants had stayed as it was, the prior being one more count for each of the
// items that were wanted in the long window; so a busier hour makes nothing trend by itself. The score is the deviation after Anscombe's
// transformation, under which a Poisson count has variance 1 whatever its mean (Anscombe, "The
// Transformation of Poisson, Binomial and Negative-Binomial Data", Biometrika 1948):
//
//	z = 2·√(s + 3/8) − 2·√(e + 3/8)
//
// Items with z ≥ 3 trend: by chance an item does so once in 700 windows. That takes 5 counts of
// an item nobody wanted before, so 2 events never trend. A visitor who wants one item again and
// again counts once while the act is among their last 50 positive ones.
//
// It keeps what two rungs of PopularRoute keep. A request goes down the leaders of the short window as
// far as an item with nothing before could still be among the best.
type TrendingRoute struct {
	name      string
	short     *counted
	long      *counted
	histories *Histories
}

// trendingLeast is the least z that is proposed.
const trendingLeast = 3

// NewTrending returns the route. window is the short window and against the long one, which is
// longer; slack is how far behind the newest event a read may be made. histories must be folded
// after the route, event by event.
func NewTrending(name string, window, against, slack freshet.Duration, histories *Histories) *TrendingRoute {
	return &TrendingRoute{name: name, short: newCounted(int64(window), int64(slack)), long: newCounted(int64(against), int64(slack)), histories: histories}
}

// Name implements Route.
func (r *TrendingRoute) Name() string { return r.name }

// Apply implements Route.
func (r *TrendingRoute) Apply(a *Act) {
	if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() || has(r.histories.Recent(a.Visitor), a.Item) {
		return
	}
	r.short.add(a.Item, a.Time)
	r.long.add(a.Item, a.Time)
}

// Recall implements Route. A proposal's score is z.
func (r *TrendingRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	now, all := r.short.within(req.Time)
	before, allBefore := r.long.within(req.Time)
	rest := float64(max(0, allBefore-all)) + max(1, float64(before.some))
	z := func(s, b int64) float64 {
		e := float64(all) * float64(b+1) / rest
		return 2*math.Sqrt(float64(s)+0.375) - 2*math.Sqrt(e+0.375)
	}
	top := best{n: n}
	// worth reports that an item which many counts in the short window and none before could be among
	// the best.
	worth := func(s int64) bool {
		most := z(s, 0)
		return most >= trendingLeast && (len(top.heap) < n || n > 0 && most >= top.heap[0].score)
	}
	look := func(item uint32, s int64) {
		// The long window moves in longer hops: what it has left out, the short one may still have.
		b := int64(0)
		if int(item) < len(before.values) {
			b = max(0, before.values[item]-s)
		}
		if c := (scored{z(s, b), item}); c.score >= trendingLeast && top.wants(c) && !req.Skip(c.item) {
			top.offer(c)
		}
	}
	if done := now.descend(worth, look); !done {
		top.heap = top.heap[:0]
		for block, peak := range now.peaks {
			if block%(checkEvery/peakBlock) == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if peak <= 0 || !worth(peak) {
				continue
			}
			from := block * peakBlock
			for i, s := range now.values[from:min(from+peakBlock, len(now.values))] {
				if s > 0 {
					look(uint32(from+i), s)
				}
			}
		}
	}
	list := top.take()
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		out[i] = Proposal{c.item, c.score, Because{Code: Trending, Window: r.short.window}}
	}
	return out, nil
}
