package vector

import "github.com/freshet-rec/freshet/internal/simd"

// Exact is the index that scans every row in float32. It judges the others.
type Exact struct {
	metric Metric
	dim    int
	rows   []float32
}

// NewExact returns an index of the rows of length dim that lie one behind the other in vectors,
// each of which must pass Check. For InnerProduct it keeps vectors, which must not change any
// more; for Cosine it copies them.
func NewExact(vectors []float32, dim int, metric Metric) (*Exact, error) {
	if err := checkRows(vectors, dim, metric); err != nil {
		return nil, err
	}
	return &Exact{metric, dim, metric.rows(vectors, dim)}, nil
}

// Len is the number of rows.
func (e *Exact) Len() int { return len(e.rows) / e.dim }

// Dim is the length of the vectors.
func (e *Exact) Dim() int { return e.dim }

// Metric is what its scores are.
func (e *Exact) Metric() Metric { return e.metric }

// Search implements Index. The hits are the best there are.
func (e *Exact) Search(dst []Hit, query []float32, n int, skip func(row uint32) bool) []Hit {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	return e.search(s, dst, s.prepared(e.metric, query), n, skip)
}

// search is Search with a query that is as the metric wants it.
func (e *Exact) search(s *scratch, dst []Hit, query []float32, n int, skip func(row uint32) bool) []Hit {
	best := &s.best
	best.begin(min(n, e.Len()), 0, 0, 0)
	if best.n <= 0 {
		return dst
	}
	scanRows(s, e.rows, e.dim, query, func(place int, score float32) {
		if row := uint32(place); skip == nil || !skip(row) {
			best.add(score, row)
		}
	})
	return best.appendHits(dst)
}

// scanRows scores rows and offers those that reach the threshold of s.best, which accept adds to.
func scanRows(s *scratch, rows []float32, dim int, query []float32, accept func(place int, score float32)) {
	best, n := &s.best, len(rows)/dim
	for from := 0; from < n; from += chunk {
		m := min(chunk, n-from)
		simd.DotRows(s.scores[:m], query, rows[from*dim:][:m*dim])
		eachAtLeast(s.padded(m), best.least, func(place int) { accept(from+place, s.scores[place]) })
		best.tidy()
	}
}
