package serve

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestExplorePropensities holds what is logged against what happens: over many seeds each
// candidate is in the slate as often as its propensity says, in each place that is drawn alike.
func TestExplorePropensities(t *testing.T) {
	const seeds = 20_000
	for _, c := range []struct {
		name      string
		order, n  int
		explorers []int
		share     float64
	}{
		{"one in twenty of ten", 30, 10, []int{3, 12, 15, 20, 29}, 0.05},
		{"a quarter, in the middle", 30, 10, []int{3, 8, 9, 12, 15, 20, 29}, 0.25},
		{"fewer than places kept", 30, 10, []int{1, 12}, 0.5},
		{"none", 30, 10, nil, 0.5},
		{"all places", 30, 10, []int{1, 2, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}, 1},
		{"a slate of one", 8, 1, []int{5, 6}, 0.3},
		{"no more candidates than places", 5, 10, []int{0, 4}, 0.3},
		{"one candidate", 1, 1, []int{0}, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			order := make([]int, c.order)
			for i := range order {
				order[i] = c.order - 1 - i // the candidate at place i
			}
			explores := func(candidate int) bool { return slices.Contains(c.explorers, c.order-1-candidate) }
			in, told, kept := make([]int, c.order), make([]float64, c.order), 0
			for seed := range uint64(seeds) {
				for _, p := range explore(order, explores, c.n, c.share, seed) {
					in[p.candidate]++
					if told[p.candidate] != 0 && told[p.candidate] != p.propensity {
						t.Fatalf("candidate %d has the propensities %v and %v", p.candidate, told[p.candidate], p.propensity)
					}
					told[p.candidate] = p.propensity
					if p.explored {
						kept++
						if !explores(p.candidate) {
							t.Fatalf("candidate %d has a place kept and does not explore", p.candidate)
						}
					}
				}
			}
			for i, count := range in {
				want := told[i]
				if got := float64(count) / seeds; math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/seeds)+1e-12 {
					t.Errorf("candidate %d: in %.4f of the slates, its propensity is %.4f", i, got, want)
				}
			}
			if n := min(c.n, c.order); len(c.explorers) >= n { // then all places kept can be filled
				want := c.share * float64(n)
				if got := float64(kept) / seeds; math.Abs(got-want) > 0.02 {
					t.Errorf("%.3f places kept a slate, want %.3f", got, want)
				}
			}
		})
	}
}

// What explore returns is a slate: full, no candidate twice, those not drawn in their order, and
// without a share the order itself.
func TestExploreProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		order := rapid.Permutation(sequence(rapid.IntRange(0, 40).Draw(rt, "candidates"))).Draw(rt, "order")
		kinds := rapid.SliceOfN(rapid.Bool(), len(order), len(order)).Draw(rt, "explore")
		n, share, seed := rapid.IntRange(1, 50).Draw(rt, "n"), rapid.Float64Range(0, 1).Draw(rt, "share"), rapid.Uint64().Draw(rt, "seed")
		place := make([]int, len(order))
		for at, c := range order {
			place[c] = at
		}
		picks := explore(order, func(c int) bool { return kinds[c] }, n, share, seed)
		if !slices.Equal(picks, explore(order, func(c int) bool { return kinds[c] }, n, share, seed)) {
			rt.Fatal("the same seed gives another slate")
		}
		if len(picks) != min(n, len(order)) {
			rt.Fatalf("%d places of %d filled from %d candidates", len(picks), n, len(order))
		}
		last, kept, seen := -1, 0, map[int]bool{}
		for _, p := range picks {
			if seen[p.candidate] {
				rt.Fatalf("candidate %d twice", p.candidate)
			}
			seen[p.candidate] = true
			if share > 0 && (p.propensity <= 0 || p.propensity > 1) {
				rt.Fatalf("propensity %v", p.propensity)
			}
			if p.explored {
				kept++
				continue
			}
			if place[p.candidate] <= last {
				rt.Fatalf("%v is out of order", picks)
			}
			last = place[p.candidate]
		}
		if most := math.Ceil(share * float64(len(picks))); float64(kept) > most {
			rt.Fatalf("%d places kept, at most %v", kept, most)
		}
		if share == 0 && len(picks) > 0 && last != len(picks)-1 {
			rt.Fatal("without a share it is not the order")
		}
	})
}

func sequence(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
