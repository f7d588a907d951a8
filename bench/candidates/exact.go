package candidates

import (
	"context"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/internal/simd"
	"github.com/freshet-rec/freshet/vector"
)

// leastRounds is how often everything is measured at least.
const leastRounds = 5

// exact measures searches of the exact indexes on one goroutine, and a read of as many bytes as
// they must look at: four or one for each number.
func (o *Options) exact(ctx context.Context) ([]bench.Line, error) {
	o.Say("  exact: the best %d of %d vectors of %d", o.N, o.Size.Vectors, o.Dim)
	vectors, queries := o.Vectors()
	full, err := vector.NewExact(vectors, o.Dim, vector.InnerProduct)
	if err != nil {
		return nil, err
	}
	small, err := vector.NewExactInt8(vectors, o.Dim, vector.InnerProduct)
	if err != nil {
		return nil, err
	}
	var hits []vector.Hit
	search := func(index vector.Index) func(round int) {
		return func(round int) { hits = index.Search(hits[:0], o.query(queries, round), o.N, nil) }
	}
	memory := make([]byte, 4*len(vectors))
	for i := range memory {
		memory[i] = byte(i) // pages that were never written all are the same one
	}
	read := func(bytes int) func(round int) { return func(int) { simd.Read(memory[:bytes]) } }

	took, err := o.alternate(ctx, o.Duration, leastRounds, read(len(memory)), search(full))
	if err != nil {
		return nil, err
	}
	took8, err := o.alternate(ctx, o.Duration, leastRounds, read(len(vectors)), search(small))
	if err != nil {
		return nil, err
	}
	return []bench.Line{
		took[1].line("exact_float32", "a read of 4 bytes a number", took[0]),
		took8[1].line("exact_int8", "a read of 1 byte a number", took8[0]),
	}, nil
}

// query is one of the queries, round after round.
func (o *Options) query(queries []float32, round int) []float32 {
	return queries[round%o.Queries*o.Dim:][:o.Dim]
}
