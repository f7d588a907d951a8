package collab

import (
	"math"
	"math/rand/v2"
	"slices"
)

// HoldOut takes a share of what each user took out of a matrix, at random by a seed: kept is the
// rest, held what was taken out, row by row and ascending. A user who took n items, at least 2, loses
// share·n of them, rounded half up, at least 1 and at most n-1; one who took fewer loses none. What
// is taken from a user depends on the seed, the user's number and what the user took alone.
func HoldOut(m *Matrix, share float64, seed uint64) (kept *Matrix, held [][]uint32) {
	kept = &Matrix{Users: m.Users, Items: m.Items, Start: make([]int, 1, m.Users+1)}
	held = make([][]uint32, m.Users)
	for u := range m.Users {
		row, weights := m.Row(u), m.Weights(u)
		out := make([]bool, len(row))
		if n := len(row); n >= 2 {
			rng := rand.New(rand.NewPCG(seed, uint64(u)))
			for _, k := range rng.Perm(n)[:min(max(int(math.Floor(share*float64(n)+0.5)), 1), n-1)] {
				out[k] = true
				held[u] = append(held[u], row[k])
			}
			slices.Sort(held[u])
		}
		for k, i := range row {
			if out[k] {
				continue
			}
			kept.Item = append(kept.Item, i)
			if weights != nil {
				kept.Weight = append(kept.Weight, weights[k])
			}
		}
		kept.Start = append(kept.Start, len(kept.Item))
	}
	return kept, held
}
