package simd

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestDotAtInt8Agrees tries every length up to some registers and every number of rows up to two
// groups against the twin.
func TestDotAtInt8Agrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	kernels := map[string]func(dst []int32, q, rows []int8, at []uint32){"chosen": dotAtInt8}
	if hasVNNI {
		kernels["VNNI"] = dotAtInt8AVX512
	}
	for k := range 200 {
		const rows = 23
		q, all := words8(rng, k, k%17, k%2 == 0), words8(rng, k*rows, k%13, k%3 == 0)
		at := make([]uint32, k%20)
		for i := range at {
			at[i] = rng.Uint32N(rows)
		}
		want := make([]int32, len(at))
		dotAtInt8Go(want, q, all, at)
		for name, dotAt := range kernels {
			got := slices.Repeat([]int32{77}, len(at)+1)
			if dotAt(got[:len(at)], q, all, at); !slices.Equal(got[:len(at)], want) || got[len(at)] != 77 {
				t.Fatalf("%s DotAtInt8 of %d rows of %d numbers is %v, want %v and 77 behind them", name, len(at), k, got, want)
			}
		}
	}
}
