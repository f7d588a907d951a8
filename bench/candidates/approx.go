package candidates

import (
	"context"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/vector"
)

// What is promised of the approximate index at the full size.
const (
	wantRecall       = 0.95
	wantBuildSeconds = 60
)

// approx measures the inverted file beside the exact index of int8, on one goroutine. The index was
// built to reach the recall on rows of its own as queries, and is tried on other ones; approx_tenth
// is the same search where nine of ten rows are skipped.
func (o *Options) approx(ctx context.Context) ([]bench.Line, error) {
	o.Say("  approx: the best %d of %d vectors of %d", o.N, o.Size.Vectors, o.Dim)
	vectors, queries := o.Vectors()
	exact, err := vector.NewExactInt8(vectors, o.Dim, vector.InnerProduct)
	if err != nil {
		return nil, err
	}
	began := o.Now()
	index, err := vector.NewIVF(ctx, vectors, o.Dim, vector.InnerProduct, vector.IVFOptions{Seed: o.Seed, N: o.N, Recall: wantRecall})
	if err != nil {
		return nil, err
	}
	built := o.Now().Sub(began).Seconds()

	var hits, truth []vector.Hit
	found, all := 0, 0
	both, err := o.alternate(ctx, 0, o.Queries,
		func(round int) { hits = index.Search(hits[:0], o.query(queries, round), o.N, nil) },
		func(round int) {
			truth = exact.Search(truth[:0], o.query(queries, round), o.N, nil)
			found, all = found+common(hits, truth), all+len(truth)
		})
	if err != nil {
		return nil, err
	}
	alone, err := o.alternate(ctx, o.Duration, o.Queries, func(round int) {
		hits = index.Search(hits[:0], o.query(queries, round), o.N, nil)
	})
	if err != nil {
		return nil, err
	}
	tenth, err := o.alternate(ctx, 0, o.Queries, func(round int) {
		hits = index.Search(hits[:0], o.query(queries, round), o.N, func(row uint32) bool { return row%10 != 0 })
	})
	if err != nil {
		return nil, err
	}
	recall := float64(found) / float64(all)
	return []bench.Line{
		alone[0].line("approx", "exact int8", both[1]),
		tenth[0].line("approx_tenth", "exact int8", both[1]),
		promised("approx_recall", recall, "share", false, wantRecall),
		promised("approx_build", built, "s", true, wantBuildSeconds),
	}, nil
}

// common counts the rows that are in both.
func common(a, b []vector.Hit) (n int) {
	in := make(map[uint32]bool, len(a))
	for _, hit := range a {
		in[hit.Row] = true
	}
	for _, hit := range b {
		if in[hit.Row] {
			n++
		}
	}
	return n
}
