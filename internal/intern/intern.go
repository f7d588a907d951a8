// Package intern gives strings small dense numbers, so that tables can be keyed by integers.
//
// A Table only grows: an id keeps its number for the life of the process, and the numbers
// follow the order of first sight, so a replay of the same journal gives the same numbers.
// It holds few pointers however many strings there are. It leaves out removal and any
// concurrency: one writer, or many readers, never both.
package intern

import (
	"hash/maphash"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/places"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// Table maps strings to the numbers 1, 2, 3, …; 0 is "no string". The zero Table is not
// ready to use: call New.
type Table struct {
	index  places.Index // of the numbers
	seed   maphash.Seed
	len    int      // one more than the highest number
	spans  [][]span // by number, spansAtOnce in each but the first, which grows
	blocks [][]byte // the strings, one after the other
}

// span is where a string stands: its block and first byte, and how long it is.
type span struct{ block, from, length uint32 }

const (
	spansAtOnce = 1 << 13
	blockBytes  = 1 << 18
	aheadAtOnce = 32
)

// New returns an empty Table.
func New() *Table {
	return &Table{index: places.New(), seed: maphash.MakeSeed(), len: 1, spans: [][]span{make([]span, 1, 8)}}
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
	last := &t.spans[len(t.spans)-1]
	if len(*last) == spansAtOnce {
		t.spans = append(t.spans, make([]span, 0, spansAtOnce))
		last = &t.spans[len(t.spans)-1]
	}
	*last = append(*last, t.keep(s))
	t.len++
	t.index.Add(hash, n)
	return n
}

// keep copies s into a block. Small tables have small blocks.
func (t *Table) keep(s string) span {
	last := len(t.blocks) - 1
	if last < 0 || cap(t.blocks[last])-len(t.blocks[last]) < len(s) {
		size := blockBytes
		if last < 0 {
			size = 512
		} else if last < 9 {
			size = 512 << last
		}
		t.blocks = append(t.blocks, make([]byte, 0, max(size, len(s))))
		last++
	}
	from := len(t.blocks[last])
	t.blocks[last] = append(t.blocks[last], s...)
	return span{uint32(last), uint32(from), uint32(len(s))}
}

// AddAll is Add of each of ids: numbers[i] becomes the number of ids[i]. Many at a time are faster
// than one by one: what is known of them is fetched at once.
func (t *Table) AddAll(ids []string, numbers []uint32) {
	for len(ids) > 0 {
		n := min(aheadAtOnce, len(ids))
		var hashes [aheadAtOnce]uint32
		for i, id := range ids[:n] {
			hashes[i] = t.hash(id)
			t.index.Ahead(hashes[i])
		}
		for i := range n {
			numbers[i] = 0
			if number, at := t.index.Page(hashes[i]).Next(hashes[i], places.Start(hashes[i])); at >= 0 {
				numbers[i] = number
				prefetch.Line(unsafe.Pointer(t.span(number)))
			}
		}
		for i := range n {
			if number := numbers[i]; number != 0 {
				at := t.span(number)
				prefetch.Line(unsafe.Pointer(&t.blocks[at.block][at.from]))
			}
		}
		for i, id := range ids[:n] {
			if id == "" {
				numbers[i] = 0
			} else if number := numbers[i]; number == 0 || t.Name(number) != id {
				numbers[i] = t.add(id, hashes[i])
			}
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
	for n, at := page.Next(hash, places.Start(hash)); at >= 0; n, at = page.Next(hash, at+1) {
		if t.Name(n) == s {
			return n
		}
	}
	return 0
}

func (t *Table) span(n uint32) *span { return &t.spans[n/spansAtOnce][n%spansAtOnce] }

// Name returns the string with number n; n must come from this table.
func (t *Table) Name(n uint32) string {
	at := t.span(n)
	if at.length == 0 {
		return ""
	}
	return unsafe.String(&t.blocks[at.block][at.from], at.length)
}

// Len is one more than the highest number given: the length of a slice indexed by number.
func (t *Table) Len() int { return t.len }
