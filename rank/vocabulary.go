package rank

import "math/bits"

// vocabulary finds the place of a token's weight in a field of words: open addressing, half full at
// most, in the order of the token's own bits.
type vocabulary struct {
	slots []slot // a power of two of them; none for an empty vocabulary
	shift uint
}

// slot holds a token and the place of its weight, 0 when it is free.
type slot struct {
	token Token
	place uint32
}

func newVocabulary(tokens []Token) vocabulary {
	if len(tokens) == 0 {
		return vocabulary{}
	}
	size := bits.Len(uint(2*len(tokens) - 1))
	v := vocabulary{slots: make([]slot, 1<<size), shift: uint(64 - size)}
	for i, token := range tokens {
		at := uint64(token) >> v.shift
		for v.slots[at].place != 0 {
			at = (at + 1) & uint64(len(v.slots)-1)
		}
		v.slots[at] = slot{token, uint32(firstWord + i)}
	}
	return v
}

// find returns the place of a token's weight: unknownWord when the vocabulary lacks it.
func (v *vocabulary) find(token Token) uint32 {
	if len(v.slots) == 0 {
		return unknownWord
	}
	for at := uint64(token) >> v.shift; ; at = (at + 1) & uint64(len(v.slots)-1) {
		switch s := &v.slots[at]; {
		case s.place == 0:
			return unknownWord
		case s.token == token:
			return s.place
		}
	}
}
