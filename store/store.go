// Package store is the seam between features and where their state is kept.
//
// A [Table] holds the cells of the features that have a key in common, fixed-size slices of
// words without pointers. Engines live in folders of their own (store/mem) and must pass
// store/storetest. What a cell means is package window's business, what a key means package
// feature's.
package store

import (
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/prefetch"
)

// Key names a cell within one table. Its 64 bits are the caller's to divide.
type Key uint64

// Hint is what a table has found out about a key: in its lower half where the cell may be, which may be
// wrong at the cost of some time, in the upper half what the table asked for. 0 says nothing. A hint must
// be one of the same table for the same key, or below 2³².
type Hint uint64

// Found reports that the cell may be somewhere.
func (h Hint) Found() bool { return uint32(h) != 0 }

// Table keeps cells of one fixed length. Every cell is of a generation, an integer that grows with
// time: that in which it was made, or into which Old moved it last. One writer, or many readers,
// never both at once.
type Table interface {
	// Cell returns the cell of k, making a zeroed one of a generation at first sight: that is fresh. The slice
	// may be written until the cell is removed.
	Cell(k Key, generation int64, hint Hint) (cell []uint64, fresh bool)
	// Cells is Cell for each of at most 64 keys of one generation, in order: bit i of fresh says that
	// cells[i] was made.
	Cells(keys []Key, generation int64, hints []Hint, cells [][]uint64) (fresh uint64)
	// Find returns the cell of k for reading, nil when there is none.
	Find(k Key, hint Hint) []uint64
	// Finds is Find for each key, by the hints that Ahead gave: cells[i] is that of keys[i]. Nothing may
	// have been made or removed since.
	Finds(keys []Key, hints []Hint, cells [][]uint64)
	// Soon asks the memory for where the cells of keys are, and Ahead, a little later, for the cells:
	// so many misses of the cache are under way at once. hints[i] becomes a hint for keys[i]: after Ahead,
	// which goes by the hints of Soon, one that is Found when there is such a cell, and hardly ever when
	// there is none.
	// What they ask for is put into lines; nil is at once.
	Soon(keys []Key, hints []Hint, lines *prefetch.Queue)
	Ahead(keys []Key, hints []Hint, lines *prefetch.Queue)
	// Old calls look for at most n cells of generations before the one given, the oldest first,
	// and of one generation in the order in which they came into it. look returns the
	// generation that the cell is of by now, above its own, or false: then the cell is removed,
	// and must be all zero. Old returns how many were looked at.
	Old(before int64, n int, look func(k Key, cell []uint64) (generation int64, keep bool)) int
	// Oldest is the oldest generation of any cell, false when there are none.
	Oldest() (generation int64, ok bool)
	// Len is the number of cells.
	Len() int
	// Bytes is the memory that the table holds.
	Bytes() int64
	// Each calls visit with every cell, by generation and within one as they came; visit must
	// not change the table, and ends it by returning false.
	Each(visit func(k Key, cell []uint64) bool)
	// Pack writes the table, cells by means of cell, and Unpack fills a new one of equal words
	// with it: from then on both do alike. Unpack's errors are the Reader's.
	Pack(w *pack.Writer, cell func(cell []uint64))
	Unpack(r *pack.Reader, cell func(cell []uint64))
}
