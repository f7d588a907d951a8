package recall

import "slices"

// Candidate is an item that at least one route proposed.
type Candidate struct {
	Item   uint32
	Score  float64
	Routes []Opinion // in route order, never empty
}

// Opinion is one route's view of a candidate.
type Opinion struct {
	Route    string
	Rank     int // 1-based
	Proposal Proposal
}

// Answer is what one route proposed.
type Answer struct {
	Route     string
	Weight    float64
	Proposals []Proposal
}

// fusionOffset is the k of reciprocal rank fusion, as in the paper.
const fusionOffset = 60

// Weight is how much a kind of route counts in the fused score. A route that knows the
// visitor goes first: with these weights its 200th proposal is still above the best of the
// crowd's, which add to what both propose and fill what is left open (on MovieLens-100K 0.3
// for the popular costs a fifth of the ranking quality).
func Weight(kind string) float64 {
	switch kind {
	case "itemcf":
		return 1
	case "popular":
		return 0.1
	}
	return 0.05
}

// Merge joins the answers into one list, best first: each proposal adds weight/(60 + rank)
// to its item (reciprocal rank fusion: Cormack et al., SIGIR 2009, weighted), which needs no
// common scale between routes. Ties go by first proposal, answer by answer, so equal answers
// give equal lists.
func Merge(answers []Answer) []Candidate {
	var list []Candidate
	place := map[uint32]int{}
	for _, a := range answers {
		for i, p := range a.Proposals {
			at, ok := place[p.Item]
			if !ok {
				at = len(list)
				place[p.Item] = at
				list = append(list, Candidate{Item: p.Item})
			}
			c := &list[at]
			c.Score += float64(a.Weight / float64(fusionOffset+i+1))
			c.Routes = append(c.Routes, Opinion{a.Route, i + 1, p})
		}
	}
	slices.SortStableFunc(list, func(a, b Candidate) int { return compare(b.Score, a.Score) })
	return list
}
