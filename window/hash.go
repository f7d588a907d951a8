package window

import "strconv"

// HashText is the hash by which Distinct knows a text: FNV-1a of 64 bits over the letter t and
// the text, and then the finalizer of SplitMix64.
func HashText(text string) uint64 { return mix(fnv(fnv(fnvBasis, "t"), text)) }

// HashNumber is that of a number: of the letter n and the shortest decimal that gives it back.
func HashNumber(x float64) uint64 {
	var room [32]byte
	return mix(fnv(fnv(fnvBasis, "n"), string(strconv.AppendFloat(room[:0], x+0, 'g', -1, 64))))
}

// HashBool is that of a truth value: of the letter b and true or false.
func HashBool(b bool) uint64 { return mix(fnv(fnv(fnvBasis, "b"), strconv.FormatBool(b))) }

// Fowler, Noll and Vo: FNV-1a, 64 bits.
const (
	fnvBasis = 0xcbf29ce484222325
	fnvPrime = 0x100000001b3
)

func fnv(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * fnvPrime
	}
	return h
}

// mix spreads the bits of x (Steele, Lea & Flood, "Fast splittable pseudorandom number
// generators", 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
