package window

import "math"

// exp2neg is 2^(−x) for x ≥ 0, within 4 units in the last place: a table
// for the upper bits of the fraction, a polynomial for what is left (Tang, "Table-driven
// implementation of the exponential function in IEEE floating-point arithmetic", TOMS 1989). It
// takes a third of the time of math.Exp2, which a decayed sum asks for with every event.
func exp2neg(x float64) float64 {
	if !(x < 1000) { // near the least number, or none at all
		return math.Exp2(-x)
	}
	k := int(x * exp2Steps)
	y := float64((x - float64(k)/exp2Steps) * -math.Ln2) // in (−0.011, 0]
	p := float64(y*(1.0/720)) + 1.0/120
	p = float64(y*p) + 1.0/24
	p = float64(y*p) + 1.0/6
	p = float64(y*p) + 0.5
	p = float64(y*p) + 1
	p = float64(y*p) + 1
	scale := math.Float64frombits(uint64(1023-k/exp2Steps) << 52)
	return float64(float64(exp2Table[k%exp2Steps]*p) * scale)
}

const exp2Steps = 64

// exp2Table are 2^(−i/64).
var exp2Table = func() (table [exp2Steps]float64) {
	for i := range table {
		table[i] = math.Exp2(-float64(i) / exp2Steps)
	}
	return table
}()
