package recall

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/freshet-rec/freshet"
)

// ItemCFRoute is item-to-item collaborative filtering on co-visitation, updated per event:
// items wanted by one visitor within a short stretch of acts go together (Linden et al.,
// "Amazon.com Recommendations", IEEE Internet Computing 2003, made incremental, decayed and
// sequence-aware).
//
// When a visitor wants item j, each of the visitor's last acts on items i adds to the pair
//
//	c(i→j) += w      c(j→i) += backward · w
//	w = weight · d^-0.7 · 2^((t−landmark)/halfLife)
//
// where d is how many acts lie between, plus one, and the last factor makes old pairs fade
// relative to new ones. A visitor's proposals are
//
//	score(j) = Σ over the last acts i, newest first, of 1/r · c(i→j) / (n(i)·n(j))^½
//
// with r the 1-based recency of i and n the faded weight of all acts on an item, so that
// what everyone wants does not win by being everywhere.
type ItemCFRoute struct {
	name      string
	histories *Histories
	decay     fading
	items     []neighbours // by item number
	scratch   sync.Pool    // of *scratch
}

// neighbours are the items that go with one item, in no order; sums are faded.
type neighbours struct {
	total float64 // n: faded weight of all acts on the item
	item  []uint32
	sum   []float64
}

// The constants of the route, chosen on MovieLens-100K with each user's last like held out;
// every one of them lies on a broad optimum there.
const (
	itemCFHalfLife   = 60 * freshet.Day
	itemCFStretch    = 30  // acts a new one is paired with
	itemCFBackward   = 0.4 // what came later predicts what came before less well
	itemCFQuery      = 30  // last acts a request is answered from
	itemCFNeighbours = 100 // kept per item when pruned; up to twice that in between
)

// near is the weight of a pair by how many acts lie between, plus one: d^-0.7.
var near = func() (w [itemCFStretch + 1]float64) {
	for d := 1; d <= itemCFStretch; d++ {
		w[d] = math.Pow(float64(d), -0.7)
	}
	return w
}()

// NewItemCF returns the route. histories must be folded after the route, event by event.
func NewItemCF(name string, histories *Histories) *ItemCFRoute {
	return &ItemCFRoute{name: name, histories: histories, decay: fading{halfLife: float64(itemCFHalfLife)}}
}

// Name implements Route.
func (r *ItemCFRoute) Name() string { return r.name }

// Apply implements Route.
func (r *ItemCFRoute) Apply(a *Act) {
	if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() {
		return
	}
	weight, rebase := r.decay.weight(a.Time)
	if rebase != 1 {
		r.scale(rebase)
	}
	weight = float64(weight * a.Weight)
	r.at(a.Item).total += weight
	recent := r.histories.Recent(a.Visitor)
	d := 0
	for i := len(recent) - 1; i >= 0 && d < itemCFStretch; i-- {
		past := recent[i]
		if past.Item == a.Item {
			continue
		}
		d++
		w := float64(weight * near[d])
		before, after := past.Item, a.Item
		if past.Time > a.Time {
			before, after = after, before
		}
		r.at(before).add(after, w)
		r.at(after).add(before, float64(itemCFBackward*w))
	}
}

func (r *ItemCFRoute) at(item uint32) *neighbours {
	for int(item) >= len(r.items) {
		r.items = append(r.items, neighbours{})
	}
	return &r.items[item]
}

func (r *ItemCFRoute) scale(factor float64) {
	for i := range r.items {
		r.items[i].total *= factor
		for k := range r.items[i].sum {
			r.items[i].sum[k] *= factor
		}
	}
}

// add adds w to the pair with item. At twice the bound the weakest half is forgotten, ties
// by item number; a pair that comes back starts anew.
func (n *neighbours) add(item uint32, w float64) {
	if i := slices.Index(n.item, item); i >= 0 {
		n.sum[i] += w
		return
	}
	n.item, n.sum = append(n.item, item), append(n.sum, w)
	if len(n.item) < 2*itemCFNeighbours {
		return
	}
	n.prune()
}

// prune keeps the itemCFNeighbours strongest pairs, in the order they stand.
func (n *neighbours) prune() {
	var sums [2 * itemCFNeighbours]float64
	sorted := sums[:copy(sums[:], n.sum)]
	slices.Sort(sorted)
	cut := sorted[len(sorted)-itemCFNeighbours] // the weakest sum that is kept
	var ties []uint32                           // items at the cut, of which the lowest numbers stay
	above := 0
	for i, sum := range n.sum {
		if sum > cut {
			above++
		} else if sum == cut {
			ties = append(ties, n.item[i])
		}
	}
	slices.Sort(ties)
	last := ties[itemCFNeighbours-above-1]
	kept := 0
	for i, sum := range n.sum {
		if item := n.item[i]; sum > cut || sum == cut && item <= last {
			n.item[kept], n.sum[kept] = item, sum
			kept++
		}
	}
	n.item, n.sum = n.item[:kept], n.sum[:kept]
}

// scratch sums scores by item for one request.
type scratch struct {
	score   []float64 // by item number, 0 outside touched
	because []int32   // the act that gave most, as an index into the request's acts
	most    []float64
	touched []uint32
}

// Recall implements Route. A proposal's score is the formula above.
func (r *ItemCFRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	s, ok := r.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	defer r.scratch.Put(s)
	defer s.reset()
	s.grow(len(r.items))
	for k, past := range req.Recent[:min(len(req.Recent), itemCFQuery)] {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if int(past.Item) >= len(r.items) || r.items[past.Item].total <= 0 {
			continue
		}
		from := &r.items[past.Item]
		share := 1 / (float64(k+1) * math.Sqrt(from.total))
		for i, item := range from.item {
			total := r.items[item].total
			if total <= 0 {
				continue // faded away altogether
			}
			v := share * from.sum[i] / math.Sqrt(total)
			if v <= 0 {
				continue // so has the pair, and a score of 0 means not touched yet
			}
			s.add(item, v)
			if v > s.most[item] {
				s.most[item], s.because[item] = v, int32(k)
			}
		}
	}
	top := best{n: n}
	for _, item := range s.touched {
		if c := (scored{s.score[item], item}); c.score > 0 && top.wants(c) && !req.Skip(item) {
			top.offer(c)
		}
	}
	list := top.take()
	out := make([]Proposal, len(list))
	for i, c := range list {
		past := req.Recent[s.because[c.item]]
		out[i] = Proposal{c.item, c.score, Because{Code: LikeRecent, Item: past.Item, Event: past.Name, Time: past.Time}}
	}
	return out, nil
}

// grow makes room for so many items.
func (s *scratch) grow(items int) {
	if grow := items - len(s.score); grow > 0 {
		s.score = append(s.score, make([]float64, grow)...)
		s.most = append(s.most, make([]float64, grow)...)
		s.because = append(s.because, make([]int32, grow)...)
	}
}

// add adds v, which is above 0, to an item's score.
func (s *scratch) add(item uint32, v float64) {
	if s.score[item] == 0 {
		s.touched = append(s.touched, item)
	}
	s.score[item] += v
}

func (s *scratch) reset() {
	for _, item := range s.touched {
		s.score[item], s.most[item], s.because[item] = 0, 0, 0
	}
	s.touched = s.touched[:0]
}
