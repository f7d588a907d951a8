package recall

import (
	"context"
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// ItemCFRoute is item-to-item collaborative filtering, updated per event, with two memories.
//
// The long one is co-visitation: items wanted by one visitor within a short stretch of acts go
// together (Linden et al., "Amazon.com Recommendations", IEEE Internet Computing 2003, made
// incremental, decayed and sequence-aware). When a visitor wants item j, each of the visitor's
// last acts on items i adds to the pair
//
//	c(i→j) += w      c(j→i) += backward · w
//	w = weight · d^-0.7 · 2^((t−landmark)/halfLife) · apart
//
// where d is how many acts lie between, plus one, the next factor makes old pairs fade
// relative to new ones, by a clock that takes at least Acts acts for a half-life, and apart is below
// 1 when more than Session lies between the acts. What goes with the visitor's last acts is
//
//	together(j) = Σ over the last acts i, newest first, of 1/r · norm(i, j)
//
// with r the 1-based recency of i. The norm is, with n(i) the faded weight of all acts on an
// item and N of all acts, so that what everyone wants does not win by being everywhere:
//
//	cosine  c(i→j) / (n(i)·n(j))^½
//	lift    c(i→j)·N / (n(i)·n(j))
//	bm25    tf · log(1 + N/n(j)),  tf = c'·(k+1) / (c' + k·(1−b+b·n(i)/mean n)), c' = c(i→j) as
//	        weights stand at the newest act (Robertson and Zaragoza, "The Probabilistic Relevance
//	        Framework", 2009, §3.4, with pairs for terms; k = 1.2, b = 0.75)
//
// The short one is what is going on: what followed the last acts, and what everybody wants, in
// the last minutes, hours and days (followers, crowd). A proposal's score is
//
//	theta · together(j)/Σ together + (1 − theta) · next(j)
//
// with next and theta as they were learned from the acts themselves (blend): in a shop of
// films co-visitation decides, in the news the last minutes. Items that go with nothing but are
// wanted by the crowd are proposed too where next says so, as popular. A visitor without acts
// gets nothing: that is what popular routes are for.
//
// Memory is bounded: of pairs and followers there are at most so many an item, and in all at
// most maxPairs and maxFollowed and what is added during one round of the hand (see hand).
type ItemCFRoute struct {
	name      string
	options   ItemCFOptions
	histories *Histories
	decay     fading
	clock     clock
	acts      float64      // N
	known     int          // items with acts
	scale     float64      // the weight of an act at the newest time
	items     []neighbours // by item number
	totals    []float64    // by item number: n(i), apart from items since a request reads thousands
	follow    []followers  // by item number
	tail      tail         // of pairs without a place in items
	pairs     hand         // over items
	followed  hand         // over follow
	crowd     crowd
	blend     *blend
	exposed   exposures // for blend
	scratch   sync.Pool // of *scratch
	last      []Past    // room for Apply
}

// ItemCFOptions configure an ItemCFRoute. The zero value has every default.
type ItemCFOptions struct {
	Normalise string           // NormaliseCosine, -Lift or -BM25; "" is cosine
	HalfLife  freshet.Duration // of pairs; 0 is 60 days
	Acts      int              // a half-life is as long as so many positive acts take, at least; 0 is 65,536
	Session   freshet.Duration // acts further apart are of different sessions; 0 is 30 minutes
}

// The ways to normalise a pair.
const (
	NormaliseCosine = "cosine"
	NormaliseLift   = "lift"
	NormaliseBM25   = "bm25"
)

// The constants of the route. Those of pairs were chosen on MovieLens-100K with each user's
// last like held out, and lie on a broad optimum there, but for the acts of a half-life: those on
// MovieLens-latest-small, 20 years of few visitors, each act asked for before it was folded. Those
// of followers were chosen on the second day of four days of news.
const (
	itemCFHalfLife = 60 * freshet.Day
	itemCFSession  = 30 * freshet.Minute
	itemCFActs     = 1 << 16
	itemCFStretch  = 30  // acts a new one is paired with
	itemCFBackward = 0.4 // what came later predicts what came before less well
	itemCFApart    = 0.7 // a guess: acts of different sessions go together half as much
	itemCFQuery    = 30  // last acts a request is answered from
	itemCFRebase   = 30  // half-lives between two rebasings: a float32 holds 2^±126

	maxPairs    = 1 << 25 // in all, of 8 to 12 bytes
	maxFollowed = 1 << 23 // in all, of 36 bytes
)

// near is the weight of a pair by how many acts lie between, plus one: d^-0.7.
var near = func() (w [itemCFStretch + 1]float64) {
	for d := 1; d <= itemCFStretch; d++ {
		w[d] = math.Pow(float64(d), -0.7)
	}
	return w
}()

// NewItemCF returns the route. histories must be folded after the route, event by event. An
// unknown way to normalise is a bug of the caller.
func NewItemCF(name string, o ItemCFOptions, histories *Histories) *ItemCFRoute {
	switch o.Normalise {
	case "":
		o.Normalise = NormaliseCosine
	case NormaliseCosine, NormaliseLift, NormaliseBM25:
	default:
		panic(fmt.Sprintf("BUG: route %q is normalised by %q", name, o.Normalise))
	}
	if o.HalfLife == 0 {
		o.HalfLife = itemCFHalfLife
	}
	if o.Session == 0 {
		o.Session = itemCFSession
	}
	if o.Acts == 0 {
		o.Acts = itemCFActs
	}
	return &ItemCFRoute{name: name, options: o, histories: histories, decay: fading{halfLife: float64(o.HalfLife), limit: itemCFRebase},
		clock: clock{step: max(1, int64(o.HalfLife)/int64(o.Acts)), most: int64(o.HalfLife)},
		pairs: hand{most: maxPairs}, followed: hand{most: maxFollowed}, blend: newBlend()}
}

// Name implements Route.
func (r *ItemCFRoute) Name() string { return r.name }

// Apply implements Route: the act is predicted, learned from, and then known.
func (r *ItemCFRoute) Apply(a *Act) {
	if a.Visitor == 0 || a.Item == 0 {
		return
	}
	if a.Signal == freshet.SignalImpression {
		r.exposed.add(a.Visitor, a.Item, a.Time, int64(r.options.Session))
	}
	if !a.Signal.Positive() {
		return
	}
	recent := r.histories.Recent(a.Visitor)
	r.learn(a, recent)
	r.crowd.add(a.Item, a.Time, a.Weight)
	weight, rebase := r.decay.weight(r.clock.time(a.Time))
	if rebase != 1 {
		r.rescale(rebase)
	}
	r.scale = max(r.scale, weight)
	weight = float64(weight * a.Weight)
	r.reach(a.Item)
	if r.totals[a.Item] == 0 {
		r.known++
	}
	r.totals[a.Item] += weight
	r.items[a.Item].used = true
	r.acts += weight
	r.ask(a.Item, recent)
	d := 0
	for i := len(recent) - 1; i >= 0 && d < itemCFStretch; i-- {
		past := recent[i]
		if past.Item == a.Item {
			continue
		}
		d++
		apart := 1.0
		before, after := past.Item, a.Item
		gap := a.Time - past.Time
		if gap < 0 {
			before, after, gap = after, before, -gap
		}
		if gap > int64(r.options.Session) {
			apart = itemCFApart
		}
		w := float64(float64(weight*near[d]) * apart)
		r.pair(before, after, w)
		r.pair(after, before, float64(itemCFBackward*w))
		if d <= followStretch {
			w := float64(float64(a.Weight*following[d]) * apart)
			r.step(before, after, a.Time, w)
			r.step(after, before, a.Time, float64(followBack*w))
		}
	}
}

// ask asks for the memory that an act on an item changes after the last acts, which lies scattered: what
// it is paired with and who followed, and where the weights of pairs without a place are.
func (r *ItemCFRoute) ask(item uint32, recent []Past) {
	recent = recent[max(0, len(recent)-itemCFStretch):]
	for i := range recent {
		if before := recent[i].Item; int(before) < len(r.items) {
			prefetch.Lines(unsafe.Pointer(&r.items[before]), 2)
		}
	}
	for i := range recent {
		before := recent[i].Item
		if int(before) >= len(r.items) {
			continue
		}
		n := &r.items[before]
		prefetch.Lines(unsafe.Pointer(unsafe.SliceData(n.item)), linesOf(4*len(n.item)))
		if len(n.item) == maxNeighbours {
			r.tail.ask(before, item)
		}
		if len(r.items[item].item) == maxNeighbours {
			r.tail.ask(item, before)
		}
	}
}

// reach makes room for an item.
func (r *ItemCFRoute) reach(item uint32) {
	for int(item) >= len(r.items) {
		r.items, r.totals, r.follow = append(r.items, neighbours{}), append(r.totals, 0), append(r.follow, followers{})
	}
}

// pair adds to a pair.
func (r *ItemCFRoute) pair(from, to uint32, w float64) {
	r.reach(from)
	n := &r.items[from]
	n.used = true
	if n.add(from, to, w, &r.tail) {
		r.pairs.count++
		r.pairs.turn(len(r.items), func(i int) (int, bool) {
			n, used := &r.items[i], r.items[i].used
			n.used = false
			if used || len(n.item) == 0 {
				return 0, used
			}
			freed := len(n.item)
			n.item, n.sum, n.floor = nil, nil, 0
			return freed, false
		})
	}
}

// step adds to what follows an item.
func (r *ItemCFRoute) step(from, to uint32, t int64, w float64) {
	f := &r.follow[from]
	f.used = true
	if f.add(to, t, w) {
		r.followed.count++
		r.followed.turn(len(r.follow), func(i int) (int, bool) {
			f, used := &r.follow[i], r.follow[i].used
			f.used = false
			if used || len(f.list) == 0 {
				return 0, used
			}
			freed := len(f.list)
			*f = followers{}
			return freed, false
		})
	}
}

func (r *ItemCFRoute) rescale(factor float64) {
	r.acts *= factor
	r.scale *= factor
	r.tail.scale(factor)
	for i := range r.items {
		r.totals[i] *= factor
		r.items[i].scale(factor)
	}
}

// learn predicts an act and learns from how well that went. What the visitor has seen before or
// nobody has is no lesson.
func (r *ItemCFRoute) learn(a *Act, recent []Past) {
	if len(recent) == 0 || int(a.Item) >= len(r.items) || r.totals[a.Item] <= 0 {
		return
	}
	if _, seen := r.histories.Seen(a.Visitor, a.Item); seen {
		return
	}
	r.last = r.last[:0]
	for i := len(recent) - 1; i >= max(0, len(recent)-itemCFQuery); i-- {
		r.last = append(r.last, recent[i])
	}
	b := r.blend
	if b.acts%b.lookEvery() == 0 {
		r.look(a)
	}
	b.acts++
	var p [parts]float64
	m := r.mixing(r.last, a.Time)
	if m.chances(r, a.Item, &p) {
		b.learn(m.context, &p)
	}
}

// look tells the blend what each theta would have gained by an act. When the visitor chose the item
// from a list, only what stood above it there was surely seen and not chosen ("click > skip above":
// Joachims et al., "Accurately Interpreting Clickthrough Data as Implicit Feedback", SIGIR 2005, strategy 1):
// what was shown, and where, is the doing of who made the list, and says that the crowd is right
// wherever the crowd's choice is shown. An item that was not shown is looked for among all.
func (r *ItemCFRoute) look(a *Act) {
	s := r.room()
	defer r.leave(s)
	if err := r.gather(context.Background(), s, r.last, a.Time); err != nil {
		return
	}
	skip := func(item uint32) bool { _, seen := r.histories.Seen(a.Visitor, item); return seen }
	switch above, shown := r.exposed.above(a.Visitor, a.Item, a.Time, int64(r.options.Session)); {
	case shown && len(above) > 0:
		r.blend.look(s.gainsAmong(a.Item, above, skip))
	case !shown && s.find(a.Item) >= 0:
		r.blend.look(s.gains(a.Item, skip))
	}
}

// Recall implements Route. A proposal's score is the formula above.
func (r *ItemCFRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	recent := req.Recent[:min(len(req.Recent), itemCFQuery)]
	if len(recent) == 0 {
		return nil, ctx.Err()
	}
	s := r.room()
	defer r.leave(s)
	if err := r.gather(ctx, s, recent, req.Time); err != nil {
		return nil, err
	}
	theta := r.blend.theta()
	top := best{n: n, heap: s.room[:0]}
	for i := range s.touched {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		one := &s.touched[i]
		if c := (scored{s.score(one, theta), one.item}); c.score > 0 && top.wants(c) && !req.Skip(one.item) {
			top.offer(c)
		}
	}
	list := top.take()
	s.room = list
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		out[i] = Proposal{c.item, c.score, Because{Code: Popular}}
		if k := s.because(c.item, theta); k >= 0 {
			out[i].Because = Because{Code: LikeRecent, Item: recent[k].Item, Event: recent[k].Name, Time: recent[k].Time}
		}
	}
	return out, nil
}
