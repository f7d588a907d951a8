package recall

import (
	"context"
	"math"

	"github.com/freshet-rec/freshet"
)

// Alike is a route that knows how near items are to one another.
type Alike interface {
	Route
	// Alike tells how near candidates are to items: tell is called with the place of the item,
	// that of the candidate, and their nearness, above 0 and at most 1; what is not told is 0. at
	// gives a candidate's place by its item.
	Alike(items []uint32, candidates []Candidate, at map[uint32]int, tell func(item, candidate int, near float64))
}

// The constants of demotion, guesses: what is just like an item disliked a moment ago keeps a tenth
// of its score, after a week half of what was taken is back, and ten dislikes are a taste.
const (
	demoteMost     = 0.9
	demoteHalfLife = 7 * freshet.Day
	demoteActs     = 10
	demoteCap      = 0.99 // of what several dislikes take together
)

// Demote notes in each candidate what the visitor's last dislikes take off its score:
//
//	Demoted(j) = 1 − Π over the last 10 dislikes d of (1 − 0.9 · near(d, j) · 2^(−age(d) / 7 days))
//
// with near the greatest nearness that a route tells, and at most 0.99 in all. It reports whether
// that is more than nothing for any. Score and order are left to the caller: a merged score is
// multiplied by 1 − Demoted, log-odds are raised by its logarithm. The error is that of ctx.
func Demote(ctx context.Context, routes []Alike, req *Request, candidates []Candidate) (any bool, err error) {
	dislikes := req.Disliked[:min(len(req.Disliked), demoteActs)]
	if len(dislikes) == 0 || len(candidates) == 0 {
		return false, nil
	}
	items, share, at := make([]uint32, len(dislikes)), make([]float64, len(dislikes)), make(map[uint32]int, len(candidates))
	for k, d := range dislikes {
		items[k], share[k] = d.Item, demoteMost*math.Exp2(-float64(max(0, req.Time-d.Time))/float64(demoteHalfLife))
	}
	for i := range candidates {
		at[candidates[i].Item] = i
	}
	nearest := make([]float64, len(dislikes)*len(candidates))
	for _, route := range routes {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		route.Alike(items, candidates, at, func(item, candidate int, near float64) {
			n := &nearest[item*len(candidates)+candidate]
			*n = max(*n, min(1, near))
		})
	}
	for i := range candidates {
		left, most, worst := 1.0, 0.0, Past{}
		for k := range dislikes {
			taken := float64(share[k] * nearest[k*len(candidates)+i])
			left = float64(left * (1 - taken))
			if taken > most {
				most, worst = taken, dislikes[k]
			}
		}
		if left < 1 {
			candidates[i].Demoted, candidates[i].Dislike, any = min(demoteCap, 1-left), worst, true
		}
	}
	return any, nil
}

// Alike implements the interface Alike: the pair's sum over the root of the other item's weight,
// which is what Recall scores by, relative to the item's strongest.
func (r *ItemCFRoute) Alike(items []uint32, _ []Candidate, at map[uint32]int, tell func(item, candidate int, near float64)) {
	for k, item := range items {
		if int(item) >= len(r.items) {
			continue
		}
		from, most := &r.items[item], 0.0
		strength := func(i int) float64 {
			if total := r.totals[from.item[i]]; total > 0 {
				return float64(from.sum[i]) / math.Sqrt(total)
			}
			return 0
		}
		for i := range from.item {
			most = max(most, strength(i))
		}
		for i, other := range from.item {
			if place, is := at[other]; is && other != item {
				if s := strength(i); s > 0 {
					tell(k, place, s/most)
				}
			}
		}
	}
}

// Alike implements the interface Alike: the cosine of what entries say, each token weighing
// idf · f/(k1 + f).
func (r *SimilarRoute) Alike(items []uint32, candidates []Candidate, _ map[uint32]int, tell func(item, candidate int, near float64)) {
	x := r.texts
	vectors, norms := make([][]word, len(items)), make([]float64, len(items))
	for k, item := range items {
		vectors[k], norms[k] = x.squared(item), x.norm(x.words(nil, item, 1))
	}
	var v []word
	for i := range candidates {
		v = x.words(v[:0], candidates[i].Item, 1)
		norm := 0.0 // not computed yet
		for k := range vectors {
			if items[k] == candidates[i].Item {
				continue
			}
			if d := dot(vectors[k], v); d > 0 {
				if norm == 0 {
					norm = x.norm(v)
				}
				tell(k, i, d/(norm*norms[k]))
			}
		}
	}
}
