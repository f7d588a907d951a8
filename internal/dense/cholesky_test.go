package dense

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// definite is a positive definite matrix, n × n with rows ld apart, NaN below the diagonal and
// behind the rows.
func definite(rng *rand.Rand, n, ld int) []float32 {
	x := matrix(rng, n, n, max(n, 1))
	a := matrix(rng, n, n, ld)
	Syrk(1, true, n, n, 1, x, max(n, 1), 0, a, ld, false)
	for i := range n {
		a[i*ld+i] += 0.1 * float32(n)
		for j := range i {
			a[i*ld+j] = float32(math.NaN())
		}
	}
	return a
}

var sides = rapid.OneOf(rapid.IntRange(0, 40), rapid.SampledFrom([]int{127, 128, 129, 200, 257, 300, 391}))

func TestCholesky(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := sides.Draw(t, "n"), rapid.IntRange(0, 30).Draw(t, "m")
		ld := max(n, 1) + rapid.IntRange(0, 2).Draw(t, "pad")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a := definite(rng, n, ld)
		u := slices.Clone(a)
		if err := Cholesky(2, n, u, ld); err != nil {
			t.Fatal(err)
		}
		other := slices.Clone(a)
		if err := (task{kernels[len(kernels)-1-rapid.IntRange(0, 1).Draw(t, "kernel")*min(1, len(kernels)-1)], 1}).cholesky(n, other, ld); err != nil || !sameBits(u, other) {
			t.Fatalf("another kernel differs, %v", err)
		}
		for i := range n {
			for j := i; j < n; j++ {
				sum := 0.0
				for r := range i + 1 {
					sum += float64(u[r*ld+i]) * float64(u[r*ld+j])
				}
				if want := float64(a[i*ld+j]); !(math.Abs(sum-want) <= 2e-5*float64(n+10)) {
					t.Fatalf("U'U[%d][%d] = %v, want %v", i, j, sum, want)
				}
			}
			for j := range i {
				if v := u[i*ld+j]; v == v {
					t.Fatalf("wrote below the diagonal at %d, %d", i, j)
				}
			}
		}
		x := matrix(rng, n, m, m+1)
		b := make([]float32, n*(m+1))
		for i := range n {
			for r := range n {
				for j := range m {
					b[i*(m+1)+j] += a[min(i, r)*ld+max(i, r)] * x[r*(m+1)+j]
				}
			}
		}
		SolveCholesky(2, n, m, u, ld, b, m+1)
		for i := range n {
			for j := range m {
				if got, want := b[i*(m+1)+j], x[i*(m+1)+j]; !(math.Abs(float64(got-want)) <= 1e-3) {
					t.Fatalf("X[%d][%d] = %v, want %v", i, j, got, want)
				}
			}
		}
	})
}

func TestInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := sides.Draw(t, "n")
		ld := max(n, 1) + rapid.IntRange(0, 2).Draw(t, "pad")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a := definite(rng, n, ld)
		v, again := slices.Clone(a), slices.Clone(a)
		if err := errors.Join(Inverse(1, n, v, ld), Inverse(3, n, again, ld)); err != nil {
			t.Fatal(err)
		}
		if !sameBits(v, again) {
			t.Fatal("the number of workers changes the inverse")
		}
		for i := range n {
			for j := range n {
				sum := 0.0
				for r := range n {
					sum += float64(a[min(i, r)*ld+max(i, r)]) * float64(v[r*ld+j])
				}
				if i == j {
					sum--
				}
				if !(math.Abs(sum) <= 2e-4) || v[i*ld+j] != v[j*ld+i] {
					t.Fatalf("A·V − I at %d, %d is %v", i, j, sum)
				}
			}
		}
	})
}

func TestNotDefinite(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 16, 100, 300} {
		for _, at := range []int{0, n / 2, n - 1} {
			a := definite(rng, n, n)
			a[at*n+at] = -1
			if err := Cholesky(2, n, slices.Clone(a), n); !errors.Is(err, ErrNotDefinite) {
				t.Errorf("n = %d, −1 at %d: %v", n, at, err)
			}
			if err := Inverse(2, n, a, n); !errors.Is(err, ErrNotDefinite) {
				t.Errorf("n = %d, −1 at %d: %v", n, at, err)
			}
		}
	}
}

func BenchmarkInverse(b *testing.B) {
	for _, n := range []int{1000, 4000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			a := definite(rand.New(rand.NewPCG(1, 1)), n, n)
			v := slices.Clone(a)
			for b.Loop() {
				copy(v, a)
				if err := Inverse(2, n, v, n); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(n)*float64(n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
