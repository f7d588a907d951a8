package feature

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/store/mem"
)

// definitions covers every aggregate under every kind of key, windowed and not.
func definitions() []Definition {
	keys := [][]string{{"user"}, {"item"}, {"user", "item"}, {"item", "user"}, {"user", "item.category"}, {"item.categories"}, {"user", "item.brand"}, {"item.tags"}, {"item.id"}}
	shapes := []Definition{
		{Agg: Count, On: []string{"click"}, Window: 5 * freshet.Minute, Hop: 30 * freshet.Second},
		{Agg: Count},
		{Agg: Count, Window: 7 * freshet.Second, Hop: 7 * freshet.Second},
		{Agg: Sum, Field: "value", Window: freshet.Hour, Hop: freshet.Minute},
		{Agg: Sum, Field: "rank", On: []string{"click", "like"}},
		{Agg: Rate, Of: []string{"click"}, Per: []string{"expose"}, Window: freshet.Hour, Hop: freshet.Minute, Prior: [2]float64{1, 20}},
		{Agg: Rate, Of: []string{"click", "like"}, Per: []string{"expose", "click"}},
		{Agg: DecayedSum, HalfLife: 6 * freshet.Hour, On: []string{"click", "like"}},
		{Agg: DecayedSum, HalfLife: 10 * freshet.Second, Field: "value"},
		{Agg: LastTime, On: []string{"like"}},
		{Agg: Age, On: []string{"click"}},
	}
	var defs []Definition
	for _, key := range keys {
		for i, d := range shapes {
			d.Key = key
			d.Name = d.Agg + string(rune('a'+i)) + "_" + strings.Join(key, "_")
			defs = append(defs, d)
		}
	}
	return defs
}

func randomEvent(rng *rand.Rand, newest int64) (visitor, item uint32, e freshet.Event) {
	e.Name = []string{"click", "like", "expose", "view"}[rng.IntN(4)]
	switch rng.IntN(10) {
	case 0: // disordered, up to an hour
		e.Time = newest - rng.Int64N(int64(freshet.Hour))
	case 1: // ahead of time
		e.Time = newest + rng.Int64N(int64(freshet.Minute))
	case 2: // exactly on a hop boundary
		e.Time = newest/30_000*30_000 + 30_000*int64(rng.IntN(2))
	case 3: // a pause
		e.Time = newest + rng.Int64N(int64(20*freshet.Minute))
	default:
		e.Time = newest + rng.Int64N(2000)
	}
	if rng.IntN(2) == 0 {
		e.HasValue, e.Value = true, float64(rng.IntN(2_000_000)-1_000_000)/1e5+rng.Float64()*1e-5
	}
	if rng.IntN(3) == 0 {
		e.Rank = 1 + rng.IntN(20)
	}
	return uint32(rng.IntN(5)), uint32(rng.IntN(6)), e
}

func TestWindowedStateIsDropped(t *testing.T) {
	defs := []Definition{{Name: "pairs", Key: []string{"user", "item"}, Agg: Count, Window: freshet.Minute, Hop: freshet.Second}}
	engine := New(defs, Options{Slack: freshet.Minute, NewTable: mem.New})
	for i := range int64(100_000) {
		e := freshet.Event{Name: "click", Time: 1_700_000_000_000 + i*100}
		engine.Apply(uint32(1+i%977), uint32(1+i%991), &e)
	}
	// 10 events a second, readable for two minutes, twice that before a sweep comes by.
	if keys := engine.Keys(); keys > 10*60*2*2+100 {
		t.Errorf("%d live keys after 100,000 pairs, want those of the last minutes", keys)
	}
}
