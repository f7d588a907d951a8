package collab

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
)

// ItemCFOptions say how co-occurrences are normalised. With d the degree, how many items a user
// took, or how many users an item, item i speaks for item j by
//
//	d_i^-History · d_j^-Target · Σ d_u^-Users    over the users u who took both
//
// So History = Target = 1/2 with Users = 0 is the cosine, 1 and 1 the lift, 1 and 0 the share of i's
// users who took j. Users = 1, History = Target = 1/2 is the linear filter of GF-CF (Shen et al.,
// "How Powerful is Graph Convolution for Recommendation?", CIKM 2021, §4.1); free powers are those
// of LinkProp (Fu et al., "Revisiting Neighborhood-based Link Prediction for Collaborative
// Filtering", WWW 2022, §3). All are in [-4, 4].
type ItemCFOptions struct {
	Users, History, Target float64
}

// ItemCF scores by normalised co-occurrence with the items of a history: from a table of all items
// that were ever taken together. Where that would be too large it keeps the matrix instead, and goes
// from the history to the users who took of it and on to what else they took, which comes to the same
// and takes some times as long. It is safe for concurrent use.
type ItemCF struct {
	history []float32 // by item: d^-History
	target  []float32 // by item: d^-Target
	user    []float32 // by user: d^-Users

	table    [][]entry // by item; nil for walks
	m, users *Matrix   // for walks
	walks    sync.Pool // of *walk
}

// entry is an item that was taken together with another, and the sum of d_u^-Users over the users.
type entry struct {
	item   uint32
	weight float32
}

// tableEntries bounds the entries of a table: a GiB.
const tableEntries = 1 << 27

// TrainItemCF returns the model of a matrix, whose weights are not looked at. It fails where an option
// is out of range, and with the context's error.
func TrainItemCF(ctx context.Context, m *Matrix, o ItemCFOptions, workers int) (*ItemCF, error) {
	for _, p := range []struct {
		name  string
		power float64
	}{{"Users", o.Users}, {"History", o.History}, {"Target", o.Target}} {
		if !(math.Abs(p.power) <= 4) {
			return nil, fmt.Errorf("item-item: the power %s is %v; it is in [-4, 4]", p.name, p.power)
		}
	}
	c := &ItemCF{m: m, users: m.Transposed(), user: powers(m.degrees(), -o.Users)}
	degrees := c.users.degrees()
	c.history, c.target = powers(degrees, -o.History), powers(degrees, -o.Target)
	c.walks.New = func() any { return &walk{weight: make([]float32, m.Users)} }
	pairs := 0 // at least as many as the table has entries, counted for each user
	for _, d := range m.degrees() {
		pairs += d * d
	}
	if min(pairs, m.Items*m.Items) > tableEntries {
		return c, nil
	}
	c.table = make([][]entry, m.Items)
	sums := make([][]float32, max(1, workers)) // by worker and item; 0 between tasks
	err := parallel(ctx, workers, m.Items, func(worker, i int) {
		if sums[worker] == nil {
			sums[worker] = make([]float32, m.Items)
		}
		sum := sums[worker]
		var row []entry
		for _, u := range c.users.Row(i) {
			x := c.user[u]
			for _, j := range m.Row(int(u)) {
				if sum[j] == 0 {
					row = append(row, entry{item: j})
				}
				sum[j] += x
			}
		}
		for k, e := range row {
			row[k].weight = sum[e.item]
			sum[e.item] = 0
		}
		c.table[i] = slices.Clip(row)
	})
	return c, err
}

// Score implements Model. Items of the history that the matrix does not have speak for nothing.
func (c *ItemCF) Score(scores []float32, history []uint32) {
	clear(scores)
	if c.table != nil {
		for _, h := range history {
			if int(h) >= len(c.table) {
				continue
			}
			x := c.history[h]
			for _, e := range c.table[h] {
				scores[e.item] += x * e.weight
			}
		}
	} else {
		c.walk(scores, history)
	}
	for i, x := range c.target {
		scores[i] *= x
	}
}

// walk is the memory of one walk from a history to users.
type walk struct {
	weight  []float32 // by user, 0 between walks
	touched []uint32  // users whose weight is not 0
}

// walk adds up scores without their target's factor, user by user.
func (c *ItemCF) walk(scores []float32, history []uint32) {
	w := c.walks.Get().(*walk)
	defer c.walks.Put(w)
	for _, h := range history {
		if int(h) >= c.m.Items {
			continue
		}
		x := c.history[h]
		for _, u := range c.users.Row(int(h)) {
			if w.weight[u] == 0 {
				w.touched = append(w.touched, u)
			}
			w.weight[u] += x
		}
	}
	for _, u := range w.touched {
		x := w.weight[u] * c.user[u]
		w.weight[u] = 0
		for _, i := range c.m.Row(int(u)) {
			scores[i] += x
		}
	}
	w.touched = w.touched[:0]
}
