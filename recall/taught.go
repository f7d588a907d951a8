package recall

import (
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// taughtItems is how many items a token keeps when pruned; up to twice that in between.
const taughtItems = 100

// taught are the items that acts have tied to one token, in no order; sums are faded.
type taught struct {
	total float64 // faded weight of all acts that taught it
	item  []uint32
	sum   []float64
}

// add adds w to what was taught of an item. At twice the bound the weakest half is forgotten, ties
// by item number; an item that comes back starts anew.
func (n *taught) add(item uint32, w float64) {
	if i := slices.Index(n.item, item); i >= 0 {
		n.sum[i] += w
		return
	}
	n.item, n.sum = append(n.item, item), append(n.sum, w)
	if len(n.item) < 2*taughtItems {
		return
	}
	n.prune()
}

// prune keeps the taughtItems strongest items, in the order they stand.
func (n *taught) prune() {
	var sums [2 * taughtItems]float64
	sorted := sums[:copy(sums[:], n.sum)]
	slices.Sort(sorted)
	cut := sorted[len(sorted)-taughtItems] // the weakest sum that is kept
	var ties []uint32                      // items at the cut, of which the lowest numbers stay
	above := 0
	for i, sum := range n.sum {
		if sum > cut {
			above++
		} else if sum == cut {
			ties = append(ties, n.item[i])
		}
	}
	slices.Sort(ties)
	last := ties[taughtItems-above-1]
	kept := 0
	for i, sum := range n.sum {
		if item := n.item[i]; sum > cut || sum == cut && item <= last {
			n.item[kept], n.sum[kept] = item, sum
			kept++
		}
	}
	n.item, n.sum = n.item[:kept], n.sum[:kept]
}

func (n *taught) pack(w *pack.Writer) {
	w.Float(n.total)
	w.Len(len(n.item))
	for k, item := range n.item {
		w.Uint(uint64(item))
		w.Float(n.sum[k])
	}
}

func (n *taught) unpack(from *pack.Reader, items int) {
	n.total = from.Float()
	count := from.Len(9)
	if count >= 2*taughtItems {
		from.Fail("%d items of one token", count)
	}
	if from.Err() != nil {
		return
	}
	if count > 0 {
		n.item, n.sum = make([]uint32, count), make([]float64, count)
	}
	for k := range count {
		n.item[k], n.sum[k] = from.Number(items), from.Float()
	}
}
