package feature

import (
	"fmt"
	"testing"

	"github.com/freshet-rec/freshet"
)

// windowed is every aggregate in a window of a minute.
func windowed(key ...string) []Definition {
	var defs []Definition
	for _, d := range []Definition{
		{Agg: Count}, {Agg: Sum, Field: "value"}, {Agg: Mean, Field: "value"}, {Agg: Min, Field: "value"}, {Agg: Max, Field: "value"},
		{Agg: Rate, Of: []string{"click"}, Per: []string{"click", "expose"}}, {Agg: Last, Field: "query"}, {Agg: LastTime}, {Agg: Age},
		{Agg: Distinct, Field: "query"}, {Agg: LastK, K: 5},
	} {
		d.Name, d.Key, d.Window, d.Hop = "w_"+d.Agg, key, freshet.Minute, 10*freshet.Second
		defs = append(defs, d)
	}
	return defs
}

// TestKeysLeaveWithTheirLastTile: when time goes on under other keys, or under one alone, the
// engine falls back to the keys that some read can still find, and gives back their slabs.
func TestKeysLeaveWithTheirLastTile(t *testing.T) {
	for i := range windowed("item") {
		defs := windowed("item")[i : i+1]
		t.Run(defs[0].Agg, func(t *testing.T) {
			g := newEngine(defs)
			start := int64(1_700_000_000_000)
			for n := range 20_000 {
				e := freshet.Event{ID: fmt.Sprint(n), Name: "click", Item: "x", HasValue: true, Value: 1, Query: fmt.Sprint("q", n%300), Time: start + int64(n)}
				g.Apply(1, uint32(1+n%2000), &e)
			}
			if g.Keys() != 2000 {
				t.Fatalf("%d keys, want 2000", g.Keys())
			}
			// A window, its hop, the slack and a grain later nobody finds anything; four are looked at with each event.
			for n := range 3000 {
				e := freshet.Event{Name: "click", Item: "x", HasValue: true, Query: "q", Time: start + 3*int64(freshet.Minute) + int64(n)}
				g.Apply(1, 5000, &e)
			}
			if g.Keys() != 1 {
				t.Errorf("%d keys after all but one are spent", g.Keys())
			}
			c := g.columns[0]
			if c.live != 1 {
				t.Errorf("%d live cells, want 1", c.live)
			}
			if most := 60; c.slab.Len() > most { // those of the key that is left
				t.Errorf("%d pieces of the slab are in use, want %d at most", c.slab.Len(), most)
			}
		})
	}
}

// TestMemoryOfEverNewKeys: over a long run in which each key comes for a while and never again, the
// engine takes no more in the end than it took early, and what it says to hold is about what lives.
func TestMemoryOfEverNewKeys(t *testing.T) {
	defs := append(windowed("user", "item"), windowed("context.place")[0])
	defs[len(defs)-1].Key, defs[len(defs)-1].Name = []string{"user"}, "by_user"
	g := newEngine(defs)
	const n, minute = 120_000, int64(freshet.Minute)
	var early int64
	now := int64(1_700_000_000_000)
	for i := range n {
		now += 40 // 1,500 a minute
		e := freshet.Event{ID: fmt.Sprint(i), Name: "click", Item: "x", HasValue: true, Value: 1, Query: fmt.Sprint("a query ", i), Time: now}
		g.Apply(uint32(1+i/10), uint32(1+i%10), &e)
		if i == n/4 {
			early = g.Bytes()
		}
	}
	// Read for a window and a hop, and the slack; a quarter of that for the grain, and half again to come by.
	if most := int((2*minute + 10_000) * 7 / 4 / 40 * 11 / 10); g.Keys() > most {
		t.Errorf("%d keys, want %d at most", g.Keys(), most)
	}
	if got := g.Bytes(); got > early*6/5 {
		t.Errorf("%d bytes in the end, %d after a quarter", got, early)
	}
}
