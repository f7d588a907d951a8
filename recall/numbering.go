package recall

import "math/bits"

// numbering gives the items that one request meets the numbers 0, 1, 2, … in the order in which it
// meets them. What a request sums up for its items stands in lists by these numbers, close together:
// its room goes by how many items it meets and not by how many there are, and stays in the cache. The
// zero numbering is empty and ready to use.
//
// It is a table with open addressing and linear probing, at most half full.
type numbering struct {
	slots []numbered // a power of two
	shift int        // 64 less the logarithm of how many
	items []uint32   // by number
}

// numbered is an item and its number plus one; 0 is a free slot.
type numbered struct{ item, number uint32 }

const (
	leastSlots = 1 << 10
	keptSlots  = 1 << 16 // of one that is emptied; what one great request needed is let go of
)

// slot is where an item stands, or the free slot where it would.
func (n *numbering) slot(item uint32) *numbered {
	at := uint64(item) * 0x9e3779b97f4a7c15 >> n.shift // Fibonacci hashing: Knuth, TAOCP 3, 6.4
	for {
		s := &n.slots[at]
		if s.item == item || s.number == 0 {
			return s
		}
		at = (at + 1) & uint64(len(n.slots)-1)
	}
}

// of is the number of an item, and whether it is met for the first time.
func (n *numbering) of(item uint32) (number int, first bool) {
	if 2*len(n.items) >= len(n.slots) {
		n.grow()
	}
	s := n.slot(item)
	if s.number == 0 {
		n.items = append(n.items, item)
		*s = numbered{item, uint32(len(n.items))}
		return len(n.items) - 1, true
	}
	return int(s.number - 1), false
}

// find is the number of an item, −1 if it was not met.
func (n *numbering) find(item uint32) int {
	if len(n.items) == 0 {
		return -1
	}
	return int(n.slot(item).number) - 1
}

// grow doubles the table.
func (n *numbering) grow() {
	n.slots = make([]numbered, max(leastSlots, 2*len(n.slots)))
	n.shift = 64 - bits.TrailingZeros(uint(len(n.slots)))
	for i, item := range n.items {
		*n.slot(item) = numbered{item, uint32(i + 1)}
	}
}

// reset empties it.
func (n *numbering) reset() {
	if len(n.slots) > keptSlots {
		*n = numbering{}
		return
	}
	clear(n.slots)
	n.items = n.items[:0]
}
