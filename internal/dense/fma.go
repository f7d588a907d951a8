package dense

import "math"

// fma is x·y + z, rounded once: what the instruction gives, on every machine.
//
// The product is exact in float64, the sum is rounded to 53 bits and then to 24. That rounds as
// once unless the first sum lies exactly between two float32, or is below their normal range:
// then it is first rounded to odd, after which a second rounding does no harm (Boldo and Melquiond,
// "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
func fma(x, y, z float32) float32 {
	p := float64(x) * float64(y)
	s := p + float64(z)
	bits := math.Float64bits(s)
	if bits&(1<<29-1) != 1<<28 && math.Abs(s) >= minNormal {
		return float32(s)
	}
	return float32(odd(p, float64(z), s))
}

// minNormal is the least float32 with all of its digits.
const minNormal = 0x1p-126

// odd is x + y rounded to odd, given the sum s as rounded to nearest.
func odd(x, y, s float64) float64 {
	if s-s != 0 { // infinite, or none
		return s
	}
	t := s - x
	lost := (x - (s - t)) + (y - t) // exact: Knuth's TwoSum
	bits := math.Float64bits(s)
	if lost == 0 || bits&1 == 1 {
		return s
	}
	if (lost > 0) == (s > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}
