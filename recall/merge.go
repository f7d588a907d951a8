package recall

import (
	"math"
	"slices"
)

// Candidate is an item that at least one route proposed.
type Candidate struct {
	Item   uint32
	Score  float64
	Routes []Opinion // in route order, never empty

	// What Demote found; Score is as merged.

	Demoted float64 // the share of its score that dislikes take off, below 1
	Dislike Past    // the dislike that takes most; of item 0 when none does
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
// crowd's, which fill what is left open. They add next to nothing to what both propose, since
// itemcf has weighed the crowd's wishes by itself, and better (on MovieLens-100K 0.1 for the
// popular cost a tenth of the ranking quality, 0.3 a fifth). Sessions that are like the visitor's
// own speak up where itemcf has little between its proposals. Those of similar, rule, geo and
// trending are guesses by the same rule: what the visitor did or asked for, then what the operator
// says, then the crowd.
func Weight(kind string) float64 {
	switch kind {
	case "search":
		return searchWeight
	case "itemcf", KindEmbedding, KindLinear:
		return 1
	case "similar":
		return 0.5
	case "rule", "geo":
		return 0.3
	case "session":
		return 0.05
	case "popular", "trending":
		return 0.01
	}
	return 0.005
}

// searchWeight puts the first 120 matches of a fresh query before whatever another route knows
// best: 3/(60 + 120) is 1/60.
const searchWeight = 3

// WeightAt is how much a kind of route counts for a request. That of search halves with every
// 10 minutes of age of the visitor's newest query: after a quarter of an hour its first match
// still stands beside the best of itemcf, after half an hour beside its hundredth. The others
// always have their Weight.
func WeightAt(kind string, req *Request) float64 {
	if kind != "search" || len(req.Queries) == 0 {
		return Weight(kind)
	}
	age := max(0, req.Time-req.Queries[0].Time)
	return searchWeight * math.Exp2(-float64(age)/float64(searchFresh))
}

// Share is what a proposal at a rank, 1-based, adds to the score that Merge gives its item. The
// score is the sum of the shares in the order of the answers.
func Share(weight float64, rank int) float64 { return weight / float64(fusionOffset+rank) }

// Merge joins the answers into one list, best first: each proposal adds weight/(60 + rank)
// to its item (reciprocal rank fusion: Cormack et al., SIGIR 2009, weighted), which needs no
// common scale between routes. Ties go by first proposal, answer by answer, so equal answers
// give equal lists. The list is the caller's.
func Merge(answers []Answer) []Candidate { return new(Merger).Merge(answers) }

// Merger is the room that merging needs, to be used again: of six routes with 200 proposals each it is
// a quarter of a megabyte. The zero Merger is ready to use, by one goroutine at a time.
type Merger struct {
	items    numbering
	found    []fused // by first proposal, then best first
	spare    []fused // room for sort
	place    []int32 // in list, by first proposal
	list     []Candidate
	opinions []Opinion // of all candidates, one's behind the other's
}

// fused is a candidate as far as its place in the order goes.
type fused struct {
	score  float64
	number int32 // by first proposal
	routes int32 // that proposed it
}

// Merge is as the function Merge, but the list is valid only until the next Merge.
func (m *Merger) Merge(answers []Answer) []Candidate {
	m.items.reset()
	m.found, m.list, m.opinions = m.found[:0], m.list[:0], m.opinions[:0]
	total := 0
	for i := range answers {
		a := &answers[i]
		total += len(a.Proposals)
		for k := range a.Proposals {
			number, first := m.items.of(a.Proposals[k].Item)
			if first {
				m.found = append(m.found, fused{number: int32(number)})
			}
			f := &m.found[number]
			f.score += Share(a.Weight, k+1)
			f.routes++
		}
	}
	m.sort()
	m.place = slices.Grow(m.place[:0], len(m.found))[:len(m.found)]
	m.list = slices.Grow(m.list, len(m.found))
	m.opinions = slices.Grow(m.opinions, total)
	room := m.opinions[:total]
	for place, f := range m.found {
		m.place[f.number] = int32(place)
		m.list = append(m.list, Candidate{Item: m.items.items[f.number], Score: f.score, Routes: room[:0:f.routes]})
		room = room[f.routes:]
	}
	for i := range answers {
		a := &answers[i]
		for k := range a.Proposals {
			c := &m.list[m.place[m.items.find(a.Proposals[k].Item)]]
			c.Routes = append(c.Routes, Opinion{a.Route, k + 1, a.Proposals[k]})
		}
	}
	return m.list
}

// before orders higher scores first, ties by first proposal.
func (a *fused) before(b *fused) bool {
	return a.score > b.score || a.score == b.score && a.number < b.number
}

// sort puts found in its order. What one route alone proposed stands in that order already, route by
// route, so of six routes there are six runs, and those that several proposed make a seventh once
// they are sorted: a natural merge sort (Knuth, TAOCP 3, 5.2.4, N) of three passes. Whatever the
// runs, the order is the same.
func (m *Merger) sort() {
	a, several := m.spare[:0], 0
	for _, f := range m.found {
		if f.routes == 1 {
			a = append(a, f)
		} else {
			m.found[several] = f
			several++
		}
	}
	slices.SortFunc(m.found[:several], func(a, b fused) int {
		if a.before(&b) {
			return -1
		}
		return 1 // no two are the same item
	})
	a = append(a, m.found[:several]...)
	b := m.found[:0]
	for runs := 2; runs > 1; {
		b, runs = b[:0], 0
		for from := 0; from < len(a); runs++ {
			middle := runEnd(a, from)
			end := runEnd(a, middle)
			b = mergeRuns(b, a[from:middle], a[middle:end])
			from = end
		}
		a, b = b, a
	}
	m.found, m.spare = a, b
}

// runEnd is where the run that begins at a place ends.
func runEnd(list []fused, from int) int {
	end := min(from+1, len(list))
	for end < len(list) && list[end-1].before(&list[end]) {
		end++
	}
	return end
}

// mergeRuns appends two runs, merged.
func mergeRuns(dst, a, b []fused) []fused {
	for len(a) > 0 && len(b) > 0 {
		if a[0].before(&b[0]) {
			dst, a = append(dst, a[0]), a[1:]
		} else {
			dst, b = append(dst, b[0]), b[1:]
		}
	}
	return append(append(dst, a...), b...)
}
