package recall

import (
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/internal/simd"
)

// maxNeighbours are kept per item.
const maxNeighbours = 128

// neighbours are the items that go with one item and how strongly: the strongest pairs one by
// one, and the tail in a sketch that all items share (Roy, Khan, Alonso, "Augmented Sketch",
// SIGMOD 2016). Weights are faded, so they fade all alike and only ever grow relative to each
// other. A pair without a place is added to the sketch; when its estimate there passes the
// weakest sum of the list, the two change places. So a pair that grows slowly is not forgotten,
// and with t for its true weight
//
//	t ≤ sum ≤ t + what the sketch overestimated when it was promoted
//
// which is 0 for pairs that had a place from the beginning; see tail for how much.
type neighbours struct {
	item  []uint32
	sum   []float32 // faded
	floor float32   // no sum is below it, once all places are taken
	used  bool      // since the hand came by last, see hand
}

var zeros [maxNeighbours]float32

// add adds w ≥ 0 to the pair with item and reports whether that took another place. self is
// the item whose neighbours these are.
func (n *neighbours) add(self, item uint32, w float64, t *tail) (more bool) {
	if i := simd.Index(n.item, item); i >= 0 {
		n.sum[i] += float32(w)
		return false
	}
	if len(n.item) < maxNeighbours {
		n.item, n.sum = append(n.item, item), append(n.sum, float32(w))
		return true
	}
	estimate := t.add(self, item, float32(w))
	if estimate <= n.floor {
		return false
	}
	low := simd.Largest(n.sum, -1, zeros[:len(n.sum)]) // of the sums with their signs turned
	weakest := n.sum[low]
	n.floor = weakest
	if estimate > weakest {
		t.raise(self, n.item[low], weakest)
		n.item[low], n.sum[low] = item, estimate
	}
	return false
}

// scale multiplies all weights.
func (n *neighbours) scale(factor float64) {
	n.floor *= float32(factor)
	for i := range n.sum {
		n.sum[i] *= float32(factor)
	}
}

func (n *neighbours) pack(w *pack.Writer) {
	w.Bool(n.used)
	w.Single(n.floor)
	w.Len(len(n.item))
	for i, item := range n.item {
		w.Uint(uint64(item))
		w.Single(n.sum[i])
	}
}

func (n *neighbours) unpack(r *pack.Reader, items int) {
	n.used, n.floor = r.Bool(), r.Single()
	count := r.Len(5)
	if count > maxNeighbours {
		r.Fail("%d neighbours of an item", count)
	}
	if r.Err() != nil {
		return
	}
	if count > 0 {
		n.item, n.sum = make([]uint32, count), make([]float32, count)
	}
	for i := range n.item {
		n.item[i], n.sum[i] = r.Number(items), r.Single()
	}
}
