package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/freshet-rec/freshet"
)

// newcomers is the share of live visits by somebody whom the history does not know.
const newcomers = 0.05

// Crowd is those who come to the shop after its history: visitors of the history, the more
// often the more they came then, and newcomers, who may come again. ada does not come; she is
// played by whoever sits at the terminal. A Crowd is for one goroutine; several of one world
// and seed bring the same visits at the same times, whatever is shown to them.
type Crowd struct {
	world *World
	seed  uint64
	rng   *rand.Rand
	who   drawer // by visitor number
	new   []visitor
	count int
}

// Crowd returns a crowd; equal seeds give equal visits.
func (w *World) Crowd(seed uint64) *Crowd {
	c := &Crowd{world: w, seed: seed, rng: rand.New(rand.NewPCG(w.options.Seed, seed))}
	for i := range w.visitors {
		if w.visitors[i].id != ada {
			c.who.add(i, float64(w.visitors[i].sessions))
		}
	}
	return c
}

// Visit is one visitor who has come to see a slate.
type Visit struct {
	world   *World
	visitor *visitor
	first   moment // what all moments of the visit have in common
	name    string // part of ids
	slates  int    // of the same session before this one
	seed    uint64
}

// Come draws who comes at a time (Unix ms).
func (c *Crowd) Come(at int64) *Visit {
	c.count++
	var i int
	if c.rng.Float64() < newcomers {
		i = len(c.world.visitors) + len(c.new)
		rng := rand.New(rand.NewPCG(c.world.options.Seed^c.seed, uint64(i)+1))
		v := newVisitor(i+1, c.world.options, rng)
		v.id = freshet.UserID(fmt.Sprintf("w-%d-%04d", c.seed, len(c.new)+1)) // no other crowd's
		c.new = append(c.new, v)
		c.who.add(i, 1)
	} else {
		i = c.who.draw(c.rng)
	}
	v := &Visit{world: c.world, name: fmt.Sprintf("%d-%d", c.seed, c.count), seed: c.rng.Uint64(),
		first: moment{time: at, visitor: int32(i), mobile: c.rng.Float64() < 0.6}}
	if i < len(c.world.visitors) {
		v.visitor = &c.world.visitors[i]
	} else {
		v.visitor = &c.new[i-len(c.world.visitors)]
	}
	v.first.errand = v.visitor.errand(at, &c.world.options, rand.New(rand.NewPCG(v.seed, errandLuck^1)))
	return v
}

// Again is the same visitor looking at another slate later in the session, at a time (Unix ms).
func (v *Visit) Again(at int64) *Visit {
	next := *v
	next.slates++
	next.first.time = at
	next.seed = v.seed*0x9e3779b97f4a7c15 + 1 // luck of its own
	return &next
}

// User is who came.
func (v *Visit) User() freshet.UserID { return v.visitor.id }

// Visitor is who came, as the journal names them.
func (v *Visit) Visitor() freshet.Visitor { return freshet.VisitorOf(v.visitor.id, "", "") }

// Session names the visit.
func (v *Visit) Session() string { return "live-" + v.name }

// Device is what the visitor holds: mobile or desktop.
func (v *Visit) Device() string { return v.first.device() }

// Time is when the visitor came, Unix ms.
func (v *Visit) Time() int64 { return v.first.time }

// ClickProbability is the chance that the visitor clicks an item shown at rank (1-based), 0 for
// an item the shop does not have.
func (v *Visit) ClickProbability(item freshet.ItemID, rank int) float64 {
	b, ok := v.world.byItem[item]
	if !ok {
		return 0
	}
	return v.visitor.clickProbability(&v.world.books[b], max(rank, 1), v.first.time, v.first.errand, &v.world.options)
}

// Expected is how many of a slate's items the visitor clicks on average.
func (v *Visit) Expected(slate []freshet.ItemID) (clicks float64) {
	for i, item := range slate {
		clicks += v.ClickProbability(item, i+1)
	}
	return clicks
}

// Oracle is the slate of up to n items with the highest Expected, of those that skip (nil for
// none) does not refuse, ties by id. Attention falls with rank alike for every book, so the
// best slate is the most liked books in order (by the rearrangement inequality).
func (v *Visit) Oracle(n int, skip func(freshet.ItemID) bool) []freshet.ItemID {
	type liked struct {
		book   int
		liking float64
	}
	var best []liked // best first, at most n
	for i := range v.world.books {
		b := &v.world.books[i]
		l := liked{i, v.visitor.liking(b, v.first.time, v.first.errand, &v.world.options)}
		if n <= 0 || len(best) == n && l.liking <= best[n-1].liking || b.item.Published > v.first.time || skip != nil && skip(b.item.ID) {
			continue
		}
		if len(best) == n {
			best = best[:n-1]
		}
		at, _ := slices.BinarySearchFunc(best, l, func(a, b liked) int { return cmp.Or(cmp.Compare(b.liking, a.liking), cmp.Compare(a.book, b.book)) })
		best = slices.Insert(best, at, l)
	}
	slate := make([]freshet.ItemID, len(best))
	for i, l := range best {
		slate[i] = v.world.books[l.book].item.ID
	}
	return slate
}

// React is what the visitor does with a slate: an exposure of every item the shop has, then
// what is clicked, liked and bought, by time, each event with an id of its own, its rank, the
// session, and request as it is given. Whether an item pleases depends on the visit and the
// item alone, so that two slates can be compared.
func (v *Visit) React(slate []freshet.ItemID, request string) []freshet.Event {
	shown := make([]int, len(slate))
	for i, item := range slate {
		shown[i] = -1
		if b, ok := v.world.byItem[item]; ok {
			shown[i] = b
		}
	}
	done := v.world.react(v.visitor, v.first, shown, nil, func(book int) *rand.Rand {
		return rand.New(rand.NewPCG(v.seed, uint64(book)))
	})
	slices.SortStableFunc(done, func(a, b moment) int { return cmp.Compare(a.time, b.time) })
	events := make([]freshet.Event, len(done))
	for i := range done {
		m := &done[i]
		id := fmt.Sprintf("live-%s-%d", v.name, i+1)
		if v.slates > 0 {
			id = fmt.Sprintf("live-%s-%d-%d", v.name, v.slates+1, i+1)
		}
		events[i] = v.world.spell(m, v.visitor.id, id, v.Session(), request)
	}
	return events
}
