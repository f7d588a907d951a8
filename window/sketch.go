package window

import (
	"math"
	"math/bits"
)

// Sketch is a HyperLogLog of 2048 registers of a byte, eight a word, the first in the lowest byte
// (Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation
// algorithm", AOFA 2007). Its standard error is 1.04/√2048 = 2.3 %. Empty when all is zero.
type Sketch []uint64

const (
	sketchBits  = 11
	registers   = 1 << sketchBits
	hashBits    = 64 - sketchBits
	SketchWords = registers / 8 // the length of a Sketch
)

// Add adds a value by its hash: the upper 11 bits are the register, one more than the leading zeros
// of the 53 below them the rank.
func (s Sketch) Add(hash uint64) {
	rank := uint64(min(bits.LeadingZeros64(hash<<sketchBits), hashBits) + 1)
	register := hash >> hashBits
	word, shift := &s[register/8], register%8*8
	if *word>>shift&0xff < rank {
		*word = *word&^(0xff<<shift) | rank<<shift
	}
}

// Merge adds what other holds.
func (s Sketch) Merge(other Sketch) {
	for i, theirs := range other {
		for shift := 0; shift < 64; shift += 8 {
			if rank := theirs >> shift & 0xff; rank > s[i]>>shift&0xff {
				s[i] = s[i]&^(0xff<<shift) | rank<<shift
			}
		}
	}
}

// Estimate is how many different values were added, a whole number: the improved raw estimator of
// Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), section 4.
func (s Sketch) Estimate() float64 {
	var count [hashBits + 2]int // registers by rank
	for _, word := range s {
		for shift := 0; shift < 64; shift += 8 {
			count[min(word>>shift&0xff, hashBits+1)]++
		}
	}
	const m = registers
	z := m * tau(1-float64(count[hashBits+1])/m)
	for k := hashBits; k >= 1; k-- {
		z = 0.5 * (z + float64(count[k]))
	}
	z += m * sigma(float64(count[0])/m)
	return math.Round(m / (2 * math.Ln2) * m / z)
}

// sigma is x + Σ x^(2^k)·2^(k−1), k ≥ 1; +Inf at 1.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for last := -1.0; z != last; {
		last = z
		x = float64(x * x)
		z += float64(x * y)
		y += y
	}
	return z
}

// tau is (1 − x − Σ (1 − x^(2^−k))²·2^−k)/3, k ≥ 1.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for last := -1.0; z != last; {
		last = z
		x = math.Sqrt(x)
		y *= 0.5
		z -= float64((1 - x) * (1 - x) * y)
	}
	return z / 3
}
