package collab

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/internal/pack"
)

// ItemItem is a linear model in the form in which it is served: for each item the items that taking
// it speaks for most, with weights. A history's scores are the sums of its items' weights, so an
// answer costs as many steps as the items of a history have neighbours. It is not changed once made,
// and safe for concurrent use.
type ItemItem struct {
	start  []int // the neighbours of item i are item[start[i]:start[i+1]]; len is Len()+1
	item   []uint32
	weight []float32
}

// itemItemVersion is the version of the packed form.
const itemItemVersion = 1

// Len is the number of items.
func (m *ItemItem) Len() int { return len(m.start) - 1 }

// Neighbours are the items that item i speaks for and how much, greatest weight first, equal ones by
// item number, without i itself and without weights of 0. i is below Len. The slices are the model's
// own and must not be changed.
func (m *ItemItem) Neighbours(i uint32) (items []uint32, weights []float32) {
	from, to := m.start[i], m.start[i+1]
	return m.item[from:to:to], m.weight[from:to:to]
}

// Cut returns the model with the greatest weights of each item alone, at most most of them, and none
// that is not above 0: those recall nothing.
func (m *ItemItem) Cut(most int) *ItemItem {
	short := &ItemItem{start: make([]int, 1, len(m.start))}
	total := 0
	for i := range uint32(m.Len()) {
		_, weights := m.Neighbours(i)
		kept := 0
		for kept < min(most, len(weights)) && weights[kept] > 0 {
			kept++
		}
		total += kept
		short.start = append(short.start, total)
	}
	short.item, short.weight = make([]uint32, 0, total), make([]float32, 0, total)
	for i := range uint32(m.Len()) {
		items, weights := m.Neighbours(i)
		kept := short.start[i+1] - short.start[i]
		short.item, short.weight = append(short.item, items[:kept]...), append(short.weight, weights[:kept]...)
	}
	return short
}

// Score implements Model: what no item of the history speaks for scores 0. Items of the history
// that are not below Len speak for nothing, so that a model may be older than the catalogue.
func (m *ItemItem) Score(scores []float32, history []uint32) {
	clear(scores)
	for _, h := range history {
		if int(h) >= m.Len() {
			continue
		}
		items, weights := m.Neighbours(h)
		for k, i := range items {
			scores[i] += weights[k]
		}
	}
}

// Pack writes the model; equal models have equal bytes.
func (m *ItemItem) Pack(w *pack.Writer) {
	w.Uint(itemItemVersion)
	w.Len(m.Len())
	for i := range uint32(m.Len()) {
		items, _ := m.Neighbours(i)
		w.Len(len(items))
		for _, j := range items {
			w.Uint(uint64(j))
		}
	}
	bits := make([]byte, 0, 4*len(m.weight))
	for _, x := range m.weight {
		bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(x))
	}
	w.Blob(bits)
}

// UnpackItemItem reads what Pack wrote. Bytes that Pack cannot have written are an error that wraps
// pack.ErrDamaged: what it returns without one keeps every promise of ItemItem.
func UnpackItemItem(r *pack.Reader) (*ItemItem, error) {
	if v := r.Uint(); r.Err() == nil && v != itemItemVersion {
		return nil, fmt.Errorf("item-item model of version %d; this build reads version %d", v, itemItemVersion)
	}
	n := r.Len(1)
	m := &ItemItem{start: make([]int, 1, n+1)}
	for range n {
		for range r.Len(1) {
			m.item = append(m.item, r.Number(n))
		}
		m.start = append(m.start, len(m.item))
	}
	bits := r.Blob()
	if r.Err() == nil && len(bits) != 4*len(m.item) {
		r.Fail("%d bytes of weights for %d neighbours", len(bits), len(m.item))
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	m.weight = make([]float32, len(m.item))
	for k := range m.weight {
		m.weight[k] = math.Float32frombits(binary.LittleEndian.Uint32(bits[4*k:]))
	}
	seen := make([]uint32, n) // 1 + the item that last named this one
	for i := range uint32(n) {
		items, weights := m.Neighbours(i)
		for k, j := range items {
			switch x := float64(weights[k]); {
			case x == 0 || math.IsNaN(x) || math.IsInf(x, 0):
				r.Fail("item %d has a weight of %v", i, x)
			case j == i || seen[j] == i+1:
				r.Fail("item %d has the neighbour %d twice, or itself", i, j)
			case k > 0 && compareNeighbours(items[k-1], weights[k-1], j, weights[k]) > 0:
				r.Fail("the neighbours of item %d are out of order", i)
			}
			seen[j] = i + 1
		}
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return m, nil
}

// compareNeighbours is below 0 when neighbour i of weight x stands before neighbour j of weight y.
func compareNeighbours(i uint32, x float32, j uint32, y float32) int {
	return cmp.Or(cmp.Compare(y, x), cmp.Compare(i, j))
}

// NewItemItem returns the model of given neighbours, row after row: neighbours[i] are the items that
// i speaks for, in any order, with their weights. Weights of 0 and i itself are left out, and of the
// rest the most that weigh most are kept. An item out of range, one named twice, a weight that is
// not finite, or rows of unequal lengths are an error.
func NewItemItem(neighbours [][]uint32, weights [][]float32, most int) (*ItemItem, error) {
	if len(neighbours) != len(weights) {
		return nil, fmt.Errorf("neighbours of %d items with weights of %d", len(neighbours), len(weights))
	}
	n := len(neighbours)
	m := &ItemItem{start: make([]int, 1, n+1)}
	seen := make([]uint32, n)
	var row []neighbour
	for i, items := range neighbours {
		if len(weights[i]) != len(items) {
			return nil, fmt.Errorf("item %d has %d neighbours with %d weights", i, len(items), len(weights[i]))
		}
		row = row[:0]
		for k, j := range items {
			x := float64(weights[i][k])
			switch {
			case int(j) >= n:
				return nil, fmt.Errorf("item %d has the neighbour %d; items are 0 to %d", i, j, n-1)
			case seen[j] == uint32(i)+1:
				return nil, fmt.Errorf("item %d has the neighbour %d twice", i, j)
			case math.IsNaN(x) || math.IsInf(x, 0):
				return nil, fmt.Errorf("item %d has the neighbour %d with a weight of %v", i, j, x)
			}
			seen[j] = uint32(i) + 1
			if int(j) != i && x != 0 {
				row = append(row, neighbour{j, weights[i][k]})
			}
		}
		m.add(row, most)
	}
	return m, nil
}

// neighbour is an item and its weight.
type neighbour struct {
	item   uint32
	weight float32
}

// add appends the next item's row, the best most of it.
func (m *ItemItem) add(row []neighbour, most int) {
	slices.SortFunc(row, func(a, b neighbour) int { return compareNeighbours(a.item, a.weight, b.item, b.weight) })
	for _, n := range row[:min(len(row), max(0, most))] {
		m.item, m.weight = append(m.item, n.item), append(m.weight, n.weight)
	}
	m.start = append(m.start, len(m.item))
}

// itemItemOf is the model of incoming weights: from[j] are the items that speak for j. It takes them
// as they are: no item twice, none of itself, all weights finite.
func itemItemOf(from [][]uint32, weights [][]float32) *ItemItem {
	n := len(from)
	counts := make([]int, n)
	for j := range from {
		for k, i := range from[j] {
			if weights[j][k] != 0 {
				counts[i]++
			}
		}
	}
	rows := make([][]neighbour, n)
	total := 0
	for i, count := range counts {
		rows[i] = make([]neighbour, 0, count)
		total += count
	}
	for j := range from {
		for k, i := range from[j] {
			if x := weights[j][k]; x != 0 {
				rows[i] = append(rows[i], neighbour{uint32(j), x})
			}
		}
	}
	m := &ItemItem{start: make([]int, 1, n+1), item: make([]uint32, 0, total), weight: make([]float32, 0, total)}
	for i, row := range rows {
		m.add(row, len(row))
		rows[i] = nil
	}
	return m
}

// Truncate returns the model of a linear model's greatest weights: for each item what it speaks for
// most, at most the given number. A model is linear when the scores of a history are the sums of
// those of its items; of any other this is the nearest there is. What is not above 0 is left out:
// it recalls nothing. It fails with the context's error alone.
func Truncate(ctx context.Context, model Model, items, most, workers int) (*ItemItem, error) {
	const batch = 64
	rows := make([][]neighbour, items)
	err := parallel(ctx, workers, (items+batch-1)/batch, func(_, task int) {
		from, to := task*batch, min(items, (task+1)*batch)
		scores := make([]float32, (to-from)*items)
		histories := make([][]uint32, to-from)
		for k := range histories {
			histories[k] = []uint32{uint32(from + k)}
		}
		ScoreAll(model, scores, histories)
		best := NewBest(most)
		for i := from; i < to; i++ {
			best.Reset()
			row := scores[(i-from)*items : (i-from+1)*items]
			for j, x := range row {
				if x > 0 && j != i {
					best.Add(uint32(j), x)
				}
			}
			for _, j := range best.Items() {
				rows[i] = append(rows[i], neighbour{j, row[j]})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	m := &ItemItem{start: make([]int, 1, items+1)}
	for _, row := range rows {
		m.add(row, most)
	}
	return m, nil
}
