package codec

import (
	"encoding/binary"
	"encoding/json"
	"sync"
)

// vocabulary keeps short words of free data that were met lately, so that one which comes again takes
// no memory of its own: keys, devices, places, ratings are few. Each word has one place, and gives it up
// to the next that has the same. The zero vocabulary is empty.
type vocabulary struct {
	texts   [vocabularyWords]word // any() of them is a string
	numbers [vocabularyWords]word // json.Number
	contexts
}

// word is a text beside its value in free data.
type word struct {
	text  string
	value any
}

// The bounds of a vocabulary: of its words, a power of two, and of the bytes of each.
const (
	vocabularyBits  = 9
	vocabularyWords = 1 << vocabularyBits
	wordBytes       = 32
)

// vocabularies are those not in use.
var vocabularies = sync.Pool{New: func() any { return new(vocabulary) }}

// text returns b as a string.
func (v *vocabulary) text(b []byte) word {
	if len(b) > wordBytes {
		return newText(b)
	}
	w := &v.texts[placeOf(b)]
	if w.text != string(b) || w.value == nil {
		*w = newText(b)
	}
	return *w
}

// number returns b as a json.Number.
func (v *vocabulary) number(b []byte) word {
	if len(b) > wordBytes {
		return newNumber(b)
	}
	w := &v.numbers[placeOf(b)]
	if w.text != string(b) || w.value == nil {
		*w = newNumber(b)
	}
	return *w
}

func newText(b []byte) word {
	text := string(b)
	return word{text, text}
}

func newNumber(b []byte) word {
	text := string(b)
	return word{text, json.Number(text)}
}

// placeOf mixes the length with the first and the last eight bytes of b; it matters little which words
// share a place.
func placeOf(b []byte) uint64 {
	h := uint64(len(b))
	if len(b) >= 8 {
		h ^= binary.LittleEndian.Uint64(b) ^ binary.LittleEndian.Uint64(b[len(b)-8:])<<7
	} else {
		for _, c := range b {
			h = h<<8 ^ uint64(c)
		}
	}
	return h * 0x9e3779b97f4a7c15 >> (64 - vocabularyBits) // by the golden ratio (Knuth, TAOCP volume 3, section 6.4)
}
