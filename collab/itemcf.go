package collab

import (
	"fmt"
	"math"
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

// ItemCF scores by normalised co-occurrence with the items of a history. It keeps the matrix and
// goes from the history to the users who took of it, and on to what else they took: that is the
// whole item-item table without ever making it. It is safe for concurrent use.
type ItemCF struct {
	m, users *Matrix
	user     []float32 // by user: d^-Users
	history  []float32 // by item: d^-History
	target   []float32 // by item: d^-Target
	walks    sync.Pool // of *walk
}

// walk is the memory of one walk from a history to users.
type walk struct {
	weight  []float32 // by user, 0 between walks
	touched []uint32  // users whose weight is not 0
}

// NewItemCF returns the model of a matrix, whose weights are not looked at. It fails where an option
// is out of range.
func NewItemCF(m *Matrix, o ItemCFOptions) (*ItemCF, error) {
	for _, p := range []struct {
		name  string
		power float64
	}{{"Users", o.Users}, {"History", o.History}, {"Target", o.Target}} {
		if !(math.Abs(p.power) <= 4) {
			return nil, fmt.Errorf("item-item: the power %s is %v; it is in [-4, 4]", p.name, p.power)
		}
	}
	c := &ItemCF{m: m, users: m.Transposed()}
	degrees := c.users.degrees()
	c.user = powers(m.degrees(), -o.Users)
	c.history, c.target = powers(degrees, -o.History), powers(degrees, -o.Target)
	c.walks.New = func() any { return &walk{weight: make([]float32, m.Users)} }
	return c, nil
}

// Score implements Model. Items of the history that the matrix does not have speak for nothing.
func (c *ItemCF) Score(scores []float32, history []uint32) {
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
	clear(scores)
	for _, u := range w.touched {
		x := w.weight[u] * c.user[u]
		w.weight[u] = 0
		for _, i := range c.m.Row(int(u)) {
			scores[i] += x
		}
	}
	w.touched = w.touched[:0]
	for i, x := range c.target {
		scores[i] *= x
	}
}
