package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/eval"
)

// TestAheadCovers: 95 of 100 intervals hold the true difference.
func TestAheadCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	held := 0
	const tries = 2000
	for range tries {
		own, other := make([]float64, 80), make([]float64, 80)
		for i := range own {
			shared := rng.NormFloat64()
			own[i], other[i] = shared+0.3+rng.NormFloat64()/2, shared
		}
		if ahead, bound := eval.Ahead(own, other); math.Abs(ahead-0.3) <= bound {
			held++
		}
	}
	if share := float64(held) / tries; share < 0.93 || share > 0.965 {
		t.Errorf("%.3f of the intervals hold the difference, want 0.95", share)
	}
	if _, bound := eval.Ahead([]float64{1}, []float64{0}); !math.IsInf(bound, 1) {
		t.Errorf("of one question the bound is %v", bound)
	}
}
