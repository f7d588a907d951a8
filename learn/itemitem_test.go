package learn

import (
	"maps"
	"math"
	"strings"
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
	other := ridge
	other.Times = 2
	models, err := local{[]collab.RelativeRidge{other, ridge}}.train(t.Context(), m, 2, []int{1})
	if err != nil || len(models) != 1 {
		t.Fatal(len(models), err)
	}
	got := models[0]
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
	for _, c := range []struct{ items, pairs, ease, local int }{
		{1, 1, 8, 0}, {easeMost, 1 << 40, 8, 0}, {easeMost + 1, 1 << 20, 0, 4}, {localMost, localWork / localMost, 0, 4},
		{localMost, localWork/localMost + 1, 0, 0}, {localMost + 1, 1, 0, 0},
	} {
		kinds, names := map[string]int{}, map[string]bool{}
		for _, trial := range linearTrials(c.items, c.pairs) {
			for _, method := range trial.methods {
				kind, _, _ := strings.Cut(method, ",")
				kinds[kind]++
				names[method] = true
			}
		}
		want := map[string]int{"co-occurrence": 3}
		if c.ease > 0 {
			want["EASE"] = c.ease
		}
		if c.local > 0 {
			want["EASE in neighbourhoods"] = c.local
		}
		if !maps.Equal(kinds, want) || len(names) != 3+c.ease+c.local {
			t.Errorf("%d items, %d pairs: %v of %d names, want %v", c.items, c.pairs, kinds, len(names), want)
		}
	}
}
