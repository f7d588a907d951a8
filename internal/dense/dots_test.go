package dense

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestDots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, k := rapid.IntRange(0, 9).Draw(t, "m"), 16*rapid.IntRange(1, 9).Draw(t, "k")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		x, z := rows(rng, m, k, 1), rows(rng, 1, k, 1)
		var first []float32
		for _, kn := range kernels {
			to := make([]float32, m)
			kn.allDots(to, x, z)
			if first == nil {
				first = to
			} else if !sameBits(first, to) {
				t.Fatalf("%s differs from %s", kn.name, kernels[0].name)
			}
		}
		for r, got := range first {
			want := 0.0
			for j, v := range z {
				want += float64(v) * float64(x[r*k+j])
			}
			if math.Abs(float64(got)-want) > 1e-4 {
				t.Fatalf("row %d: %v, want %v", r, got, want)
			}
		}
	})
}

func TestAddRows(t *testing.T) {
	for _, kit := range Kits() {
		sum := make([]float32, 16)
		rows := make([]float32, 48)
		for i := range rows {
			rows[i] = float32(i)
		}
		kit.AddRows(sum, rows)
		kit.AddRows(sum, nil)
		for j, v := range sum {
			if v != float32(j+j+16+j+32) {
				t.Fatalf("%s: column %d of three rows sums to %v", kit.Name(), j, v)
			}
		}
	}
}
