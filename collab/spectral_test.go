package collab

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestSymmetricEigen holds eigenvalues and vectors against their meaning: A·v = λ·v, vectors of
// length 1 at right angles, values in order.
func TestSymmetricEigen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "n")
		rank := rapid.IntRange(0, n).Draw(t, "rank") // of less than full rank too, and with equal values
		whole := rapid.Bool().Draw(t, "whole numbers")
		a := make([]float64, n*n)
		for range rank {
			x := make([]float64, n)
			for i := range x {
				if x[i] = rapid.Float64Range(-3, 3).Draw(t, "x"); whole {
					x[i] = math.Round(x[i])
				}
			}
			for i := range n {
				for j := range n {
					a[i*n+j] += x[i] * x[j]
				}
			}
		}
		values, vectors := symmetricEigen(n, append([]float64{}, a...))
		scale := 1.0
		for _, x := range values {
			scale = max(scale, math.Abs(x))
		}
		for k := range n {
			v := vectors[k*n : (k+1)*n]
			if k > 0 && values[k] > values[k-1] {
				t.Fatalf("values %v are out of order", values)
			}
			for i := range n {
				if diff := dot64(a[i*n:(i+1)*n], v) - values[k]*v[i]; math.Abs(diff) > 1e-11*scale {
					t.Fatalf("vector %d of value %v is %v off", k, values[k], diff)
				}
			}
			for l := range k + 1 {
				want := 0.0
				if l == k {
					want = 1
				}
				if got := dot64(v, vectors[l*n:(l+1)*n]); math.Abs(got-want) > 1e-11 {
					t.Fatalf("vectors %d and %d have the product %v", k, l, got)
				}
			}
		}
	})
}

// TestSpectrum holds the subspace iteration against the eigenvalues of the whole matrix.
func TestSpectrum(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	rows := make([][]uint32, 90)
	for u := range rows {
		for range 3 + rng.IntN(9) {
			rows[u] = append(rows[u], uint32(rng.IntN(8)*5+u%5))
		}
	}
	rows[7] = nil
	m, err := NewMatrix(rows, 41) // item 40 is never taken
	if err != nil {
		t.Fatal(err)
	}
	user, item := powers(m.degrees(), -0.5), powers(m.Transposed().degrees(), -0.3)
	n := m.Items
	gram := make([]float64, n*n)
	for u := range m.Users {
		for _, i := range m.Row(u) {
			for _, j := range m.Row(u) {
				gram[int(i)*n+int(j)] += float64(user[u]) * float64(user[u]) * float64(item[i]) * float64(item[j])
			}
		}
	}
	values, vectors := symmetricEigen(n, gram)
	var first []float32
	for _, workers := range []int{1, 3} {
		s, err := TrainSpectrum(context.Background(), m, SpectrumOptions{Users: 0.5, Items: 0.3, Rank: 6, Rounds: 30, Seed: 1, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		for k, x := range s.Values() {
			if want := math.Sqrt(values[k]); math.Abs(x-want) > 1e-4*want {
				t.Errorf("singular value %d is %v, want %v", k, x, want)
			}
		}
		f, err := s.Filter(FilterOptions{Rank: 5, History: 0.5, Target: -0.5, Gain: 1})
		if err != nil {
			t.Fatal(err)
		}
		degrees := m.Transposed().degrees()
		history := []uint32{3, 17, 21}
		scores := make([]float32, n)
		f.Score(scores, append(history, 99)) // 99 came after the model
		for j := range n {
			want := 0.0
			for k := range 5 {
				in := 0.0
				for _, i := range history {
					in += math.Pow(float64(degrees[i]), -0.5) * vectors[k*n+int(i)]
				}
				want += in * math.Sqrt(values[k]) * vectors[k*n+j]
			}
			if want *= math.Sqrt(float64(degrees[j])); math.Abs(float64(scores[j])-want) > 2e-3 {
				t.Errorf("item %d scores %v, want %v", j, scores[j], want)
			}
		}
		if first == nil {
			first = scores
		}
		for j := range first {
			if first[j] != scores[j] {
				t.Fatalf("%d workers score item %d %v instead of %v", workers, j, scores[j], first[j])
			}
		}
	}
	if s, err := TrainSpectrum(context.Background(), m, SpectrumOptions{Rank: 400}); err != nil || s.Rank() != n {
		t.Errorf("more vectors than there are items: %v", err)
	}
}

func TestConjugateGradient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "n")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		a, b, x := make([]float32, n*n), make([]float32, n), make([]float32, n)
		for range n {
			v := make([]float32, n)
			for i := range v {
				v[i] = rng.Float32()
			}
			for i := range n {
				for j := range n {
					a[i*n+j] += v[i] * v[j]
				}
			}
		}
		for i := range n {
			a[i*n+i] += 1
			b[i] = rng.Float32()
			x[i] = 9 // of no matter
		}
		var c conjugateGradient
		c.solve(a, b, x)
		for i := range n {
			if diff := dot32(a[i*n:(i+1)*n], x) - b[i]; math.Abs(float64(diff)) > 5e-3 {
				t.Fatalf("equation %d is %v off", i, diff)
			}
		}
	})
}

func TestClimb(t *testing.T) {
	asked := 0
	best, value, err := climb([]axis{{"x", []float64{0, 1, 2, 3, 4}, 0}, {"y", []float64{-2, -1, 0, 1}, 3}}, func(p []float64) (float64, error) {
		asked++
		return -(p[0]-3)*(p[0]-3) - (p[1]+1)*(p[1]+1) - p[0]*p[1]/9, nil
	})
	if err != nil || best[0] != 3 || best[1] != -1 || value != 1.0/3 || asked > 20 {
		t.Errorf("found %v, worth %v, after %d asks, %v", best, value, asked, err)
	}
}
