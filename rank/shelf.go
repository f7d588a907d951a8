package rank

import (
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
)

// key is what decides a half: the numbers and words of its fields.
type key struct {
	numbers []float64
	words   []Token
	ends    []uint32 // by list
}

// read takes the key of a part of a row, into its own room, and returns a hash of it.
func (k *key) read(s *Schema, fields []int, row *Row) uint64 {
	k.numbers, k.words, k.ends = k.numbers[:0], k.words[:0], k.ends[:0]
	h := uint64(0)
	for _, field := range fields {
		switch f := &s.Fields[field]; {
		case f.Number():
			v := row.Numbers[s.from[field]]
			k.numbers = append(k.numbers, v)
			h = (h ^ math.Float64bits(v)) * 0x9e3779b97f4a7c15
		case f.Kind == Cross: // follows from lists before it
		default:
			for _, token := range row.List(s.from[field]) {
				k.words = append(k.words, token)
				h = (h ^ uint64(token)) * 0x9e3779b97f4a7c15
				h ^= h >> 32
			}
			k.ends = append(k.ends, uint32(len(k.words)))
		}
	}
	return h * 0x9e3779b97f4a7c15
}

func (k *key) equal(o *key) bool {
	return slices.Equal(k.words, o.words) && slices.Equal(k.ends, o.ends) &&
		slices.EqualFunc(k.numbers, o.numbers, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
}

func (k *key) clone() key {
	return key{slices.Clone(k.numbers), slices.Clone(k.words), slices.Clone(k.ends)}
}

// bytes is how much memory a clone takes.
func (k *key) bytes() int { return 8*len(k.numbers) + 8*len(k.words) + 4*len(k.ends) }

// shelf keeps halves by their keys, in pairs of places: what came last into a pair is in the first of
// them, what was there before in the second, and what was there is forgotten. Places are single
// pointers, so readers and writers need no lock; a half that two writers bring is kept twice, or once.
type shelf struct {
	places []atomic.Pointer[half]
	shift  uint
}

// keyBytes is how large a key may be for its half to be kept: some 60 words of an item.
const keyBytes = 512

// headBytes is what a half takes beside its key and sums: its head, and rounding by the allocator.
const headBytes = 256

// init gives the shelf as many places as take at most so many bytes when they are full.
func (s *shelf) init(bytes, sums int) {
	s.shift = 64
	if n := bytes / (keyBytes + headBytes + sums + 8); n >= 2 {
		size := bits.Len(uint(n)) - 1
		s.places = make([]atomic.Pointer[half], 1<<size)
		s.shift = uint(64 - size + 1)
	}
}

// find returns the half of a key, nil when there is none.
func (s *shelf) find(hash uint64, k *key) *half {
	if len(s.places) == 0 {
		return nil
	}
	at := hash >> s.shift << 1
	for i := range uint64(2) {
		if f := s.places[at+i].Load(); f != nil && f.key.equal(k) {
			return f
		}
	}
	return nil
}

func (s *shelf) put(hash uint64, f *half) {
	if len(s.places) == 0 || f.key.bytes() > keyBytes {
		return
	}
	at := hash >> s.shift << 1
	s.places[at+1].Store(s.places[at].Load())
	s.places[at].Store(f)
}
