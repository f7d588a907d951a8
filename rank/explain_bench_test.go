package rank_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// BenchmarkExplain is what it costs to explain the ten items of a slate among 300 candidates of 40
// fields: each number a model's vectors, the DeepFM with layers of 128 and 64 units.
func BenchmarkExplain(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	fields := make([]rank.Field, 40)
	words := make([]rank.Token, 1000)
	for i := range words {
		words[i] = rank.Token(i + 1)
	}
	for f := range fields {
		fields[f] = rank.Field{Name: fmt.Sprint("f", f), Kind: rank.Category, Tokens: words}
	}
	s, err := rank.NewSchema(fields)
	if err != nil {
		b.Fatal(err)
	}
	lr := rank.LR{Fields: s, Weights: draw(rng, s.Weights(), 1)}
	fm := rank.FM{LR: lr, Dim: 16, Vectors: draw(rng, 16*s.Weights(), 0.1)}
	deep := &rank.DeepFM{FM: fm, Layers: layers(rng, 640, 128, 64)}
	fm.Pack()
	deep.Pack()
	var batch rank.Batch
	for range 300 {
		row := rank.Row{}
		for range fields {
			row.Words = append(row.Words, rank.Token(1+rng.IntN(1000)))
			row.End()
		}
		s.Encode(&batch, &row)
	}
	shown := []int{0, 30, 60, 90, 120, 150, 180, 210, 240, 270}
	parts := make([]float32, len(shown)*len(fields))
	for _, m := range []rank.Model{&lr, &fm, deep} {
		b.Run(rank.KindOf(m), func(b *testing.B) {
			for b.Loop() {
				m.Explain(&batch, shown, parts)
			}
		})
	}
}
