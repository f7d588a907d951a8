package candidates

import (
	"math"
	"math/rand/v2"
)

// world is the law of invented vectors: clusters in a space of few dimensions, as embeddings of
// items have, of lengths that differ as those of liked and less liked items do, and a little noise
// in all dimensions.
type world struct {
	dim, rank, clusters int

	basis   []float64 // rank rows of dim
	centres []float64 // clusters rows of rank
}

const (
	worldRank  = 16  // at most, and a quarter of the dimensions
	spread     = 0.5 // of the vectors of a cluster around its centre, in lengths of a centre
	noise      = 0.1 // in every dimension, where the rest has about 1
	lengths    = 0.2 // standard deviation of the logarithm of a length
	worldsSeed = 0xca7d
)

// Vectors draws the vectors, and queries of the same law, one behind the other.
func (o *Options) Vectors() (vectors, queries []float32) {
	rng := rand.New(rand.NewPCG(o.Seed, worldsSeed))
	w := &world{dim: o.Dim, rank: min(worldRank, max(1, o.Dim/4)), clusters: o.Clusters}
	w.basis, w.centres = gaussian(rng, w.rank*w.dim), gaussian(rng, w.clusters*w.rank)
	return w.draw(rng, o.Size.Vectors), w.draw(rng, o.Queries)
}

func gaussian(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

// draw returns n vectors, one behind the other.
func (w *world) draw(rng *rand.Rand, n int) []float32 {
	out, low := make([]float32, n*w.dim), make([]float64, w.rank)
	for i := range n {
		centre := w.centres[rng.IntN(w.clusters)*w.rank:]
		length := math.Exp(lengths*rng.NormFloat64()) / math.Sqrt(float64(w.rank))
		for k := range low {
			low[k] = length * (centre[k] + spread*rng.NormFloat64())
		}
		for j := range w.dim {
			x := noise * rng.NormFloat64()
			for k, l := range low {
				x += l * w.basis[k*w.dim+j]
			}
			out[i*w.dim+j] = float32(x)
		}
	}
	return out
}
