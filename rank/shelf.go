package rank

import (
	"math/bits"
	"sync/atomic"
)

// shelf keeps halves by their keys, in pairs of places: what came last into a pair is in the first of
// them, what was there before in the second, and what was there is forgotten. Places are single
// pointers, so readers and writers need no lock; a half that two writers bring is kept twice, or once.
type shelf struct {
	places []atomic.Pointer[half]
	shift  uint
}

// mostKey is how long a key may be for its half to be kept: some 60 words of an item.
const mostKey = 64

// headBytes is what a half takes beside its key and sums: its head, and rounding by the allocator.
const headBytes = 256

// init gives the shelf as many places as take at most so many bytes when they are full.
func (s *shelf) init(bytes, sums int) {
	if n := bytes / (8*mostKey + headBytes + sums + 8); n >= 2 {
		size := bits.Len(uint(n)) - 1
		s.places = make([]atomic.Pointer[half], 1<<size)
		s.shift = uint(64 - size + 1)
	}
}

// keeps says whether a half with a key of that length would be kept.
func (s *shelf) keeps(size int) bool { return len(s.places) > 0 && size <= mostKey }

// find returns the half of a part of a row, nil when there is none.
func (s *shelf) find(hash uint64, g *ground, row *Row) *half {
	if len(s.places) == 0 {
		return nil
	}
	at := hash >> s.shift << 1
	for i := range uint64(2) {
		if f := s.places[at+i].Load(); f != nil && f.key.of(g, row) {
			return f
		}
	}
	return nil
}

// put keeps a half that must not change any more.
func (s *shelf) put(hash uint64, f *half) {
	at := hash >> s.shift << 1
	s.places[at+1].Store(s.places[at].Load())
	s.places[at].Store(f)
}
