// Package store is the seam between features and where their state is kept.
//
// A [Table] holds one feature's cells, fixed-size slices of words without pointers, by key.
// Engines live in folders of their own (store/mem) and must pass store/storetest. What a
// cell means is package window's business, what a key means package feature's.
package store

import "github.com/freshet-rec/freshet/internal/pack"

// Key names a cell within one table. Its 64 bits are the caller's to divide.
type Key uint64

// Table keeps cells of one fixed length. One writer, or many readers, never both at once.
type Table interface {
	// Cell returns the cell of k, making a zeroed one at first sight. The slice may be
	// written until the next call that makes or removes a cell.
	Cell(k Key) []uint64
	// Find returns the cell of k for reading, nil when there is none.
	Find(k Key) []uint64
	// Sweep looks at the next n cells in a fixed circular order and removes those that
	// spent says are done with. Repeated calls visit every cell again and again, so a
	// caller that sweeps a little with each write keeps the table bounded, at the same
	// moments in every replay.
	Sweep(n int, spent func(cell []uint64) bool)
	// Len is the number of cells.
	Len() int
	// Each calls visit with every cell, in no order; visit must not change the table.
	Each(visit func(k Key, cell []uint64))
	// Pack writes the table, and Unpack fills a new one of equal words with it: from then on
	// both do alike, Sweep included. Unpack's errors are the Reader's.
	Pack(w *pack.Writer)
	Unpack(r *pack.Reader)
}
