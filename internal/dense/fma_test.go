package dense

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFMARoundsOnce compares with arithmetic of any precision: random bits, and sums that lie
// close to the middle between two floats, where rounding twice goes wrong.
func TestFMARoundsOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	check := func(x, y, z float32) {
		t.Helper()
		got := fma(x, y, z)
		if want := slowFMA(x, y, z); math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
			t.Fatalf("fma(%b, %b, %b) = %b, want %b", x, y, z, got, want)
		}
	}
	some := func() float32 { return math.Float32frombits(rng.Uint32()) }
	for range 200_000 {
		check(some(), some(), some())
		x := 1 + float32(rng.IntN(1<<12))*0x1p-12
		y := (1 + float32(rng.IntN(1<<12))*0x1p-12) * float32(math.Ldexp(1, -rng.IntN(60)))
		z := float32(math.Ldexp(1+float64(rng.IntN(4))*0x1p-23, rng.IntN(30)-15))
		check(x, y, z)
		check(-x, y, z)
		check(x*0x1p-70, y*0x1p-60, z*0x1p-120) // below the normal range
	}
	for _, v := range []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, math.SmallestNonzeroFloat32} {
		for _, w := range []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), math.MaxFloat32, math.SmallestNonzeroFloat32} {
			check(v, w, v)
			check(v, w, -v)
			check(v, w, 1)
		}
	}
}

func slowFMA(x, y, z float32) float32 {
	exact := func(v float32) *big.Float { return new(big.Float).SetPrec(2000).SetFloat64(float64(v)) }
	for _, v := range []float32{x, y, z} {
		if v-v != 0 || v == 0 {
			return float32(float64(x)*float64(y) + float64(z)) // exact, or none
		}
	}
	p := exact(x)
	p.Mul(p, exact(y))
	p.Add(p, exact(z))
	if p.Sign() == 0 {
		return 0
	}
	v, _ := p.Float32()
	return v
}
