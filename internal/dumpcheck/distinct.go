package main

import (
	"math"
	"math/bits"
)

// distinctExact is how many different values a distinct tells apart exactly.
const distinctExact = 128

// distinctCount is how many different values there are by their words: exact up to
// distinctExact, beyond that an estimate, which estimated says.
func distinctCount(words []string) (n float64, estimated bool) {
	hashes := map[uint64]bool{}
	for _, w := range words {
		hashes[hash(w)] = true
	}
	if len(hashes) <= distinctExact {
		return float64(len(hashes)), false
	}
	return estimate(hashes), true
}

// hash is FNV-1a with 64 bits over the bytes of a word, then the finalizer of SplitMix64.
func hash(word string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(word) {
		h = (h ^ uint64(word[i])) * 0x100000001b3
	}
	return mix(h)
}

func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// The shape of the HyperLogLog.
const (
	registerBits = 11
	registers    = 1 << registerBits
	rankBits     = 64 - registerBits // q in the paper; ranks are 0 to q+1
)

// estimate is that of a HyperLogLog of the hashes, rounded to a whole number: the improved
// raw estimator of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches" (2017), section 4, algorithm 6:
//
//	n = α m² / (m σ(C₀/m) + Σ_{k=1..q} C_k 2^(−k) + m τ(1 − C_{q+1}/m) 2^(−q)),  α = 1/(2 ln 2)
//
// where C_k is how many of the m registers hold k. The sum is taken by Horner's rule from
// k = q down, as in the paper.
func estimate(hashes map[uint64]bool) float64 {
	var register [registers]int
	for h := range hashes {
		below := h << registerBits >> registerBits // the 53 bits
		rank := bits.LeadingZeros64(below) - registerBits + 1
		i := h >> rankBits
		register[i] = max(register[i], rank)
	}
	var c [rankBits + 2]float64
	for _, rank := range register {
		c[rank]++
	}
	const m = float64(registers)
	z := m * tau(1-c[rankBits+1]/m)
	for k := rankBits; k >= 1; k-- {
		z = 0.5 * (z + c[k])
	}
	z += m * sigma(c[0]/m)
	return math.Round(m * m / (2 * math.Ln2 * z))
}

// sigma is x + Σ_{k≥1} x^(2^k) 2^(k−1), infinite at 1.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, sum := 1.0, x
	for {
		x *= x
		before := sum
		sum += x * y
		y += y
		if sum == before {
			return sum
		}
	}
}

// tau is (1 − x − Σ_{k≥1} (1 − x^(2^−k))² 2^(−k)) / 3.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, sum := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := sum
		y *= 0.5
		sum -= (1 - x) * (1 - x) * y
		if sum == before {
			return sum / 3
		}
	}
}
