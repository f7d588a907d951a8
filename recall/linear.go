package recall

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
	"github.com/freshet-rec/freshet/internal/pack"
)

// LinearHalfLife is by how many places an act must be older to count half in a linear model's score,
// chosen as EmbeddingHalfLife is.
const LinearHalfLife = 10

// LinearRoute proposes what a model of weights from item to item, trained on the whole history, says
// of the visitor's last acts:
//
//	score(j) = Σ over the last acts i, newest first, of strength(i) · 2^(−r/halfLife) · w(i→j)
//
// with r the place of i among the acts that the model knows, from 0. Only what scores above 0 is
// proposed. The model is that of the journal's last switch; the route keeps nothing of its own.
type LinearRoute struct {
	name     string
	items    *catalog.Catalog
	strength func(event string) float64
	live     func() (*Linear, error)
	links    atomic.Pointer[links]
	room     sync.Pool // of *linearRoom
}

// linearRoom is what one request sums in.
type linearRoom struct {
	taken
	sums    []linearSum // by row
	touched []uint32    // the rows that have one
}

// linearSum is the score of a row so far. The zero linearSum is none.
type linearSum struct {
	score, most float64 // most is the greatest part of score
	act         int32   // that gave it, as an index into the request's acts
	touched     bool
}

// add gives a row a part of its score, which an act is the reason for.
func (s *linearRoom) add(row uint32, v float64, act int32) {
	sum := &s.sums[row]
	if !sum.touched {
		sum.touched = true
		s.touched = append(s.touched, row)
	}
	sum.score += v
	if v > sum.most {
		sum.most, sum.act = v, act
	}
}

func (s *linearRoom) reset() {
	for _, row := range s.touched {
		s.sums[row] = linearSum{}
	}
	s.touched = s.touched[:0]
}

// NewLinear returns the route. live gives the model that is live, nil for none, under the lock that
// guards the state.
func NewLinear(name string, items *catalog.Catalog, kinds freshet.EventKinds, live func() (*Linear, error)) *LinearRoute {
	return &LinearRoute{name: name, items: items, strength: strengths(kinds), live: live}
}

// Name implements Route.
func (r *LinearRoute) Name() string { return r.name }

// Apply implements Route. The model was trained before.
func (r *LinearRoute) Apply(*Act) {}

// Recall implements Route. A proposal's score is the formula above, and its reason the act that
// gave most of it.
func (r *LinearRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	model, err := r.live()
	if model == nil || err != nil {
		return nil, err
	}
	s, ok := r.room.Get().(*linearRoom)
	if !ok {
		s = &linearRoom{}
	}
	defer r.room.Put(s)
	s.take(model.IDs, r.items, req.Recent, r.strength, LinearHalfLife)
	if len(s.rows) == 0 {
		return nil, nil
	}
	defer s.reset()
	if grow := model.IDs.Len() - len(s.sums); grow > 0 {
		s.sums = append(s.sums, make([]linearSum, grow)...)
	}
	for k, row := range s.rows {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		rows, weights := model.Model.Neighbours(row)
		for i, to := range rows {
			s.add(to, float64(float64(s.weights[k])*float64(weights[i])), s.acts[k])
		}
	}
	links := linked(&r.links, model.IDs)
	top := best{n: n}
	for i, row := range s.touched {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		score := s.sums[row].score
		if score <= 0 || !top.wants(scored{score, 0}) {
			continue
		}
		item := links.item(r.items, row)
		if c := (scored{score, item}); item != 0 && top.wants(c) && !req.Skip(item) {
			top.offer(c)
		}
	}
	list := top.take()
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		row, _ := model.IDs.Find(r.items.ID(c.item))
		out[i] = Proposal{c.item, c.score, because(&req.Recent[s.sums[row].act])}
	}
	return out, nil
}

// Pack implements Route: which model is live is the state's.
func (r *LinearRoute) Pack(*pack.Writer) {}

// Unpack implements Route.
func (r *LinearRoute) Unpack(*pack.Reader, int) {}
