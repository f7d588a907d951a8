package serve

import (
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/recall"
)

// pick is a candidate and what is said of its place.
type pick struct {
	candidate  int // its index
	explored   bool
	propensity float64 // of being in the slate, 0 where nothing is drawn
}

// exploreStream keeps the draws of this stage apart from those that routes make of the same seed.
const exploreStream = 0x6578706c6f7265

// explore fills n places from candidates in their order, best first, and keeps a share of the
// places for those that explores names, however far down the order they stand.
//
// Of share·n places the whole ones are kept, and one more with the probability of the rest, so that
// it is share·n on average. With k places kept, the first n−k candidates are in. Of the others
// that explore, k are drawn, all alike; where there are fewer, all of them are in, and the next of
// the order take what is left. Where among the n places the drawn ones stand is drawn too.
//
// So the propensity of a candidate, its probability to be in the slate given the candidates and
// their order, is known: 1 among the first n−k, k over how many were drawn from for those, at
// most 1, and for the rest 1 or 0; weighted by the probabilities of the two values that k has.
func explore(order []int, explores func(candidate int) bool, n int, share float64, seed uint64) []pick {
	n = min(n, len(order))
	picks := make([]pick, n)
	if share <= 0 {
		for i := range picks {
			picks[i].candidate = order[i]
		}
		return picks
	}
	rng := rand.New(rand.NewPCG(seed, exploreStream))
	whole, part := math.Modf(min(float64(share*float64(n)), float64(n)))
	kept := []int{int(whole), min(int(whole)+1, n)}
	var pools [2][]int // by number of places kept: places in the order that are drawn from
	for which, k := range kept {
		for at := n - k; at < len(order); at++ {
			if explores(order[at]) {
				pools[which] = append(pools[which], at)
			}
		}
	}
	in := func(which, at int) float64 { // the probability of the candidate at a place of the order
		k, pool := kept[which], pools[which]
		switch {
		case at < n-k:
			return 1
		case explores(order[at]):
			return min(1, float64(k)/float64(len(pool)))
		case at < n-k+k-len(pool)+countBefore(pool, at):
			return 1
		}
		return 0
	}

	which := 0
	if part > 0 && rng.Float64() < part {
		which = 1
	}
	k, pool := kept[which], pools[which]
	drawn := pool
	if len(pool) > k {
		for i := range k { // the first k of a shuffle by Fisher and Yates
			j := i + rng.IntN(len(pool)-i)
			pool[i], pool[j] = pool[j], pool[i]
		}
		drawn = pool[:k]
	}
	chosen := make(map[int]bool, len(drawn))
	for _, at := range drawn {
		chosen[at] = true
	}
	// Of the places, which are the drawn ones': selection sampling (Knuth, TAOCP 2, 3.4.2, S).
	next, left := 0, len(drawn)
	for i := range picks {
		at := 0
		if left > 0 && rng.IntN(n-i) < left {
			at = drawn[len(drawn)-left]
			left--
			picks[i].explored = true
		} else {
			for chosen[next] {
				next++
			}
			at = next
			next++
		}
		picks[i].candidate = order[at]
		picks[i].propensity = in(0, at)
		if part > 0 {
			picks[i].propensity = float64((1-part)*in(0, at)) + float64(part*in(1, at))
		}
	}
	return picks
}

// countBefore is how many of the places lie before at.
func countBefore(places []int, at int) (n int) {
	for _, p := range places {
		if p < at {
			n++
		}
	}
	return n
}

// explorers are the routes whose candidates have places kept, by name.
func explorers(routes []Route) map[string]bool {
	names := map[string]bool{}
	for _, r := range routes {
		if recall.Explores(r.Kind) {
			names[r.Name] = true
		}
	}
	return names
}

// picks fills the places of the slate from the candidates that may be shown, under the lock that
// guards the state.
func (r *run) picks(candidates []recall.Candidate) []pick {
	order := make([]int, 0, min(len(r.ranking.order), r.n))
	for _, i := range r.ranking.order {
		if len(order) == r.n && r.share <= 0 {
			break
		}
		if !r.skip(candidates[i].Item) { // it may have been seen since the route looked
			order = append(order, i)
		}
	}
	return explore(order, func(i int) bool {
		for _, o := range candidates[i].Routes {
			if r.server.explorers[o.Route] {
				return true
			}
		}
		return false
	}, r.n, r.share, r.recall.Seed)
}
