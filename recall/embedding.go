package recall

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/simd"
	"github.com/freshet-rec/freshet/vector"
)

// EmbeddingHalfLife is by how many places an act must be older to count half in a user's vector. On
// MovieLens-100K, with what each visitor liked last held back, it lies on a broad optimum: from 5 to 20
// RecallAt(200) moves by less than a hundredth of itself, and without any it is lower by as much, and
// RecallAt(20) by a tenth.
const EmbeddingHalfLife = 10

// EmbeddingRoute proposes the items whose trained vectors have the greatest inner product with the
// user's, which is folded in when the request comes (Hu, Koren and Volinsky, "Collaborative
// Filtering for Implicit Feedback Datasets", ICDM 2008, equation 4) from the last acts i, newest
// first, each with the weight
//
//	strength(i) · 2^(−r/halfLife)
//
// with r the place of i among the acts that the model knows, from 0: a departure from the paper,
// where a user is all they ever did. So a click moves the vector at once, and no table of users is
// needed. The model with its index is that of the journal's last switch. An item's own vector, from
// outside, competes when the model does not know the item and the vector has the configured length,
// which says that both are of one space.
type EmbeddingRoute struct {
	name     string
	items    *catalog.Catalog
	strength func(event string) float64
	live     func() (*Vectors, error)
	given    *given // nil when vectors from outside play no part
	links    atomic.Pointer[links]
	room     sync.Pool // of *embeddingRoom
}

// embeddingRoom is what one request needs.
type embeddingRoom struct {
	taken
	user []float32
	hits []vector.Hit
}

// NewEmbedding returns the route. live gives the model that is live, nil for none, under the lock that
// guards the state. dim is the length of the vectors from outside that count, 0 for none.
func NewEmbedding(name string, dim int, items *catalog.Catalog, kinds freshet.EventKinds, live func() (*Vectors, error)) *EmbeddingRoute {
	r := &EmbeddingRoute{name: name, items: items, strength: strengths(kinds), live: live}
	if dim > 0 {
		r.given = newGiven(dim)
	}
	return r
}

// Name implements Route.
func (r *EmbeddingRoute) Name() string { return r.name }

// Apply implements Route. The model was trained before, and vectors from outside come with entries.
func (r *EmbeddingRoute) Apply(*Act) {}

// Entry implements EntryReader.
func (r *EmbeddingRoute) Entry(item uint32, doc *freshet.Item) {
	if r.given != nil {
		r.given.put(item, doc.Embedding)
	}
}

// Recall implements Route. A proposal's score is the inner product, and its reason the act whose
// weight times inner product with the item is the greatest.
func (r *EmbeddingRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s, model, err := r.fold(req)
	if s == nil || err != nil {
		return nil, err
	}
	defer r.room.Put(s)
	links := linked(&r.links, model.IDs)
	look := lookout{ctx: ctx}
	s.hits = model.Index.Search(s.hits[:0], s.user, n, func(row uint32) bool {
		item := links.item(r.items, row)
		return item == 0 || look.ended() || req.Skip(item)
	})
	top := best{n: n}
	for _, hit := range s.hits {
		top.offer(scored{float64(hit.Score), links.item(r.items, hit.Row)})
	}
	if r.given != nil && r.given.dim == model.Model.Dim() {
		r.given.scan(&look, s.user, &top, func(item uint32) bool {
			_, known := model.IDs.Find(r.items.ID(item))
			return known || req.Skip(item)
		})
	}
	if look.over {
		return nil, ctx.Err()
	}
	list := top.take()
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		out[i] = Proposal{c.item, c.score, because(&req.Recent[s.acts[s.nearest(model, r.vector(model, c.item))]])}
	}
	return out, nil
}

// fold makes the user's vector; the room is nil when there is no model, or it knows no act.
func (r *EmbeddingRoute) fold(req *Request) (*embeddingRoom, *Vectors, error) {
	model, err := r.live()
	if model == nil || err != nil {
		return nil, nil, err
	}
	s, ok := r.room.Get().(*embeddingRoom)
	if !ok {
		s = &embeddingRoom{}
	}
	s.take(model.IDs, r.items, req.Recent, r.strength, EmbeddingHalfLife)
	if len(s.rows) == 0 {
		r.room.Put(s)
		return nil, nil, nil
	}
	if dim := model.Model.Dim(); cap(s.user) < dim {
		s.user = make([]float32, dim)
	}
	s.user = s.user[:model.Model.Dim()]
	err = model.Model.FoldIn(s.user, s.rows, s.weights)
	if err == nil {
		err = vector.Check(s.user, len(s.user), vector.InnerProduct)
	}
	if err != nil {
		r.room.Put(s)
		return nil, nil, err
	}
	return s, model, nil
}

// vector is that of an item that was found.
func (r *EmbeddingRoute) vector(model *Vectors, item uint32) []float32 {
	if row, ok := model.IDs.Find(r.items.ID(item)); ok {
		return model.Model.Vector(row)
	}
	return r.given.vector(item)
}

// nearest is the place of the act whose weighted inner product with v is the greatest, the newest of
// equals.
func (s *embeddingRoom) nearest(model *Vectors, v []float32) (place int) {
	most := float32(0)
	for k, row := range s.rows {
		if near := s.weights[k] * simd.Dot(model.Model.Vector(row), v); k == 0 || near > most {
			most, place = near, k
		}
	}
	return place
}

// Query is what the route would search for now, for whoever holds an approximate index against an
// exact one: the model and the user's vector, which is the caller's. The model is nil when there is
// none at hand or it knows no act. It is for within the lock that guards the state.
func (r *EmbeddingRoute) Query(req *Request) (*Vectors, []float32) {
	s, model, err := r.fold(req)
	if s == nil || err != nil {
		return nil, nil
	}
	defer r.room.Put(s)
	return model, append([]float32(nil), s.user...)
}

// Pack implements Route: which model is live is the state's, and vectors from outside are the
// catalogue's.
func (r *EmbeddingRoute) Pack(*pack.Writer) {}

// Unpack implements Route. It has been told of the entries.
func (r *EmbeddingRoute) Unpack(*pack.Reader, int) {}

// lookout looks at a context now and then.
type lookout struct {
	ctx   context.Context
	calls int
	over  bool // it has ended
}

// lookEvery is how many calls of Skip lie between two looks, some 20 µs.
const lookEvery = 256

// ended reports that the context was over at the last look.
func (l *lookout) ended() bool {
	if l.calls++; l.calls%lookEvery == 0 && l.ctx.Err() != nil {
		l.over = true
	}
	return l.over
}
