package recall

import (
	"iter"
	"slices"
)

// amounts are whole numbers by item: a hash table in one slice without pointers, which the collector
// passes by, with linear probing (Knuth, TAOCP vol. 3, §6.4, algorithm L). Nothing is taken out one by
// one. The zero amounts are empty and ready to use.
type amounts struct {
	places []amount // a power of two of them
	len    int      // those that are taken
}

// amount is a place of the table.
type amount struct {
	key    uint32 // item + 1; 0 where it is free
	number int64
}

const (
	leastAmounts = 4 // places of a table that is not empty
	fullAmounts  = 3 // quarters of the places that are taken at most
)

// place is where an item stands, or the free place where it would; there must be places.
func (a *amounts) place(item uint32) int {
	key, mask := item+1, len(a.places)-1
	for i := int(uint64(key)*0x9e3779b97f4a7c15>>32) & mask; ; i = (i + 1) & mask {
		if k := a.places[i].key; k == key || k == 0 {
			return i
		}
	}
}

// of is the number of an item, and whether it has one.
func (a *amounts) of(item uint32) (number int64, ok bool) {
	if a.len == 0 {
		return 0, false
	}
	p := &a.places[a.place(item)]
	return p.number, p.key != 0
}

// at is the number of an item, which has 0 at first, until the next is asked for.
func (a *amounts) at(item uint32) *int64 {
	if 4*a.len >= fullAmounts*len(a.places) {
		a.grow()
	}
	p := &a.places[a.place(item)]
	if p.key == 0 {
		p.key = item + 1
		a.len++
	}
	return &p.number
}

func (a *amounts) grow() {
	old := *a
	a.places = make([]amount, max(leastAmounts, 2*len(old.places)))
	for item, number := range old.all() {
		a.places[a.place(item)] = amount{item + 1, number}
	}
}

// all are the items and their numbers, in an order that means nothing.
func (a *amounts) all() iter.Seq2[uint32, int64] {
	return func(yield func(uint32, int64) bool) {
		for _, p := range a.places {
			if p.key != 0 && !yield(p.key-1, p.number) {
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
