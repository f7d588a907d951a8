// Package intern gives strings small dense numbers, so that tables can be keyed by integers.
//
// A Table only grows: an id keeps its number for the life of the process, and the numbers
// follow the order of first sight, so a replay of the same journal gives the same numbers.
// It holds few pointers however many strings there are. It leaves out removal and any
// concurrency: one writer, or many readers, never both.
package intern

import (
	"encoding/binary"
	"hash/maphash"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/places"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// Table maps strings to the numbers 1, 2, 3, …; 0 is "no string". The zero Table is not
// ready to use: call New.
type Table struct {
	index  places.Index // of where the strings stand
	seed   maphash.Seed
	len    int        // one more than the highest number
	where  [][]uint32 // by number, whereAtOnce in each but the first, which grows
	blocks [][]byte   // the strings, one after the other, each after its number and its length
}

const (
	whereAtOnce = 1 << 14
	blockShift  = 15 // places in a block: eight bytes each
	blockBytes  = 8 << blockShift
	headBytes   = 8 // of a string: number and length, four bytes each
	aheadAtOnce = 64
)

// New returns an empty Table.
func New() *Table {
	return &Table{index: places.New(), seed: maphash.MakeSeed(), len: 1, where: [][]uint32{make([]uint32, 1, 8)}}
}

func (t *Table) hash(s string) uint32 { return uint32(maphash.String(t.seed, s) >> 32) }

// Add returns the number of s, giving it the next one at first sight. The empty string is 0.
// The table keeps its own copy of s, so s may be part of a large buffer.
func (t *Table) Add(s string) uint32 {
	if s == "" {
		return 0
	}
	return t.add(s, t.hash(s))
}

func (t *Table) add(s string, hash uint32) uint32 {
	if n := t.find(s, hash); n != 0 {
		return n
	}
	n := uint32(t.len)
	last := &t.where[len(t.where)-1]
	if len(*last) == whereAtOnce {
		t.where = append(t.where, make([]uint32, 0, whereAtOnce))
		last = &t.where[len(t.where)-1]
	}
	place := t.keep(s, n)
	*last = append(*last, place)
	t.len++
	t.index.Add(hash, place)
	return n
}

// keep copies s into a block, and returns its place. The first blocks are small; a string that is
// larger than a block has one of its own.
func (t *Table) keep(s string, n uint32) uint32 {
	last := len(t.blocks) - 1
	need := (headBytes + len(s) + 7) &^ 7
	if last < 0 || cap(t.blocks[last])-len(t.blocks[last]) < need {
		last++
		t.blocks = append(t.blocks, make([]byte, 0, max(need, min(blockBytes, 512<<min(last, 9)))))
	}
	block := t.blocks[last]
	from := len(block)
	block = binary.LittleEndian.AppendUint32(block, n)
	block = binary.LittleEndian.AppendUint32(block, uint32(len(s)))
	block = append(block, s...)
	t.blocks[last] = block[:from+need]
	return uint32(last)<<blockShift | uint32(from/8)
}

// head is the first byte of what stands at a place.
func (t *Table) head(place uint32) *byte {
	return &t.blocks[place>>blockShift][place&(1<<blockShift-1)*8]
}

// at is the number and the string at a place.
func (t *Table) at(place uint32) (n uint32, s string) {
	b := t.blocks[place>>blockShift][place&(1<<blockShift-1)*8:]
	n, length := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	return n, unsafe.String(&b[headBytes], length)
}

// AddAll is Add of each of ids: numbers[i] becomes the number of ids[i]. Many at a time are faster
// than one by one: what is known of them is fetched at once.
func (t *Table) AddAll(ids []string, numbers []uint32) {
	for len(ids) > 0 {
		n := min(aheadAtOnce, len(ids))
		var hints [aheadAtOnce]uint64
		var lines [aheadAtOnce]uintptr
		for i, id := range ids[:n] {
			lines[i] = uintptr(unsafe.Pointer(unsafe.StringData(id)))
		}
		prefetch.At(lines[:n])
		for i, id := range ids[:n] {
			hints[i] = uint64(t.hash(id)) << 32
		}
		places.Firsts(&t.index, hints[:n], lines[:n])
		prefetch.At(lines[:n])
		places.Guesses(&t.index, hints[:n])
		for i, hint := range hints[:n] {
			lines[i] = 0
			if guess := uint32(hint); guess != 0 {
				lines[i] = uintptr(unsafe.Pointer(t.head(guess - 1)))
			}
		}
		prefetch.At(lines[:n])
		for i, id := range ids[:n] {
			if id == "" {
				numbers[i] = 0
				continue
			}
			if guess := uint32(hints[i]); guess != 0 {
				if number, name := t.at(guess - 1); name == id {
					numbers[i] = number
					continue
				}
			}
			numbers[i] = t.add(id, uint32(hints[i]>>32))
		}
		ids, numbers = ids[n:], numbers[n:]
	}
}

// Find returns the number of s, 0 when it was never added.
func (t *Table) Find(s string) uint32 {
	if s == "" {
		return 0
	}
	return t.find(s, t.hash(s))
}

func (t *Table) find(s string, hash uint32) uint32 {
	page := t.index.Page(hash)
	for place, at := page.Next(hash, places.Start(hash)); at >= 0; place, at = page.Next(hash, at+1) {
		if n, name := t.at(place); name == s {
			return n
		}
	}
	return 0
}

// Name returns the string with number n; n must come from this table.
func (t *Table) Name(n uint32) string {
	if n == 0 {
		return ""
	}
	_, name := t.at(t.where[n/whereAtOnce][n%whereAtOnce])
	return name
}

// Len is one more than the highest number given: the length of a slice indexed by number.
func (t *Table) Len() int { return t.len }
