package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestEigen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		zeros := rapid.Float64Range(0, 1).Draw(t, "zeros") // matrices that fall apart, and equal values
		a := make([]float64, n*n)
		for i := range n {
			a[i*n+i] = float64(rng.IntN(3))
			for j := range i {
				if rng.Float64() >= zeros {
					a[i*n+j] = rng.NormFloat64()
					a[j*n+i] = a[i*n+j]
				}
			}
		}
		values, v := Eigen(n, slices.Clone(a))
		for i := range n {
			for j := range n {
				sum, turned := 0.0, 0.0
				for k := range n {
					sum += values[k] * v[k*n+i] * v[k*n+j]
					turned += v[i*n+k] * v[j*n+k]
				}
				if i == j {
					turned--
				}
				if !(math.Abs(sum-a[i*n+j]) < 1e-11) || !(math.Abs(turned) < 1e-12) {
					t.Fatalf("V'ΛV[%d][%d] = %v, want %v; VV' − I = %v", i, j, sum, a[i*n+j], turned)
				}
			}
		}
	})
}

func BenchmarkEigen(b *testing.B) {
	for _, n := range []int{64, 128, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			a := make([]float64, n*n)
			for i := range n {
				for j := range i + 1 {
					a[i*n+j] = rng.NormFloat64()
					a[j*n+i] = a[i*n+j]
				}
			}
			for b.Loop() {
				Eigen(n, slices.Clone(a))
			}
		})
	}
}
