package recall

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAmountsAreAMap holds amounts against a map, with few items and with many, close together and far
// apart.
func TestAmountsAreAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	for round := range 60 {
		var a amounts
		want := map[uint32]int64{}
		spread, apart := uint32(1+rng.IntN(400)), uint32(1)<<rng.IntN(20)
		for range rng.IntN(600) {
			item := rng.Uint32N(spread) * apart
			by := rng.Int64N(7) - 3
			*a.at(item) += by
			want[item] += by
			other := rng.Uint32N(spread) * apart
			got, ok := a.of(other)
			if should, has := want[other]; got != should || ok != has {
				t.Fatalf("round %d: item %d has %d, %v; want %d, %v", round, other, got, ok, should, has)
			}
		}
		if a.len != len(want) || !maps.Equal(maps.Collect(a.all()), want) || !slices.Equal(a.items(), slices.Sorted(maps.Keys(want))) {
			t.Fatalf("round %d: %d items %v, want %v", round, a.len, a.items(), want)
		}
		if most := max(leastAmounts, 4*a.len); len(a.places) > most {
			t.Errorf("%d places for %d items", len(a.places), a.len)
		}
	}
}
