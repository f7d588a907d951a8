package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// swing is how one taste moves: to and fro around where it lies, so that it can be told for
// any time without what came before.
type swing struct {
	perMilli float64 // radians
	phase    float64
}

// The periods of swings.
const (
	shortestSwing = 5 * 24 * time.Hour
	longestSwing  = 40 * 24 * time.Hour
)

// newSwings draws those of a visitor: of every shelf, then of every dimension of taste. They
// have a generator of their own, so that the rest of a world does not depend on them.
func newSwings(o Options, number int) []swing {
	rng := rand.New(rand.NewPCG(o.Seed^0x5717, uint64(number)))
	list := make([]swing, len(shelves)+o.Tastes)
	for i := range list {
		period := float64(shortestSwing.Milliseconds()) + rng.Float64()*float64((longestSwing-shortestSwing).Milliseconds())
		list[i] = swing{2 * math.Pi / period, 2 * math.Pi * rng.Float64()}
	}
	return list
}

// at is where the taste stands at a time (Unix ms), with a variance of 1 over time: in
// [−√2, √2].
func (s swing) at(t int64) float64 {
	return math.Sqrt2 * math.Sin(s.perMilli*float64(t)+s.phase)
}

// normals draws n values of mean 0 and variance 1.
func normals(n int, rng *rand.Rand) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = rng.NormFloat64()
	}
	return list
}
