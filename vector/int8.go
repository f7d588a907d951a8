package vector

import (
	"github.com/freshet-rec/freshet/internal/simd"
)

// ExactInt8 is an index that scans every row as int8, a quarter of the bytes of float32, and then
// looks at the rows that may be among the best in float32. How far a score of int8 can be off is
// known (see coded), so its hits are those of Exact, bit for bit: a row is dropped only when n
// others are better by more than twice that.
type ExactInt8 struct {
	exact Exact
	codes coded
}

// maxProposed bounds the rows that a search looks at in float32, in multiples of n. Where more are
// within the error of the last of the best, such as when all rows are equal, all rows are scanned
// in float32: so a search is never much slower than that of Exact.
const maxProposed = 32

// NewExactInt8 returns an index as NewExact does; beside the vectors it keeps dim+4 bytes a row.
func NewExactInt8(vectors []float32, dim int, metric Metric) (*ExactInt8, error) {
	exact, err := NewExact(vectors, dim, metric)
	if err != nil {
		return nil, err
	}
	return exact.coded(), nil
}

// coded returns the same index with codes.
func (x *Exact) coded() *ExactInt8 {
	e := &ExactInt8{exact: *x, codes: newCoded(x.Len(), x.dim)}
	code := make([]int8, e.codes.length)
	for row := range x.Len() {
		off, norm := e.codes.put(row, x.rows[row*x.dim:][:x.dim], code)
		e.codes.off, e.codes.norm = max(e.codes.off, off), max(e.codes.norm, norm)
	}
	return e
}

// Len is the number of rows.
func (e *ExactInt8) Len() int { return e.exact.Len() }

// Dim is the length of the vectors.
func (e *ExactInt8) Dim() int { return e.exact.dim }

// Metric is what its scores are.
func (e *ExactInt8) Metric() Metric { return e.exact.metric }

// Search implements Index. The hits are the best there are.
func (e *ExactInt8) Search(dst []Hit, query []float32, n int, skip func(row uint32) bool) []Hit {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	query = s.prepared(e.exact.metric, query)
	if n = min(n, e.Len()); n <= 0 {
		return dst
	}
	q := e.codes.query(s.coded, query)
	s.coded = q.code
	if q.scale == 0 || !e.propose(s, q, n, skip) {
		return e.exact.search(s, dst, query, n, skip)
	}
	return rescore(s, dst, query, n, e.exact.rows)
}

// propose gathers in s.proposed the rows whose score may be among the n best, false when they are
// too many.
func (e *ExactInt8) propose(s *scratch, q codedQuery, n int, skip func(row uint32) bool) bool {
	p := &s.proposed
	p.begin(n, 0, 2*e.codes.slack(q), maxProposed*n)
	for from := 0; from < e.codes.slots; from += chunk {
		m := min(chunk, e.codes.slots-from)
		e.codes.scores(s.scores[:m], q.code, from)
		eachAtLeast(s.padded(m), p.least, func(place int) {
			if row := uint32(from + place); skip == nil || !skip(row) {
				p.add(s.scores[place], row)
			}
		})
		if p.tidy(); p.overflow {
			return false
		}
	}
	p.prune()
	return !p.overflow
}

// rescore appends the n best of the proposed rows by their products in float32.
func rescore(s *scratch, dst []Hit, query []float32, n int, rows []float32) []Hit {
	s.at = s.at[:0]
	for _, k := range s.proposed.keys {
		s.at = append(s.at, unkey(k).Row)
	}
	return rescoreAt(s, dst, query, n, rows)
}

// rescoreAt appends the n best of the rows s.at by their products in float32.
func rescoreAt(s *scratch, dst []Hit, query []float32, n int, rows []float32) []Hit {
	if cap(s.exact) < len(s.at) {
		s.exact = make([]float32, len(s.at)+chunk)
	}
	scores := s.exact[:len(s.at)]
	simd.DotAt(scores, query, rows, s.at)
	best := &s.best
	best.begin(n, 0, 0, 0)
	for i, row := range s.at {
		best.add(scores[i], row)
	}
	return best.appendHits(dst)
}
