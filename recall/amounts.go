package recall

import (
	"iter"
	"slices"
)

// amounts are whole numbers by item: a hash table in two slices without pointers, which the collector
// passes by, with linear probing (Knuth, TAOCP vol. 3, §6.4, algorithm L). Nothing is taken out one by
// one. The zero amounts are empty and ready to use.
type amounts struct {
	keys   []uint32 // item + 1, and 0 where a place is free: a power of two of them
	values []int64  // likewise
	len    int      // of them
}

const (
	leastAmounts = 4 // places of a table that is not empty
	fullAmounts  = 3 // quarters of the places that are taken at most
)

// place is where an item stands, or the free place where it would; there must be places.
func (a *amounts) place(item uint32) int {
	key, mask := item+1, len(a.keys)-1
	for i := int(uint64(key)*0x9e3779b97f4a7c15>>32) & mask; ; i = (i + 1) & mask {
		if k := a.keys[i]; k == key || k == 0 {
			return i
		}
	}
}

// of is the number of an item, and whether it has one.
func (a *amounts) of(item uint32) (amount int64, ok bool) {
	if a.len == 0 {
		return 0, false
	}
	i := a.place(item)
	return a.values[i], a.keys[i] != 0
}

// at is the number of an item, which has 0 at first, until the next is asked for.
func (a *amounts) at(item uint32) *int64 {
	if 4*a.len >= fullAmounts*len(a.keys) {
		a.grow()
	}
	i := a.place(item)
	if a.keys[i] == 0 {
		a.keys[i] = item + 1
		a.len++
	}
	return &a.values[i]
}

func (a *amounts) grow() {
	old, n := *a, max(leastAmounts, 2*len(a.keys))
	a.keys, a.values = make([]uint32, n), make([]int64, n)
	for item, amount := range old.all() {
		i := a.place(item)
		a.keys[i], a.values[i] = item+1, amount
	}
}

// all are the items and their numbers, in an order that means nothing.
func (a *amounts) all() iter.Seq2[uint32, int64] {
	return func(yield func(uint32, int64) bool) {
		for i, key := range a.keys {
			if key != 0 && !yield(key-1, a.values[i]) {
				return
			}
		}
	}
}

// items lists the items in their order. The caller owns the list.
func (a *amounts) items() []uint32 {
	list := make([]uint32, 0, a.len)
	for item := range a.all() {
		list = append(list, item)
	}
	slices.Sort(list)
	return list
}
