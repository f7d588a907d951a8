// Package intern gives strings small dense numbers, so that tables can be keyed by integers.
//
// A Table only grows: an id keeps its number for the life of the process, and the numbers
// follow the order of first sight, so a replay of the same journal gives the same numbers.
// It leaves out removal and any concurrency: one writer, or many readers, never both.
package intern

import "strings"

// Table maps strings to the numbers 1, 2, 3, …; 0 is "no string". The zero Table is not
// ready to use: call New.
type Table struct {
	numbers map[string]uint32
	names   []string // names[n] has number n; names[0] is ""
}

// New returns an empty Table.
func New() *Table {
	return &Table{numbers: map[string]uint32{}, names: []string{""}}
}

// Add returns the number of s, giving it the next one at first sight. The empty string is 0.
// The table keeps its own copy of s, so s may be part of a large buffer.
func (t *Table) Add(s string) uint32 {
	if s == "" {
		return 0
	}
	if n, ok := t.numbers[s]; ok {
		return n
	}
	s = strings.Clone(s)
	n := uint32(len(t.names))
	t.numbers[s] = n
	t.names = append(t.names, s)
	return n
}

// Find returns the number of s, 0 when it was never added.
func (t *Table) Find(s string) uint32 { return t.numbers[s] }

// Name returns the string with number n; n must come from this table.
func (t *Table) Name(n uint32) string { return t.names[n] }

// Len is one more than the highest number given: the length of a slice indexed by number.
func (t *Table) Len() int { return len(t.names) }
