package dense

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// rows are m vectors of k normal numbers, Stride(k) apart, with zeros between them.
func rows(rng *rand.Rand, m, k int, scale float64) []float32 {
	n := Stride(k)
	x := make([]float32, m*n)
	for i := range m {
		for j := range k {
			x[i*n+j] = float32(rng.NormFloat64() * scale)
		}
	}
	return x
}

// solved is what a System makes of all this, and what Gauss does in float64.
func (kn *kernel) solved(k int, g, x, w []float32, shift float32) ([]float32, error) {
	s := kn.newSystem(k)
	z := make([]float32, s.n)
	for range 2 { // the second time in memory that was used
		s.Begin(g)
		s.Add(x, w)
		s.Shift(shift)
		if err := s.Solve(z); err != nil {
			return nil, err
		}
	}
	return z, nil
}

func slowSolved(k int, g, x, w []float32, shift float32) []float64 {
	n := Stride(k)
	a := make([][]float64, k)
	for i := range a {
		a[i] = make([]float64, k+1)
		for j := range k {
			a[i][j] = float64(g[i*n+j])
		}
		for r := range len(x) / n {
			v := float64(x[r*n+i])
			if w != nil {
				v *= float64(w[r])
			}
			for j := range k {
				a[i][j] += v * float64(x[r*n+j])
			}
			a[i][k] += v
		}
		a[i][i] += float64(shift)
	}
	for i := range k {
		for r := range k {
			if r == i {
				continue
			}
			f := a[r][i] / a[i][i]
			for j := i; j <= k; j++ {
				a[r][j] -= f * a[i][j]
			}
		}
	}
	z := make([]float64, k)
	for i := range z {
		z[i] = a[i][k] / a[i][i]
	}
	return z
}

func TestSystem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.OneOf(rapid.IntRange(1, 40), rapid.SampledFrom([]int{48, 63, 64, 65, 128})).Draw(t, "k")
		m := rapid.OneOf(rapid.IntRange(0, 10), rapid.SampledFrom([]int{63, 64, 65, 200, 520})).Draw(t, "m")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n := Stride(k)
		g := make([]float32, n*n)
		Syrk(1, true, n, 50, 0.1, rows(rng, 50, k, 1), n, 0, g, n, true)
		x := rows(rng, m, k, 1)
		var w []float32
		if rapid.Bool().Draw(t, "weighted") {
			w = make([]float32, m)
			for i := range w {
				w[i] = float32(rng.ExpFloat64())
			}
		}
		want := slowSolved(k, g, x, w, 0.5)
		var first []float32
		for _, kn := range kernels {
			z, err := kn.solved(k, g, x, w, 0.5)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = z
			} else if !sameBits(z, first) {
				t.Fatalf("%s differs from %s", kn.name, kernels[0].name)
			}
		}
		size := 0.0
		for _, v := range want {
			size = max(size, math.Abs(v))
		}
		for i, v := range first {
			if i >= k && v != 0 || i < k && math.Abs(float64(v)-want[i]) > 1e-3*size {
				t.Fatalf("z[%d] = %v, want %v", i, v, want[i:min(i+1, k)])
			}
		}
	})
}

// TestSystemRefuses what has no Cholesky factor, wherever that shows.
func TestSystemRefuses(t *testing.T) {
	const k = 48
	for _, kn := range kernels {
		for i := range k {
			for _, v := range []float32{0, -1, float32(math.NaN())} {
				g := make([]float32, k*k)
				for j := range k {
					g[j*k+j] = 1
				}
				g[i*k+i] = v
				if _, err := kn.solved(k, g, nil, nil, 0); !errors.Is(err, ErrNotDefinite) {
					t.Fatalf("%s: %v at %d: %v", kn.name, v, i, err)
				}
			}
		}
	}
}

// TestFew solves what a System solves.
func TestFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.OneOf(rapid.IntRange(1, 40), rapid.SampledFrom([]int{64, 65, 128})).Draw(t, "k")
		m := rapid.IntRange(0, 70).Draw(t, "m")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n := Stride(k)
		diagonal, g := make([]float32, n), make([]float32, n*n)
		for j := range k {
			diagonal[j] = float32(rng.ExpFloat64())
			g[j*n+j] = diagonal[j]
		}
		x := rows(rng, m, k, 1)
		var w []float32
		if rapid.Bool().Draw(t, "weighted") {
			w = make([]float32, m)
			for i := range w {
				w[i] = float32(rng.ExpFloat64())
			}
		}
		want := slowSolved(k, g, x, w, 0.5)
		var first []float32
		for _, kn := range kernels {
			f, z := kn.newFew(k, 70), make([]float32, n)
			for range 2 { // the second time in memory that was used
				if err := f.Solve(z, diagonal, 0.5, x, w); err != nil {
					t.Fatal(err)
				}
			}
			if first == nil {
				first = z
			} else if !sameBits(z, first) {
				t.Fatalf("%s differs from %s", kn.name, kernels[0].name)
			}
		}
		size := 0.0
		for _, v := range want {
			size = max(size, math.Abs(v))
		}
		for i, v := range first {
			if i >= k && v != 0 || i < k && !(math.Abs(float64(v)-want[i]) <= 1e-3*size) {
				t.Fatalf("z[%d] = %v, want %v", i, v, want[i:min(i+1, k)])
			}
		}
	})
}

func BenchmarkSystem(b *testing.B) {
	for _, k := range []int{64, 128, 256} {
		for _, kn := range kernels {
			for _, m := range []int{0, 100} {
				b.Run(fmt.Sprintf("%s/k=%d/m=%d", kn.name, k, m), func(b *testing.B) {
					rng := rand.New(rand.NewPCG(1, 1))
					g := make([]float32, k*k)
					x, z := rows(rng, m, k, 1), make([]float32, k)
					s := kn.newSystem(k)
					for b.Loop() {
						s.Begin(g)
						s.Add(x, nil)
						s.Shift(100)
						if err := s.Solve(z); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
