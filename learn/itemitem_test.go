package learn

import (
	"math"
	"testing"

	"github.com/freshet-rec/freshet/collab"
)

// TestLocalIsEASE: where all items fit into a neighbourhood, and all were taken together, both solve
// the same equations.
func TestLocalIsEASE(t *testing.T) {
	taken := tastes(600, 2, 3).Taken()
	m := taken.matrix(whole)
	ridge := collab.RelativeRidge{Users: 0.5, Times: 8, Power: 0.25}
	want, err := ease{ridge}.train(t.Context(), m, 2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := local{ridge}.train(t.Context(), m, 2)
	if err != nil {
		t.Fatal(err)
	}
	const near = 1e-4 // they solve in another order
	pairs := 0
	for i := range uint32(m.Items) {
		left := map[uint32]float32{} // what is expected and has yet to be met
		items, weights := want.Neighbours(i)
		for k, j := range items {
			left[j] = weights[k]
		}
		items, weights = got.Neighbours(i)
		for k, j := range items {
			if d := math.Abs(float64(weights[k] - left[j])); d > near {
				t.Fatalf("%d speaks for %d with %v, want %v", i, j, weights[k], left[j])
			}
			delete(left, j)
			pairs++
		}
		for j, weight := range left {
			if math.Abs(float64(weight)) > near {
				t.Fatalf("%d does not speak for %d, want %v", i, j, weight)
			}
		}
	}
	if pairs < m.Items*10 {
		t.Errorf("%d pairs of %d items have a weight above 0", pairs, m.Items)
	}
}

// TestLinearTrials: whatever the number of items, something is tried, and what doesn't fit it is not.
func TestLinearTrials(t *testing.T) {
	for _, c := range []struct{ items, trials int }{{1, 11}, {easeMost, 11}, {easeMost + 1, 7}, {localMost, 7}, {localMost + 1, 3}} {
		list := linearTrials(c.items)
		names := map[string]bool{}
		for _, trial := range list {
			names[trial.method] = true
		}
		if len(list) != c.trials || len(names) != c.trials {
			t.Errorf("%d items: %d trials with %d names, want %d", c.items, len(list), len(names), c.trials)
		}
	}
}
