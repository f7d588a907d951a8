// Package slab keeps small pieces of memory without pointers: words and texts that the collector
// need not look at, reached by 32-bit references.
//
//	var s slab.Slab
//	ref := s.Make(5)      // five words, zero
//	words := s.At(ref)    // at least five of them
//	s.Free(ref)
//
// A piece has a power of two of words, the smallest that is enough; freed pieces are used again.
// It leaves out concurrency: one writer, or many readers, never both; and any order: what a
// reference is called depends on what was freed before.
package slab

import (
	"math/bits"
	"unsafe"
)

// Ref names a piece; 0 is none.
type Ref uint32

const (
	classes    = 24      // the largest piece has 1 << 23 words
	blockWords = 1 << 17 // 1 MiB, or one piece that is larger
	classBits  = 5
)

// MaxWords is the length of the largest piece.
const MaxWords = 1 << (classes - 1)

// Slab holds the pieces. The zero Slab is empty and ready to use.
type Slab struct {
	classes [classes]class
	pieces  int
	words   int64 // of all blocks
}

// class holds the pieces of one size. A reference is the piece's number times 32 plus the class,
// plus one class, so that it is never 0.
type class struct {
	blocks [][]uint64
	used   uint32 // pieces ever given out
	free   uint32 // the first of those freed, plus one; each holds the next in its first word
}

// perBlock is how many pieces of a class stand in a block, a power of two.
func perBlock(c int) uint32 { return uint32(max(1, blockWords>>c)) }

// Make returns a piece of at least n words, all zero. n must be from 1 to MaxWords.
func (s *Slab) Make(n int) Ref {
	c := bits.Len(uint(n - 1))
	k := &s.classes[c]
	s.pieces++
	if k.free != 0 {
		number := k.free - 1
		piece := k.at(number, c)
		k.free = uint32(piece[0])
		piece[0] = 0
		return ref(number, c)
	}
	number := k.used
	k.used++
	s.grow(k, number, c)
	return ref(number, c)
}

// grow makes room for a piece. The first block doubles up to its full size, so that a slab with
// little in it stays small.
func (s *Slab) grow(k *class, number uint32, c int) {
	block, in := int(number/perBlock(c)), int(number%perBlock(c))
	if block == len(k.blocks) {
		size := max(blockWords, 1<<c)
		if block == 0 {
			size = max(1<<c, 8)
		}
		k.blocks = append(k.blocks, make([]uint64, size))
		s.words += int64(size)
	}
	for b := k.blocks[block]; (in+1)<<c > len(b); b = k.blocks[block] {
		k.blocks[block] = append(make([]uint64, 0, 2*len(b)), b...)[:2*len(b)]
		s.words += int64(len(b))
	}
}

func ref(number uint32, c int) Ref { return Ref(number<<classBits | uint32(c+1)) }

func (k *class) at(number uint32, c int) []uint64 {
	i := int(number%perBlock(c)) << c
	return k.blocks[number/perBlock(c)][i : i+1<<c : i+1<<c]
}

// At returns a piece. The slice may be used until the next Make.
func (s *Slab) At(r Ref) []uint64 {
	c := int(r&(1<<classBits-1)) - 1
	return s.classes[c].at(uint32(r>>classBits), c)
}

// Free gives a piece back; 0 is passed over.
func (s *Slab) Free(r Ref) {
	if r == 0 {
		return
	}
	piece := s.At(r)
	clear(piece)
	c := int(r&(1<<classBits-1)) - 1
	k := &s.classes[c]
	piece[0] = uint64(k.free)
	k.free = uint32(r>>classBits) + 1
	s.pieces--
}

// Len is the number of pieces in use.
func (s *Slab) Len() int { return s.pieces }

// Bytes is the memory that is held, in use or not.
func (s *Slab) Bytes() int64 { return s.words * 8 }

// MakeText keeps a text; the empty text is 0. It must not be longer than MaxText.
func (s *Slab) MakeText(text string) Ref {
	if text == "" {
		return 0
	}
	r := s.Make(1 + (len(text)+7)/8)
	piece := s.At(r)
	piece[0] = uint64(len(text))
	copy(bytesOf(piece[1:]), text)
	return r
}

// MaxText is the length of the longest text, in bytes.
const MaxText = (MaxWords - 1) * 8

// Text returns a text, of memory of its own.
func (s *Slab) Text(r Ref) string {
	if r == 0 {
		return ""
	}
	return string(s.Peek(r))
}

// Peek is a text's bytes, to be read until the next Make or Free.
func (s *Slab) Peek(r Ref) []byte {
	if r == 0 {
		return nil
	}
	piece := s.At(r)
	return bytesOf(piece[1:])[:piece[0]]
}

func bytesOf(words []uint64) []byte {
	if len(words) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
}
