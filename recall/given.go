package recall

import (
	"context"
	"math"
	"sync"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/simd"
	"github.com/freshet-rec/freshet/vector"
)

// given is the vectors that came with the entries of items, those of one length. They are scanned
// exactly, and what is found does not depend on the order in which they came: equal scores go by
// item number. What it holds follows from the newest entries.
type given struct {
	dim     int
	vectors []float32 // row after row
	items   []uint32  // by row
	rows    []int32   // by item: its row plus one, 0 for none
}

func newGiven(dim int) *given { return &given{dim: dim} }

// put takes in what the newest entry of an item says: a vector of another length, or one that a
// product with would overflow, is none.
func (g *given) put(item uint32, v []float32) {
	if vector.Check(v, g.dim, vector.InnerProduct) != nil {
		v = nil
	}
	for int(item) >= len(g.rows) {
		g.rows = append(g.rows, 0)
	}
	row := int(g.rows[item]) - 1
	switch had := row >= 0; {
	case len(v) == g.dim && had:
		copy(g.vectors[row*g.dim:], v)
	case len(v) == g.dim:
		g.vectors, g.items = append(g.vectors, v...), append(g.items, item)
		g.rows[item] = int32(len(g.items))
	case had: // the last row takes its place
		last := len(g.items) - 1
		copy(g.vectors[row*g.dim:(row+1)*g.dim], g.vectors[last*g.dim:])
		g.items[row] = g.items[last]
		g.rows[g.items[row]] = int32(row + 1)
		g.rows[item] = 0
		g.vectors, g.items = g.vectors[:last*g.dim], g.items[:last]
	}
}

// vector is that of an item, nil for none.
func (g *given) vector(item uint32) []float32 {
	if int(item) >= len(g.rows) || g.rows[item] == 0 {
		return nil
	}
	row := int(g.rows[item]) - 1
	return g.vectors[row*g.dim : (row+1)*g.dim]
}

// scanAtOnce is how many rows are multiplied between two looks at the context, some 50 µs.
const scanAtOnce = 1024

// scan offers every item to top that skip does not refuse, with the inner product of its vector.
func (g *given) scan(look *lookout, user []float32, top *best, skip func(item uint32) bool) {
	var scores [scanAtOnce]float32
	for from := 0; from < len(g.items); from += scanAtOnce {
		if look.ctx.Err() != nil {
			look.over = true
			return
		}
		to := min(from+scanAtOnce, len(g.items))
		some := scores[:to-from]
		simd.DotRows(some, user, g.vectors[from*g.dim:to*g.dim])
		for i, score := range some {
			c := scored{float64(score), g.items[from+i]}
			if !top.wants(c) || look.ended() || skip(c.item) {
				continue
			}
			top.offer(c)
		}
	}
}

// GivenRoute proposes the items whose vectors, which came from outside with their entries, have the
// greatest cosine with the user's: the mean of those of the last acts' items, each with the weight
// that EmbeddingRoute gives it. It needs no training, and knows an item as soon as its entry is
// applied. Vectors of another length than the configured one are passed over.
type GivenRoute struct {
	name     string
	items    *catalog.Catalog
	strength func(event string) float64
	given    *given    // each divided by its length
	unit     []float32 // room of Entry
	room     sync.Pool // of *givenRoom
}

// givenRoom is what one request needs.
type givenRoom struct {
	user    []float32
	acts    []int32
	weights []float32
	seen    map[uint32]bool
}

// NewGiven returns the route, for vectors of length dim, above 0.
func NewGiven(name string, dim int, items *catalog.Catalog, kinds freshet.EventKinds) *GivenRoute {
	return &GivenRoute{name: name, items: items, strength: strengths(kinds), given: newGiven(dim), unit: make([]float32, dim)}
}

// Name implements Route.
func (r *GivenRoute) Name() string { return r.name }

// Apply implements Route. Vectors come with entries.
func (r *GivenRoute) Apply(*Act) {}

// Entry implements EntryReader.
func (r *GivenRoute) Entry(item uint32, doc *freshet.Item) {
	v := doc.Embedding
	if vector.Check(v, r.given.dim, vector.Cosine) != nil || !unitOf(r.unit, v) {
		r.given.put(item, nil)
		return
	}
	r.given.put(item, r.unit)
}

// unitOf sets dst to v divided by its length. It reports false when that is 0.
func unitOf(dst, v []float32) bool {
	sum := 0.0
	for _, x := range v {
		sum += float64(float64(x) * float64(x))
	}
	length := math.Sqrt(sum)
	if length == 0 {
		return false
	}
	for i, x := range v {
		dst[i] = float32(float64(x) / length)
	}
	return true
}

// Recall implements Route. A proposal's score is the cosine, and its reason the act whose weight
// times cosine with the item is the greatest.
func (r *GivenRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s, ok := r.room.Get().(*givenRoom)
	if !ok {
		s = &givenRoom{user: make([]float32, r.given.dim), seen: map[uint32]bool{}}
	}
	defer r.room.Put(s)
	if !s.mean(r, req.Recent) {
		return nil, nil
	}
	top, look := best{n: n}, lookout{ctx: ctx}
	r.given.scan(&look, s.user, &top, req.Skip)
	if look.over {
		return nil, ctx.Err()
	}
	list := top.take()
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		place, most := 0, float32(0)
		for k, act := range s.acts {
			if near := s.weights[k] * simd.Dot(r.given.vector(req.Recent[act].Item), r.given.vector(c.item)); k == 0 || near > most {
				most, place = near, k
			}
		}
		out[i] = Proposal{c.item, c.score, because(&req.Recent[s.acts[place]])}
	}
	return out, nil
}

// mean makes the user's vector, of length 1; false when no act's item has a vector, or they cancel.
func (s *givenRoom) mean(r *GivenRoute, recent []Past) bool {
	s.acts, s.weights = s.acts[:0], s.weights[:0]
	clear(s.seen)
	clear(s.user)
	for i := range recent[:min(len(recent), MostTaken)] {
		past := &recent[i]
		v := r.given.vector(past.Item)
		if v == nil || s.seen[past.Item] {
			continue
		}
		s.seen[past.Item] = true
		w := float32(r.strength(past.Name) * math.Exp2(-float64(len(s.acts))/EmbeddingHalfLife))
		for d, x := range v {
			s.user[d] += float32(w * x)
		}
		s.acts, s.weights = append(s.acts, int32(i)), append(s.weights, w)
	}
	return len(s.acts) > 0 && unitOf(s.user, s.user)
}

// Pack implements Route: the vectors are the catalogue's.
func (r *GivenRoute) Pack(*pack.Writer) {}

// Unpack implements Route. It has been told of the entries.
func (r *GivenRoute) Unpack(*pack.Reader, int) {}
