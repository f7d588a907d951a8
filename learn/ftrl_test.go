package learn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// naiveFTRL is Algorithm 1 of the paper, with the weight worked out from sums that are kept
// from the beginning.
type naiveFTRL struct{ gradients, weights []float64 }

func (f *naiveFTRL) weight(o *FTRL) float64 {
	z, n := 0.0, 0.0
	for i, g := range f.gradients {
		sigma := (math.Sqrt(n+g*g) - math.Sqrt(n)) / o.Alpha
		z += g - sigma*f.weights[i]
		n += g * g
	}
	if math.Abs(z) <= o.L1 {
		return 0
	}
	return -1 / ((o.Beta+math.Sqrt(n))/o.Alpha + o.L2) * (z - math.Copysign(o.L1, z))
}

func TestFTRLAgreesWithThePaper(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		f := NewFTRL(1)
		var naive naiveFTRL
		for range 60 {
			want := naive.weight(f)
			if got := f.Weight(0); math.Abs(got-want) > 1e-12 {
				t.Fatalf("weight %v after %d gradients, want %v", got, len(naive.gradients), want)
			}
			g := rng.NormFloat64()
			naive.gradients, naive.weights = append(naive.gradients, g), append(naive.weights, want)
			f.Learn(0, g)
		}
	}
}
