package collab

import (
	"fmt"
	"math"
	"slices"
)

// Matrix is who took what: a sparse matrix of users and items in compressed rows. It is not changed
// once made, and safe for concurrent use.
type Matrix struct {
	Users, Items int
	Start        []int     // the items of user u are Item[Start[u]:Start[u+1]]; len is Users+1
	Item         []uint32  // ascending within a user, none twice
	Weight       []float32 // > 0, as long as Item; nil when all are 1
}

// NewMatrix returns the matrix of rows of item numbers, one a user, in any order; what a row names
// twice counts once. The rows are not changed. An item that is not below items is an error.
func NewMatrix(rows [][]uint32, items int) (*Matrix, error) {
	m := &Matrix{Users: len(rows), Items: items, Start: make([]int, 1, len(rows)+1)}
	for u, row := range rows {
		begin := len(m.Item)
		m.Item = append(m.Item, row...)
		slices.Sort(m.Item[begin:])
		m.Item = m.Item[:begin+len(slices.Compact(m.Item[begin:]))]
		if n := len(m.Item); n > begin && int(m.Item[n-1]) >= items {
			return nil, fmt.Errorf("user %d took item %d; items are 0 to %d", u, m.Item[n-1], items-1)
		}
		m.Start = append(m.Start, len(m.Item))
	}
	return m, nil
}

// Row is what a user took, ascending. The slice is the matrix's own.
func (m *Matrix) Row(u int) []uint32 { return m.Item[m.Start[u]:m.Start[u+1]] }

// Weights are the weights of Row, nil when all are 1.
func (m *Matrix) Weights(u int) []float32 {
	if m.Weight == nil {
		return nil
	}
	return m.Weight[m.Start[u]:m.Start[u+1]]
}

// Transposed is the matrix with users and items swapped: whom an item was taken by.
func (m *Matrix) Transposed() *Matrix {
	t := &Matrix{Users: m.Items, Items: m.Users, Start: make([]int, m.Items+1), Item: make([]uint32, len(m.Item))}
	for _, i := range m.Item {
		t.Start[i+1]++
	}
	for i := range m.Items {
		t.Start[i+1] += t.Start[i]
	}
	if m.Weight != nil {
		t.Weight = make([]float32, len(m.Weight))
	}
	next := slices.Clone(t.Start)
	for u := range m.Users {
		for k := m.Start[u]; k < m.Start[u+1]; k++ {
			i := m.Item[k]
			t.Item[next[i]] = uint32(u)
			if m.Weight != nil {
				t.Weight[next[i]] = m.Weight[k]
			}
			next[i]++
		}
	}
	return t
}

// Model scores all items from what a user took.
type Model interface {
	// Score fills scores, one an item, from a history: item numbers in any order, none twice. More
	// is better; scores of different histories do not compare. What is in the history gets a score
	// like all others. It is safe for concurrent use.
	Score(scores []float32, history []uint32)
}

// check reports what a matrix that was put together by hand got wrong.
func (m *Matrix) check() error {
	n := len(m.Item)
	if m.Users < 0 || m.Items < 0 || len(m.Start) != m.Users+1 || m.Start[0] != 0 || m.Start[m.Users] != n || m.Weight != nil && len(m.Weight) != n {
		return fmt.Errorf("a matrix of %d users and %d items has %d starts, %d entries and %d weights", m.Users, m.Items, len(m.Start), n, len(m.Weight))
	}
	for u := range m.Users {
		if m.Start[u] > m.Start[u+1] || m.Start[u+1] > n {
			return fmt.Errorf("user %d has the entries %d to %d of %d", u, m.Start[u], m.Start[u+1], n)
		}
		row := m.Row(u)
		for k, i := range row {
			if int(i) >= m.Items || k > 0 && row[k-1] >= i {
				return fmt.Errorf("user %d took item %d as their %dth; items are 0 to %d, ascending", u, i, k+1, m.Items-1)
			}
		}
		for k, w := range m.Weights(u) {
			if err := checkWeight(w); err != nil {
				return fmt.Errorf("user %d, item %d: %w", u, row[k], err)
			}
		}
	}
	return nil
}

// checkWeight refuses what is no weight of a pair.
func checkWeight(w float32) error {
	if !(w > 0 && w <= math.MaxFloat32) {
		return fmt.Errorf("weight %v is no number above 0", w)
	}
	return nil
}
