package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// matrix is rows × cols normal numbers, rows ld apart, with NaN between the rows: who reads there
// finds out.
func matrix(rng *rand.Rand, rows, cols, ld int) []float32 {
	a := make([]float32, rows*ld)
	for i := range a {
		a[i] = float32(math.NaN())
		if i%ld < cols {
			a[i] = float32(rng.NormFloat64())
		}
	}
	return a
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	})
}

func TestGemm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := func(name string) int {
			return rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(20, 70), rapid.SampledFrom([]int{255, 256, 257, 600})).Draw(t, name)
		}
		m, n, k := size("m"), size("n"), size("k")
		if m*n*k > 4_000_000 {
			k = min(k, 4_000_000/(m*n))
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		p := product{transA: rapid.Bool().Draw(t, "transA"), transB: rapid.Bool().Draw(t, "transB"), m: m, n: n, k: k,
			alpha: rapid.SampledFrom([]float32{1, -1, 0.3}).Draw(t, "alpha"), beta: rapid.SampledFrom([]float32{0, 1, 0.7}).Draw(t, "beta")}
		pad := rapid.IntRange(0, 3).Draw(t, "pad")
		p.lda, p.ldb, p.ldc = max(k, 1)+pad, max(n, 1)+pad, max(n, 1)+pad
		p.a, p.b = matrix(rng, m, k, p.lda), matrix(rng, k, n, p.ldb)
		if p.transA {
			p.lda = max(m, 1) + pad
			p.a = matrix(rng, k, m, p.lda)
		}
		if p.transB {
			p.ldb = max(k, 1) + pad
			p.b = matrix(rng, n, k, p.ldb)
		}
		before := matrix(rng, m, n, p.ldc)
		if p.beta == 0 {
			for i := range before {
				before[i] = float32(math.NaN())
			}
		}
		var first []float32
		for _, kn := range kernels {
			for _, workers := range []int{1, 3} {
				p.c = slices.Clone(before)
				kn.gemm(workers, &p)
				if first == nil {
					first = p.c
				} else if !sameBits(p.c, first) {
					t.Fatalf("%s with %d workers differs from %s with one", kn.name, workers, kernels[0].name)
				}
			}
		}
		for i := range m {
			for j := range p.ldc {
				got := first[i*p.ldc+j]
				if j >= n {
					if got == got {
						t.Fatalf("wrote beyond row %d", i)
					}
					continue
				}
				want, scale := slowElement(&p, before, i, j)
				if !(math.Abs(float64(got)-want) <= 1e-6*(scale+1)*(1+math.Sqrt(float64(k)))) {
					t.Fatalf("C[%d][%d] = %v, want %v", i, j, got, want)
				}
			}
		}
	})
}

// slowElement is an element of a product in float64, and the size of what was added up.
func slowElement(p *product, before []float32, i, j int) (sum, scale float64) {
	for q := range p.k {
		x, y := i*p.lda+q, q*p.ldb+j
		if p.transA {
			x = q*p.lda + i
		}
		if p.transB {
			y = j*p.ldb + q
		}
		v := float64(p.alpha) * float64(p.a[x]) * float64(p.b[y])
		sum += v
		scale = max(scale, math.Abs(v))
	}
	if p.beta != 0 {
		sum += float64(p.beta) * float64(before[i*p.ldc+j])
	}
	return sum, scale
}

// TestElementsStandAlone: an element has the bits of its row and column multiplied alone.
func TestElementsStandAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const m, n, k = 37, 71, 700
	a, b, c := matrix(rng, m, k, k), matrix(rng, k, n, n), make([]float32, m*n)
	Gemm(2, false, false, m, n, k, 0.5, a, k, b, n, 0, c, n)
	for i := range m {
		for j := range n {
			one := []float32{0}
			Gemm(1, false, false, 1, 1, k, 0.5, a[i*k:], k, b[j:], n, 0, one, 1)
			if one[0] != c[i*n+j] {
				t.Fatalf("C[%d][%d] = %v, alone %v", i, j, c[i*n+j], one[0])
			}
		}
	}
}

func TestSyrk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(0, 130).Draw(t, "n"), rapid.IntRange(0, 300).Draw(t, "k")
		trans, whole := rapid.Bool().Draw(t, "trans"), rapid.Bool().Draw(t, "whole")
		beta := rapid.SampledFrom([]float32{0, 1, 0.5}).Draw(t, "beta")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		lda, ldc := max(n, k, 1), max(n, 1)
		a := matrix(rng, lda, lda, lda)
		c := matrix(rng, n, n, ldc)
		want := slices.Clone(c)
		Syrk(2, trans, n, k, -1, a, lda, beta, c, ldc, whole)
		Gemm(1, trans, !trans, n, n, k, -1, a, lda, a, lda, beta, want, ldc)
		for i := range n {
			for j := range n {
				switch got := c[i*ldc+j]; {
				case j >= i && got != want[i*ldc+j]:
					t.Fatalf("C[%d][%d] = %v, want %v", i, j, got, want[i*ldc+j])
				case j < i && whole && got != c[j*ldc+i]:
					t.Fatalf("C[%d][%d] = %v is no mirror image", i, j, got)
				}
			}
		}
	})
}

// TestSyrkLeavesTheOtherTriangle: what stands below the diagonal is another's.
func TestSyrkLeavesTheOtherTriangle(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 100
	a, c := matrix(rng, n, n, n), matrix(rng, n, n, n)
	before := slices.Clone(c)
	for _, beta := range []float32{0, 1, 3} {
		Syrk(2, true, n, n, 1, a, n, beta, c, n, false)
	}
	for i := range n {
		if !slices.Equal(c[i*n:i*n+i], before[i*n:i*n+i]) {
			t.Fatalf("row %d changed below the diagonal", i)
		}
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, c := range []struct{ n, workers int }{{256, 1}, {1024, 1}, {1024, 2}, {3000, 2}} {
		for _, kn := range kernels {
			if kn == &plain && c.n > 256 {
				continue
			}
			b.Run(fmt.Sprintf("%s/n=%d/workers=%d", kn.name, c.n, c.workers), func(b *testing.B) {
				rng := rand.New(rand.NewPCG(1, 1))
				n := c.n
				p := product{m: n, n: n, k: n, alpha: 1, a: matrix(rng, n, n, n), lda: n, b: matrix(rng, n, n, n), ldb: n, c: make([]float32, n*n), ldc: n}
				for b.Loop() {
					kn.gemm(c.workers, &p)
				}
				b.ReportMetric(2*float64(n)*float64(n)*float64(n)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}
