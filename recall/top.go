package recall

import (
	"cmp"
	"slices"
)

func compare[T cmp.Ordered](a, b T) int { return cmp.Compare(a, b) }

// scored is an item with its score: what a route compares before it says why.
type scored struct {
	score float64
	item  uint32
}

// before orders higher scores first, ties by item number, so that equal tables give equal
// lists. No score is NaN.
func (a scored) before(b scored) bool {
	return a.score > b.score || a.score == b.score && a.item < b.item
}

// best keeps the n best of the items offered: a heap whose root is the last of them. An n of
// 0 or less keeps none. The heap may begin with room that somebody else had.
type best struct {
	n    int
	heap []scored
}

// wants reports whether the item would be among the n best so far.
func (b *best) wants(s scored) bool {
	return len(b.heap) < b.n || b.n > 0 && s.before(b.heap[0])
}

// offer takes an item in if it is among the n best so far. Each is offered once.
func (b *best) offer(s scored) {
	switch {
	case !b.wants(s):
	case len(b.heap) < b.n:
		b.heap = append(b.heap, s)
		i := len(b.heap) - 1
		for i > 0 && b.heap[(i-1)/2].before(s) {
			b.heap[i] = b.heap[(i-1)/2]
			i = (i - 1) / 2
		}
		b.heap[i] = s
	default:
		b.replace(s)
	}
}

// replace puts s in the place of the root and restores the heap.
func (b *best) replace(s scored) {
	h, i := b.heap, 0
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child].before(h[child+1]) {
			child++
		}
		if !s.before(h[child]) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = s
}

// take returns the n best, best first; nothing may be offered after.
func (b *best) take() []scored {
	slices.SortFunc(b.heap, func(x, y scored) int {
		if x.before(y) {
			return -1
		}
		return 1 // no two are the same item
	})
	return b.heap
}
