package rank_test

import (
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/rank/modeltest"
)

func draw(rng *rand.Rand, n int, size float64) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(size * rng.NormFloat64())
	}
	return list
}

func makeLR(s *rank.Schema, seed uint64) rank.Model {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &rank.LR{Fields: s, Bias: -1, Weights: draw(rng, s.Weights(), 1)}
}

func makeFM(s *rank.Schema, seed uint64) rank.Model {
	rng := rand.New(rand.NewPCG(seed, 2))
	dim := 1 + int(seed%3)*5
	return &rank.FM{LR: rank.LR{Fields: s, Bias: 0.5, Weights: draw(rng, s.Weights(), 1)}, Dim: dim, Vectors: draw(rng, s.Weights()*dim, 0.3)}
}

// layers are those of a network that takes so many numbers.
func layers(rng *rand.Rand, in int, widths ...int) (list []rank.Layer) {
	for _, out := range append(widths, 1) {
		list = append(list, rank.Layer{In: in, Out: out, Weights: draw(rng, in*out, 0.3), Bias: draw(rng, out, 0.3)})
		in = out
	}
	return list
}

func makeDeepFM(s *rank.Schema, seed uint64) rank.Model {
	fm := makeFM(s, seed).(*rank.FM)
	widths := [][]int{{16, 8}, {12}, {}, {7, 7, 7}, {32}}[seed%5]
	return &rank.DeepFM{FM: *fm, Layers: layers(rand.New(rand.NewPCG(seed, 3)), len(s.Fields)*fm.Dim, widths...)}
}

func TestLR(t *testing.T)     { modeltest.Test(t, makeLR) }
func TestFM(t *testing.T)     { modeltest.Test(t, makeFM) }
func TestDeepFM(t *testing.T) { modeltest.Test(t, makeDeepFM) }
