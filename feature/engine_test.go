package feature

import (
	"encoding/json"
	"math"
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

func TestEngineAgreesWithOracle(t *testing.T) {
	const slack = freshet.Minute
	defs := definitions()
	for _, d := range defs {
		if faults := d.Check(); len(faults) > 0 {
			t.Fatalf("definition %+v: %v", d, faults)
		}
	}
	cells := 0
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		engine := New(defs, Options{Slack: slack, NewTable: mem.New})
		var want oracle
		newest := int64(1_700_000_000_000) + rng.Int64N(1000)
		row := make([]Value, len(defs))
		reader := engine.Reader()
		for range 400 {
			if rng.IntN(12) == 0 {
				item, doc := randomItem(rng)
				engine.Upsert(item, doc)
				want.upsert(item, doc)
			}
			visitor, item, e := randomEvent(rng, newest)
			newest = max(newest, e.Time)
			engine.Apply(visitor, item, &e)
			want.apply(visitor, item, &e)
			if rng.IntN(8) > 0 {
				continue
			}
			// Any q from slack behind the newest event to well after it may be asked for.
			q := newest - int64(slack) + rng.Int64N(int64(slack)*3)
			if rng.IntN(4) == 0 {
				q = newest + rng.Int64N(3*int64(freshet.Hour))
			}
			visitor, item = uint32(rng.IntN(5)), uint32(rng.IntN(6))
			reader.Start(visitor, q, nil)
			reader.Row(uint32(rng.IntN(6)), row) // whatever was read before for others
			reader.Row(item, row)
			for i, d := range defs {
				value, ok := want.read(d, visitor, item, q)
				got := row[i]
				cells++
				if got.Null == ok || !close9(d.Agg, got.Value, value, ok) {
					t.Fatalf("seed %d: %s of visitor %d item %d at newest%+d ms = %v (null %v), want %v (null %v)",
						seed, d.Name, visitor, item, q-newest, got.Value, got.Null, value, !ok)
				}
			}
		}
	}
	t.Logf("%d cells compared", cells)
}

// close9 compares exactly, decayed sums and means of several keys within 1e-9.
func close9(agg string, got, want float64, ok bool) bool {
	if !ok {
		return true
	}
	if agg == DecayedSum {
		return math.Abs(got-want) <= 1e-9*math.Abs(want)+1e-12
	}
	return got == want
}

func randomItem(rng *rand.Rand) (uint32, *freshet.Item) {
	pick := func(words ...string) string { return words[rng.IntN(len(words))] }
	item := uint32(1 + rng.IntN(5))
	doc := &freshet.Item{ID: freshet.ItemID(rune('a' + item))}
	for range rng.IntN(4) {
		doc.Categories = append(doc.Categories, pick("sea", "harbour", "storm"))
	}
	doc.Attributes = map[string]any{}
	switch rng.IntN(5) {
	case 0:
		doc.Attributes["brand"] = pick("1", "alder")
	case 1:
		doc.Attributes["brand"] = json.Number("1")
	case 2:
		doc.Attributes["brand"] = true
	}
	if rng.IntN(2) == 0 {
		doc.Attributes["tags"] = []any{pick("x", "y"), pick("x", "y"), json.Number("2")}
	}
	return item, doc
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
