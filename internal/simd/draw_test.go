package simd

import (
	"math"
	"math/rand/v2"
)

// odd are numbers that arithmetic treats in a way of its own.
var odd = []float32{0, float32(math.Copysign(0, -1)), 1, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32,
	-math.SmallestNonzeroFloat32, 0x1p-126, 0x1p-127, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 0x1p-70, -0x1p70, 3.4e19}

// same says whether two results are the same bits, or both no number.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// guard is what lies behind every slice: a kernel that reads on would take it into its sum.
const guard = 1e30

// floats draws n numbers into memory that begins shift numbers after an alignment of 64 bytes.
func floats(rng *rand.Rand, n, shift int, strange bool) []float32 {
	all := make([]float32, shift+n+lanes)
	for i := range all {
		all[i] = guard
	}
	v := all[shift:][:n:n]
	for i := range v {
		if v[i] = float32(rng.NormFloat64()); strange && rng.IntN(4) == 0 {
			v[i] = odd[rng.IntN(len(odd))]
		}
	}
	return v
}

func words8(rng *rand.Rand, n, shift int, extreme bool) []int8 {
	all := make([]int8, shift+n+64)
	for i := range all {
		all[i] = 77
	}
	v := all[shift:][:n:n]
	for i := range v {
		if v[i] = int8(rng.IntN(256) - 128); extreme {
			v[i] = []int8{-128, 127}[rng.IntN(2)]
		}
	}
	return v
}
