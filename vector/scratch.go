package vector

import (
	"math"
	"sync"
)

// chunk is how many rows are scored before their scores are looked at: enough to make a call cheap,
// and few enough for the scores to stay in the first cache.
const chunk = 256

// scratch is the memory of one search.
type scratch struct {
	unit     []float32 // the query at length 1
	coded    []int8
	scores   [chunk]float32
	best     top
	proposed top
	lists    top
	near     []float32 // scores of lists
	at       []uint32
	hits     []Hit
	exact    []float32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// padded returns the first n scores and NaN after them up to a whole word of 64.
func (s *scratch) padded(n int) []float32 {
	end := (n + 63) &^ 63
	for i := n; i < end; i++ {
		s.scores[i] = float32(math.NaN())
	}
	return s.scores[:end]
}

// prepared returns what is multiplied with the rows: the query, or for Cosine a copy at length 1.
func (s *scratch) prepared(m Metric, query []float32) []float32 {
	if m != Cosine {
		return query
	}
	s.unit = append(s.unit[:0], query...)
	normalize(s.unit)
	return s.unit
}
