package engine

import (
	"unsafe"

	"github.com/freshet-rec/freshet/internal/hugepage"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// flat is an open-addressed table of records of one type, made in its final size. R has no
// pointers, its length is a multiple of 8 bytes and its first word is the key, 0 in a free record.
// Probing is linear.
type flat[R any] struct {
	words   []uint64
	records []R // the same memory
	stride  int // words a record
	shift   int // of a hash, to a place
	keys    int
}

// pageWords is the smallest page of memory there is, in words.
const pageWords = 4096 / 8

// newFlat makes a table for a number of keys, which fill it to at most 60 %. Its memory has been
// touched, so that nobody pays for getting it from the system later.
func newFlat[R any](keys int) *flat[R] {
	var r R
	t := &flat[R]{stride: int(unsafe.Sizeof(r) / 8), shift: 64}
	slots := 1
	for slots*3 < keys*5 {
		slots *= 2
		t.shift--
	}
	t.words = hugepage.Make(slots * t.stride)
	for i := 0; i < len(t.words); i += pageWords {
		t.words[i] = 0
	}
	t.records = unsafe.Slice((*R)(unsafe.Pointer(unsafe.SliceData(t.words))), slots)
	return t
}

func (t *flat[R]) bytes() int { return len(t.words) * 8 }

// home is where a key belongs when the place is free.
func (t *flat[R]) home(key uint64) uint32 { return uint32(mix(key) >> t.shift) }

// key returns the key in place at.
func (t *flat[R]) key(at uint32) *uint64 { return (*uint64)(unsafe.Pointer(&t.records[at])) }

// seat returns the place of a key, looking from its home on, and takes a free one at first sight.
func (t *flat[R]) seat(at uint32, key uint64) uint32 {
	for {
		switch k := t.key(at); *k {
		case key:
			return at
		case 0:
			*k = key
			t.keys++
			return at
		}
		if at++; int(at) == len(t.records) {
			at = 0
		}
	}
}

// find returns the record of a key, looking from its home on, nil when there is none.
func (t *flat[R]) find(at uint32, key uint64) *R {
	for {
		switch *t.key(at) {
		case key:
			return &t.records[at]
		case 0:
			return nil
		}
		if at++; int(at) == len(t.records) {
			at = 0
		}
	}
}

// get is find from the start.
func (t *flat[R]) get(key uint64) *R { return t.find(t.home(key), key) }

// ask requests the lines in which word i of the records at the places lies.
func (t *flat[R]) ask(places []uint32, i int, space *[atOnce]uint32) {
	for j, at := range places {
		space[j] = at*uint32(t.stride) + uint32(i)
	}
	prefetch.Words(unsafe.SliceData(t.words), space[:len(places)])
}

// mix spreads a key over 64 bits: the first two rounds of the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x
}

// joined is the key of a pair. Both are numbers from 1 on.
func joined(user, other uint32) uint64 { return uint64(user)<<32 | uint64(other) }
