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

// TestBound floods engines with more keys than they may have: one event at a time, in batches, and
// through a pack in the middle. They hold the bound, keep who goes on, and end alike.
func TestBound(t *testing.T) {
	const most, users, items, events = 500, 400, 60, 6000
	defs := definitions()
	for seed := range uint64(4) {
		fresh := func() *Engine { return New(defs, Options{Slack: freshet.Minute, NewTable: mem.New, MaxKeys: most}) }
		catalogue := func(g *Engine) {
			for item := range uint32(items) {
				g.Upsert(item+1, &freshet.Item{ID: freshet.ItemID(fmt.Sprint(item + 1)), Categories: []string{fmt.Sprint("c", item%7), fmt.Sprint("d", item%5)}, Tags: []string{fmt.Sprint("t", item%3)}, Attributes: map[string]any{"brand": fmt.Sprint(item % 4)}})
			}
		}
		rng := rand.New(rand.NewPCG(seed, 15))
		newest := int64(1_700_000_000_000)
		var acts []Act
		for range events {
			_, _, e := randomEvent(rng, newest)
			e.ID = fmt.Sprint(len(acts))
			newest = max(newest, e.Time)
			visitor, item := uint32(1+rng.IntN(users)), uint32(1+rng.IntN(items))
			if rng.IntN(3) == 0 {
				visitor, item = 1, 1 // who goes on
			}
			acts = append(acts, Act{visitor, item, &e})
		}
		single, batched, packed := fresh(), fresh(), fresh()
		for _, g := range []*Engine{single, batched, packed} {
			catalogue(g)
		}
		over := 0
		for i, a := range acts {
			single.Apply(a.Visitor, a.Item, a.Event)
			over = max(over, single.Keys()-most)
			packed.Apply(a.Visitor, a.Item, a.Event)
			if i == events/2 {
				var w pack.Writer
				packed.Pack(&w)
				again := fresh()
				again.Unpack(pack.NewReader(w.Bytes), items+1, users+1)
				catalogue(again)
				packed = again
			}
		}
		for rest := acts; len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(100))
			batched.ApplyAll(rest[:n])
			rest = rest[n:]
		}
		if over > most/crowdedCells {
			t.Errorf("seed %d: %d keys more than %d", seed, over, most)
		}
		if single.Evicted() < events/2 {
			t.Errorf("seed %d: %d keys went; the test wants many", seed, single.Evicted())
		}
		alike := func(what string, g *Engine) {
			var was, is pack.Writer
			single.Pack(&was)
			g.Pack(&is)
			if g.Evicted() != single.Evicted() || !bytes.Equal(was.Bytes, is.Bytes) {
				t.Errorf("seed %d: %s: %d keys went instead of %d, packed alike: %v", seed, what, g.Evicted(), single.Evicted(), bytes.Equal(was.Bytes, is.Bytes))
			}
		}
		alike("in batches", batched)
		alike("through a pack", packed)
		for i := range defs {
			if at := single.LetGo(i); len(defs[i].Key) == 2 && at == 0 || at > single.newest+1 {
				t.Errorf("seed %d: %s let go of what is before %d", seed, defs[i].Name, at)
			}
		}
		lines := func(g *Engine) []string { return exported(t, g, nil) }
		if !slices.Equal(lines(single), lines(batched)) {
			t.Errorf("seed %d: exported otherwise", seed)
		}
	}
}

// TestLetGo: what went does not come back, what is newer is whole, and without a bound nothing goes.
func TestLetGo(t *testing.T) {
	defs := []Definition{
		{Name: "pairs", Key: []string{"user", "item"}, Agg: Count},
		{Name: "users", Key: []string{"user"}, Agg: Count},
		{Name: "twice", Expr: "users * 2"},
	}
	g := New(defs, Options{Slack: freshet.Minute, NewTable: mem.New, MaxKeys: 20})
	t0 := int64(1_700_000_000_000)
	for i := range int64(40) {
		g.Apply(1, uint32(1+i), &freshet.Event{Name: "click", Time: t0 + i})
	}
	// 19 pairs and the user are left.
	if g.Keys() != 20 || g.Evicted() != 21 || g.LetGo(0) != t0+21 || g.LetGo(1) != 0 || g.LetGo(2) != 0 {
		t.Errorf("%d keys, %d went, from before %d and %d ms", g.Keys(), g.Evicted(), g.LetGo(0)-t0, g.LetGo(1))
	}
	reader := g.Reader()
	reader.Start(1, t0+100, nil)
	values := make([]Value, 3)
	for i := range uint32(40) {
		want := 0.0
		if t0+int64(i) >= g.LetGo(0) {
			want = 1
		}
		reader.Row(1+i, values)
		if values[0].Value != want || values[1].Value != 40 {
			t.Errorf("item %d: %v of %v events, want %v of 40", i+1, values[0].Value, values[1].Value, want)
		}
	}
}
