package audit

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// The kinds of values: equal texts of two kinds are two values.
const (
	aText   = 't'
	aTruth  = 'b'
	aNumber = 'n' // as the float64 nearest to it, in its shortest form
)

// hash is that of a value: FNV-1a of its kind and its text, and then the finalizer of SplitMix64.
func hash[T string | []byte](kind byte, value T) uint64 {
	const offset, prime = 0xcbf29ce484222325, 0x100000001b3
	h := (offset ^ uint64(kind)) * prime
	for i := range len(value) {
		h = (h ^ uint64(value[i])) * prime
	}
	return mix(h)
}

// hashNumber is hash of a number.
func hashNumber(x float64) uint64 {
	var room [32]byte
	return hash(aNumber, strconv.AppendFloat(room[:0], x, 'g', -1, 64))
}

// appendOnce appends a hash that is not there yet.
func appendOnce(to []uint64, h uint64) []uint64 {
	if slices.Contains(to, h) {
		return to
	}
	return append(to, h)
}

// mix spreads the bits of x, by the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// The HyperLogLog of a distinct: 2^precision registers, chosen by the upper bits of a hash; the
// ranks of the bits below run from 1 to below+1, and 0 is none.
const (
	precision = 11
	registers = 1 << precision
	below     = 64 - precision
	exact     = 128 // up to so many different hashes are counted
)

// howMany is the number of different hashes, beyond exact of them the estimate of a HyperLogLog:
// the improved raw one of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
// (2017), section 4, algorithm 6.
func howMany(seen map[uint64]bool) int {
	if len(seen) <= exact {
		return len(seen)
	}
	var ranks [registers]int
	for h := range seen {
		at := h >> below
		ranks[at] = max(ranks[at], 1+min(below, bits.LeadingZeros64(h<<precision)))
	}
	var having [below + 2]float64 // registers by their rank
	for _, rank := range ranks {
		having[rank]++
	}
	z := registers * tau(1-having[below+1]/registers)
	for rank := below; rank > 0; rank-- {
		z = (z + having[rank]) / 2
	}
	z += registers * sigma(having[0]/registers)
	return int(math.Round(registers / (2 * math.Ln2) * registers / z))
}

// sigma is x + Σ x^(2^k)·2^(k−1) over k ≥ 1.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += x * y
		y += y
		if z == before {
			return z
		}
	}
}

// tau is (1 − x − Σ (1 − x^(2^−k))²·2^−k over k ≥ 1) / 3.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y /= 2
		z -= (1 - x) * (1 - x) * y
		if z == before {
			return z / 3
		}
	}
}
