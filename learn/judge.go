package learn

import (
	"context"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/collab"
)

// Proposer is a model that proposes, as a route asks it.
type Proposer interface {
	// Score fills scores, one a row, from what a visitor took: rows, none twice, the newest first, with
	// weights above 0.
	Score(scores []float32, rows []uint32, weights []float32)
}

// Judge holds back what visitors took last, and says how much of that a model finds which was trained
// on the rest.
type Judge struct {
	taken  *Taken
	Train  *collab.Matrix // what is not held back
	judged []int          // visitors
	decay  float64        // of the weight of an act, from one to the next older one
	most   int            // acts that a model is asked with
}

// heldShare is the share of a visitor's items that is held back, those taken last; at least one, of
// visitors with leastTaken.
const (
	heldShare  = 0.1
	leastTaken = 3
)

// Bounds of what judging costs: visitors, and scores in all.
const (
	mostJudged = 5000
	mostScores = 500_000_000
)

// NewJudge returns a Judge of what was taken. A model is asked with so many newest acts, each of which
// weighs half as much as one halfLife places newer.
func NewJudge(t *Taken, most int, halfLife float64) *Judge {
	j := &Judge{taken: t, Train: t.matrix(kept), decay: math.Exp2(-1 / halfLife), most: most}
	var all []int
	for v := range t.Visitors {
		if n := t.start[v+1] - t.start[v]; kept(v, n) < n {
			all = append(all, v)
		}
	}
	n := min(len(all), mostJudged, max(100, mostScores/max(1, t.IDs.Len())))
	for i := range n { // evenly among all
		j.judged = append(j.judged, all[i*len(all)/n])
	}
	return j
}

// kept is how many of a visitor's takes are trained on.
func kept(_, takes int) int {
	if takes < leastTaken {
		return takes
	}
	return takes - max(1, int(heldShare*float64(takes)))
}

// Judged is how many visitors are judged by.
func (j *Judge) Judged() int { return len(j.judged) }

// Found are means over visitors: the share of what was held back that is among the first 20, and the
// first 200, of all that the visitor had not taken before.
type Found struct{ At20, At200 float64 }

// Measure says what a model finds. The error is that of ctx.
func (j *Judge) Measure(ctx context.Context, model Proposer) (f Found, err error) {
	scores := make([]float32, j.taken.IDs.Len())
	for _, v := range j.judged {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		rows, weights := j.history(v)
		model.Score(scores, rows, weights)
		taken, _ := j.taken.Of(v)
		n := kept(v, len(taken))
		for _, row := range taken[:n] {
			scores[row] = float32(math.Inf(-1))
		}
		at20, at200 := 0, 0
		for _, want := range taken[n:] {
			switch better := above(scores, want); {
			case better < 20:
				at20++
				at200++
			case better < 200:
				at200++
			}
		}
		f.At20 += float64(at20) / float64(len(taken)-n)
		f.At200 += float64(at200) / float64(len(taken)-n)
	}
	f.At20, f.At200 = f.At20/float64(max(1, len(j.judged))), f.At200/float64(max(1, len(j.judged)))
	return f, nil
}

// above is how many rows stand before one: equal scores in the order of rows, and what is no number
// last.
func above(scores []float32, row uint32) (n int) {
	own := scores[row]
	if own != own || math.IsInf(float64(own), -1) {
		return len(scores)
	}
	for i, s := range scores {
		if s > own || s == own && i < int(row) {
			n++
		}
	}
	return n
}

// history is what a model is asked with for a visitor: what is not held back, as a route has it.
func (j *Judge) history(v int) (rows []uint32, weights []float32) {
	all, strength := j.taken.Of(v)
	n := kept(v, len(all))
	return recent(all[:n], strength[:n], j.most, j.decay)
}

// recent turns what a visitor took around, newest first, and weighs it as a route does.
func recent(all []uint32, strength []float32, most int, decay float64) (rows []uint32, weights []float32) {
	from := max(0, len(all)-most)
	rows, weights = slices.Clone(all[from:]), slices.Clone(strength[from:])
	slices.Reverse(rows)
	slices.Reverse(weights)
	share := 1.0
	for i := range weights {
		weights[i] = float32(float64(weights[i]) * share)
		share *= decay
	}
	return rows, weights
}

// popular proposes what most took.
type popular []float32

func newPopular(m *collab.Matrix) popular {
	p := make(popular, m.Items)
	for _, row := range m.Item {
		p[row]++
	}
	return p
}

// Score implements Proposer.
func (p popular) Score(scores []float32, _ []uint32, _ []float32) { copy(scores, p) }
