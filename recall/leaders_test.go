package recall

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestLeadersAgreeWithOracle: whatever rises and falls, the leaders are the first of all items in
// their order and no more is said of them than is known; in between all is scaled, and cleared.
func TestLeadersAgreeWithOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 3))
		items := rapid.SampledFrom([]int{10, 600, 6000}).Draw(rt, "items")
		most := rapid.SampledFrom([]int64{1, 3, 1000}).Draw(rt, "most") // many alike, or few
		var p peaked[int64]
		values := make([]int64, items)
		for range rapid.IntRange(1, 5).Draw(rt, "phases") {
			down := rapid.SampledFrom([]int{0, 2, 9}).Draw(rt, "down")
			for range rapid.SampledFrom([]int{50, 3000, 20_000}).Draw(rt, "steps") {
				item := uint32(float64(items) * rng.Float64() * rng.Float64())
				by := 1 + rng.Int64N(most)
				if rng.IntN(10) < down {
					by = -min(by, values[item])
				}
				values[item] += by
				p.add(item, by)
			}
			switch rapid.IntRange(0, 5).Draw(rt, "then") {
			case 0:
				p.clear()
				clear(values)
			case 1:
				p.scale(2)
				for i := range values {
					values[i] *= 2
				}
			default:
				p.settle(nil)
			}
			all := topOracle(values, items, func(uint32) bool { return false })
			l := &p.lead
			if n := len(l.list); n > leadersMost || !slices.Equal(l.list, all[:min(n, len(all))]) || l.bar.score == 0 && n < len(all) || n < min(leadersLeast, len(all)) {
				rt.Fatalf("%d leaders with the bar %v are not the first of %d items", n, l.bar, len(all))
			}
			odd, n := uint32(1+rng.IntN(5)), rng.IntN(400)
			skip := func(item uint32) bool { return item%odd == 1 }
			got, err := p.top(t.Context(), n, skip)
			if want := topOracle(values, n, skip); err != nil || !slices.Equal(got, want) {
				rt.Fatalf("the first %d are %v, %v, want %v", n, got, err, want)
			}
			least := 1 + rng.Int64N(3*most)
			var seen []scored
			done := p.descend(func(v int64) bool { return v >= least }, func(item uint32, v int64) { seen = append(seen, scored{float64(v), item}) })
			if want := slices.IndexFunc(all, func(s scored) bool { return s.score < float64(least) }); done && len(seen) != len(all) && len(seen) != want || !slices.Equal(seen, all[:len(seen)]) {
				rt.Fatalf("from %d upwards there are %d, want %d, done %v", least, len(seen), want, done)
			}
		}
	})
}
