package recall

import (
	"errors"
	"math"
	"sync/atomic"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/internal/simd"
	"github.com/freshet-rec/freshet/vector"
)

// The kinds of routes that go by a model trained offline.
const (
	KindEmbedding = "embedding"
	KindLinear    = "linear"
)

// ErrUnavailable says that the model which is live by the journal is not at hand, so that a route
// that goes by it has no answer.
var ErrUnavailable = errors.New("the model that is live is not at hand")

// Vectors is a trained embedding: vectors of items, into which a history can be folded, and an index
// over them. Rows of all three are the same. It is not changed once made, and safe for concurrent
// use.
type Vectors struct {
	IDs   *IDs
	Model VectorModel
	Index vector.Index // of Model's vectors, by inner product
}

// Nearest are the n rows with the greatest inner products with a user's vector, all of them looked at,
// best first, ties by row: what Index is judged by.
func (v *Vectors) Nearest(user []float32, n int) []vector.Hit {
	top := best{n: n}
	for row := range v.Model.Len() {
		if c := (scored{float64(simd.Dot(user, v.Model.Vector(uint32(row)))), uint32(row)}); top.wants(c) {
			top.offer(c)
		}
	}
	var hits []vector.Hit
	for _, c := range top.take() {
		hits = append(hits, vector.Hit{Row: c.item, Score: float32(c.score)})
	}
	return hits
}

// Agreement is RecallAt(n) of the index, the mean over users' vectors that lie one behind the other.
func (v *Vectors) Agreement(users []float32, n int) float64 {
	sum, dim := 0.0, v.Model.Dim()
	n = min(n, v.Index.Len())
	for from := 0; from < len(users); from += dim {
		user := users[from : from+dim]
		sum += Found(v.Index.Search(nil, user, n, nil), v.Nearest(user, n))
	}
	return sum / float64(max(1, len(users)/dim))
}

// Found is the share of the nearest rows, of which there is at least one, that an index found: of
// equal scores one stands for another.
func Found(found, nearest []vector.Hit) float64 {
	hits, least := 0, nearest[len(nearest)-1].Score
	for _, hit := range found {
		if hit.Score >= least {
			hits++
		}
	}
	return float64(min(hits, len(nearest))) / float64(len(nearest))
}

// VectorModel is vectors of items that a history can be folded into.
type VectorModel interface {
	// Len is the number of rows, Dim the length of every vector.
	Len() int
	Dim() int
	// Vector is that of a row. It is the model's own and must not be changed.
	Vector(row uint32) []float32
	// FoldIn sets dst, of length Dim, to the vector of a user who took these rows, none of them
	// twice, with these weights above 0. It is safe for concurrent use, and equal arguments give
	// equal vectors, bit for bit. The error is that nothing finite comes of such weights.
	FoldIn(dst []float32, rows []uint32, weights []float32) error
}

// Linear is a trained model of weights from item to item. It is not changed once made, and safe for
// concurrent use.
type Linear struct {
	IDs   *IDs
	Model LinearModel
}

// LinearModel is weights from item to item.
type LinearModel interface {
	// Len is the number of rows.
	Len() int
	// Neighbours are the rows that a row speaks for, none twice, and how much. The slices are the
	// model's own and must not be changed.
	Neighbours(row uint32) (rows []uint32, weights []float32)
}

// MaxStrength bounds how much one act counts when a model is trained and when it is asked: an event
// may be configured to weigh a million, and one such act would be the whole history.
const MaxStrength = 100

// Strength is how much an act counts in a model, from the weight of its event, above 0.
func Strength(weight float64) float64 { return min(weight, MaxStrength) }

// taken are the acts of a request that a model knows, newest first.
type taken struct {
	rows    []uint32
	weights []float32
	acts    []int32 // as indexes into the request's acts
	seen    map[uint32]bool
}

// MostTaken is how many of a request's acts are looked at.
const MostTaken = 50

// take gathers what a model of these ids knows of the acts; of several on one item the newest
// counts. Each weighs its strength, and half as much as one that is halfLife places newer.
func (t *taken) take(ids *IDs, items *catalog.Catalog, recent []Past, strength func(event string) float64, halfLife float64) {
	t.rows, t.weights, t.acts = t.rows[:0], t.weights[:0], t.acts[:0]
	if t.seen == nil {
		t.seen = map[uint32]bool{}
	}
	clear(t.seen)
	for i := range recent[:min(len(recent), MostTaken)] {
		past := &recent[i]
		if past.Item == 0 || int(past.Item) >= items.Len() {
			continue
		}
		row, ok := ids.Find(items.ID(past.Item))
		if !ok || t.seen[row] {
			continue
		}
		t.seen[row] = true
		t.weights = append(t.weights, float32(strength(past.Name)*math.Exp2(-float64(len(t.rows))/halfLife)))
		t.rows = append(t.rows, row)
		t.acts = append(t.acts, int32(i))
	}
}

// links are the item numbers of a model's rows, looked up when they are first asked for. A number
// never changes once an item has it, so readers at once may find and note the same one.
type links struct {
	of      *IDs
	numbers []atomic.Uint32 // by row; 0 is not known yet
}

// linked returns the links of a model, those kept when they are its.
func linked(kept *atomic.Pointer[links], of *IDs) *links {
	if l := kept.Load(); l != nil && l.of == of {
		return l
	}
	l := &links{of, make([]atomic.Uint32, of.Len())}
	kept.Store(l)
	return l
}

// item is the number of the item of a row, 0 when the catalogue has none.
func (l *links) item(items *catalog.Catalog, row uint32) uint32 {
	if n := l.numbers[row].Load(); n != 0 {
		return n
	}
	n := items.Find(l.of.ID(row))
	if n != 0 {
		l.numbers[row].Store(n)
	}
	return n
}

// because is the reason that an act is.
func because(past *Past) Because {
	return Because{Code: LikeRecent, Item: past.Item, Event: past.Name, Time: past.Time}
}

// strengths returns how much an act counts, by the name of its event. An act without a name, which
// is what the visitor looks at, counts as one of weight 1.
func strengths(kinds freshet.EventKinds) func(event string) float64 {
	return func(event string) float64 {
		if event == "" {
			return 1
		}
		return Strength(kinds.Of(event).Weight)
	}
}
