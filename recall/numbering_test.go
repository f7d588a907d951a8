package recall

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestNumberingAgreesWithMap holds the table against a map, again and again in the same room.
func TestNumberingAgreesWithMap(t *testing.T) {
	var n numbering
	rapid.Check(t, func(t *rapid.T) {
		defer n.reset()
		if len(n.items) > 0 || n.find(1) >= 0 {
			t.Fatalf("an empty one has %d items", len(n.items))
		}
		known := map[uint32]int{}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		step := rapid.SampledFrom([]uint32{1, 1 << 10, 1 << 20, 0x9e3779b1}).Draw(t, "step") // items that lie close, or far apart
		count := rapid.SampledFrom([]int{10, 2000, 50_000}).Draw(t, "count")
		for range count {
			item := step * uint32(1+rng.IntN(count))
			want, had := known[item]
			if !had {
				want = len(known)
				if n.find(item) != -1 {
					t.Fatalf("item %d, not met, has the number %d", item, n.find(item))
				}
			}
			known[item] = want
			if got, first := n.of(item); got != want || first == had || n.items[got] != item || n.find(item) != want {
				t.Fatalf("item %d has the number %d, first %v, want %d", item, got, first, want)
			}
		}
	})
}
