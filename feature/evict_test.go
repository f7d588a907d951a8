package feature

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/store/mem"
)

func crowded(defs []Definition, maxKeys int) *Engine {
	return New(defs, Options{Slack: slack, NewTable: mem.New, ItemID: func(item uint32) string { return string(itemID(item)) }, MaxKeys: maxKeys})
}

// TestOldestKeyGoes holds the engine against a list of keys by their newest event: with each new
// key beyond the bound the one whose newest event is oldest goes, is counted, and begins anew.
func TestOldestKeyGoes(t *testing.T) {
	const most = 50
	defs := []Definition{{Name: "n", Key: []string{"user", "item"}, Agg: Count}, {Name: "sum", Key: []string{"item", "user"}, Agg: DecayedSum, HalfLife: freshet.Second}}
	g := crowded(defs, most)
	type live struct {
		newest, n int64
	}
	model := map[[2]uint32]*live{}
	evicted := int64(0)
	rng := rand.New(rand.NewPCG(4, 4))
	now := int64(1_700_000_000_000)
	row := make([]Value, len(defs))
	for step := range 8000 {
		now += stayGrain + rng.Int64N(1000) // so that no two events are of one generation
		e := freshet.Event{Name: "click", Time: now}
		if rng.IntN(5) == 0 { // one that comes late does not make a key younger
			e.Time -= rng.Int64N(20) * stayGrain
		}
		k := [2]uint32{uint32(1 + rng.IntN(9)), uint32(1 + rng.IntN(12))}
		g.Apply(k[0], k[1], &e)
		if model[k] == nil {
			model[k] = &live{}
		}
		model[k].newest = max(model[k].newest, e.Time/stayGrain)
		model[k].n++
		if len(model) > most {
			var oldest [2]uint32
			for other, l := range model {
				if model[oldest] == nil || l.newest < model[oldest].newest {
					oldest = other
				}
			}
			ties := 0
			for _, l := range model {
				if l.newest == model[oldest].newest {
					ties++
				}
			}
			if ties > 1 { // which of them goes is told by the engine
				for other, l := range model {
					if r := g.Reader(); l.newest == model[oldest].newest {
						r.Start(other[0], now, nil)
						if r.Row(other[1], row); row[0].Events == 0 {
							oldest = other
						}
					}
				}
			}
			delete(model, oldest)
			evicted++
		}
		if g.Keys() != len(model) || g.Evicted() != evicted {
			t.Fatalf("step %d: %d keys and %d that had to go, want %d and %d", step, g.Keys(), g.Evicted(), len(model), evicted)
		}
		if step%20 != 0 {
			continue
		}
		for user := range uint32(9) {
			r := g.Reader()
			r.Start(user+1, now, nil)
			for item := range uint32(12) {
				want := int64(0)
				if l := model[[2]uint32{user + 1, item + 1}]; l != nil {
					want = l.n
				}
				if r.Row(item+1, row); row[0].Events != want || row[1].Events != want {
					t.Fatalf("step %d: user %d and item %d have %d and %d events, want %d", step, user+1, item+1, row[0].Events, row[1].Events, want)
				}
			}
		}
	}
	if evicted < 1000 {
		t.Errorf("only %d keys had to go", evicted)
	}
}

// TestPairsGoFirst: as long as any key has two parts those go, of the larger table first; then the others.
func TestPairsGoFirst(t *testing.T) {
	defs := []Definition{
		{Name: "user", Key: []string{"user"}, Agg: Count, On: []string{"visit"}},
		{Name: "pair", Key: []string{"user", "item"}, Agg: Count, On: []string{"click"}},
		{Name: "place", Key: []string{"user", "context.place"}, Agg: Count, On: []string{"go"}},
	}
	g := crowded(defs, 100)
	lens := func() [3]int {
		return [3]int{g.groups[0].table.Len(), g.groups[1].table.Len(), g.groups[2].table.Len()}
	}
	now := int64(1_700_000_000_000)
	apply := func(name string, user, item uint32) {
		now += 1000
		g.Apply(user, item, &freshet.Event{Name: name, Time: now, Context: map[string]any{"place": fmt.Sprint(item)}})
	}
	for i := range uint32(30) {
		apply("click", i+1, 1)
	}
	for i := range uint32(40) {
		apply("go", i+1, 1)
	}
	for i := range uint32(30) {
		apply("visit", i+1, 1)
	}
	if got := lens(); got != [3]int{30, 30, 40} || g.Evicted() != 0 {
		t.Fatalf("%v keys, %d had to go", got, g.Evicted())
	}
	for i, want := range [][3]int{{40, 30, 30}, {70, 15, 15}, {100, 0, 0}, {100, 0, 0}} {
		for g.groups[0].table.Len() < want[0] || i == 3 && g.Evicted() < 80 {
			apply("visit", uint32(1000+now/1000%100_000), 1)
		}
		if got := lens(); got != want {
			t.Errorf("with %d users there are %v keys, want %v", want[0], got, want)
		}
	}
	apply("click", 1, 1) // one pair is too many, and it is the only one
	if got := lens(); got != [3]int{100, 0, 0} {
		t.Errorf("%v keys after one pair more", got)
	}
}

// evicting are definitions of several tables, kept by all kinds of cells.
func evicting() []Definition {
	defs := []Definition{
		{Key: []string{"user", "item"}, Agg: LastTime},
		{Key: []string{"user", "item"}, Agg: DecayedSum, HalfLife: freshet.Second},
		{Key: []string{"user", "item"}, Agg: DecayedSum, HalfLife: freshet.Hour},
		{Key: []string{"user", "context.place"}, Agg: Last, Field: "query"},
		{Key: []string{"user"}, Agg: Count, Window: freshet.Minute, Hop: freshet.Second},
		{Key: []string{"item"}, Agg: LastK, K: 3},
		{Key: []string{"user", "item", "context.place"}, Agg: Distinct, Field: "query", Window: freshet.Hour, Hop: freshet.Minute},
		{Key: []string{"item", "context.place"}, Agg: Rate, Of: []string{"click"}, Per: []string{"expose", "click"}, Window: freshet.Hour, Hop: freshet.Minute},
	}
	for i := range defs {
		defs[i].Name = fmt.Sprint(defs[i].Agg, i)
	}
	return defs
}

// evictingActs come late by less than late ms.
func evictingActs(seed uint64, n int, late int64) []Act {
	rng := rand.New(rand.NewPCG(seed, 6))
	now := int64(1_700_000_000_000)
	var acts []Act
	for i := range n {
		now += rng.Int64N([]int64{20, 2000, 60_000}[i/500%3])
		acts = append(acts, Act{uint32(rng.IntN(60)), uint32(rng.IntN(40)), &freshet.Event{
			ID: fmt.Sprint(i), Name: []string{"click", "expose", "view"}[rng.IntN(3)], Item: "x", Query: fmt.Sprint("q", rng.IntN(9)),
			Time: now - rng.Int64N(late)*int64(rng.IntN(2)), Context: map[string]any{"place": fmt.Sprint(rng.IntN(4))},
		}})
	}
	return acts
}

// TestEvictionIsDeterministic: one act at a time, batches of any length, and an engine that was
// packed and unpacked in the middle end with the same bytes.
func TestEvictionIsDeterministic(t *testing.T) {
	for seed := range uint64(6) {
		evictsAlike(t, seed, []int{100, 400, 1500}[seed%3], evictingActs(seed, 6000, int64(slack)))
	}
}

// evictsAlike plays acts to three engines.
func evictsAlike(t *testing.T, seed uint64, most int, acts []Act) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	one, many := crowded(evicting(), most), crowded(evicting(), most)
	var again *Engine
	for i := 0; i < len(acts); {
		n := min(len(acts)-i, 1+rng.IntN(100))
		for _, act := range acts[i : i+n] {
			one.Apply(act.Visitor, act.Item, act.Event)
			if again != nil {
				again.Apply(act.Visitor, act.Item, act.Event)
			}
		}
		many.ApplyAll(slices.Clone(acts[i : i+n]))
		if i += n; again == nil && i > len(acts)/2 {
			again = crowded(evicting(), most)
			r := pack.NewReader(packedEngine(one))
			if again.Unpack(r, 1<<20, 1<<20); r.Done() != nil {
				t.Fatal(r.Done())
			}
		}
		if one.Keys() != many.Keys() || one.Evicted() != many.Evicted() {
			t.Fatalf("seed %d, after %d acts: one by one %d keys, %d had to go; in batches %d, %d", seed, i, one.Keys(), one.Evicted(), many.Keys(), many.Evicted())
		}
	}
	if one.Evicted() == 0 {
		t.Fatal("no key had to go")
	}
	want := packedEngine(one)
	if !bytes.Equal(packedEngine(many), want) {
		t.Errorf("seed %d: in batches it ends differently", seed)
	}
	if !bytes.Equal(packedEngine(again), want) || again.Evicted() != one.Evicted() {
		t.Errorf("seed %d: packed in the middle it ends differently; %d had to go, want %d", seed, again.Evicted(), one.Evicted())
	}
}

// TestSlabsFollowEviction: what has gone leaves nothing in the slabs, nor does what it waited for.
func TestSlabsFollowEviction(t *testing.T) {
	for _, d := range evicting() {
		d.Key = []string{"user", "item"}
		g := crowded([]Definition{d}, 200)
		var half int64
		acts := evictingActs(3, 20_000, int64(slack))
		for i, act := range acts {
			g.Apply(uint32(i+1), act.Item, act.Event) // ever new visitors
			if i == len(acts)/2 {
				half = g.Bytes()
			}
		}
		if g.Keys() > 200 {
			t.Errorf("%s: %d keys, want 200 at most", d.Name, g.Keys())
		}
		if got := g.Bytes(); got > half*5/4 {
			t.Errorf("%s: %d bytes in the end, %d in the middle", d.Name, got, half)
		}
	}
}

// TestMaxKeysIsABound: an event that makes a key in each of several tables makes several too many: all have to go.
func TestMaxKeysIsABound(t *testing.T) {
	defs := []Definition{
		{Name: "a", Key: []string{"user", "item"}, Agg: Count},
		{Name: "b", Key: []string{"user", "context.place"}, Agg: Count},
		{Name: "c", Key: []string{"user"}, Agg: Count},
	}
	g := crowded(defs, 200)
	for i := range 20_000 {
		g.Apply(uint32(i+1), 1, &freshet.Event{Name: "click", Time: 1_700_000_000_000 + int64(i), Context: map[string]any{"place": fmt.Sprint(i % 5)}})
	}
	if g.Keys() > 200 {
		t.Errorf("%d keys, want 200 at most", g.Keys())
	}
}

// TestEvictionOfLateActsIsDeterministic: a late act of a plain group passed twice when the batch has room (applyAll, and then apply), once
// when it has none: what is spent then depends on the lengths of batches.
func TestEvictionOfLateActsIsDeterministic(t *testing.T) {
	for seed := range uint64(6) {
		evictsAlike(t, seed, []int{100, 400, 1500}[seed%3], evictingActs(seed, 6000, 100_000))
	}
}
