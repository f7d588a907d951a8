package feature

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/store/mem"
)

// exported is what an engine exports, with numbers for names.
func exported(t *testing.T, g *Engine, from map[uint32]string) []string {
	t.Helper()
	var lines []string
	name := func(n uint32) string { return fmt.Sprintf("%s#", from[n]) }
	if err := g.Export(name, name, func(line string) error {
		lines = append(lines, line)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestTheOrderDoesNotShow applies the same events in two orders, with other numbers for
// visitors and items, and exports the same.
func TestTheOrderDoesNotShow(t *testing.T) {
	defs := slices.DeleteFunc(definitions(), func(d Definition) bool { return d.Agg == DecayedSum || len(d.Key) == 0 })
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		type act struct {
			visitor, item uint32
			event         freshet.Event
		}
		var acts []act
		newest := int64(1_700_000_000_000)
		for range 300 {
			visitor, item, e := randomEvent(rng, newest)
			acts = append(acts, act{visitor, item, e})
		}
		play := func(acts []act, number func(uint32) uint32) []string {
			g := New(defs, Options{Slack: freshet.Minute, NewTable: mem.New})
			names := map[uint32]string{}
			for n := range uint32(12) {
				if n > 0 {
					names[number(n)] = fmt.Sprint(n)
				}
			}
			for item := range uint32(6) {
				if item > 0 {
					g.Upsert(number(item), &freshet.Item{ID: freshet.ItemID(fmt.Sprint(item)), Categories: []string{fmt.Sprint("c", item%3)}})
				}
			}
			for _, a := range acts {
				visitor, item := a.visitor, a.item
				if visitor != 0 {
					visitor = number(visitor)
				}
				if item != 0 {
					item = number(item)
				}
				e := a.event
				g.Apply(visitor, item, &e)
			}
			return exported(t, g, names)
		}
		one := play(acts, func(n uint32) uint32 { return n })
		shuffled := slices.Clone(acts)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		two := play(shuffled, func(n uint32) uint32 { return 12 - n })
		if !slices.Equal(one, two) {
			for i := range min(len(one), len(two)) {
				if one[i] != two[i] {
					t.Fatalf("seed %d: line %d is\n%q\nand in another order\n%q", seed, i, one[i], two[i])
				}
			}
			t.Fatalf("seed %d: %d and %d lines", seed, len(one), len(two))
		}
		if len(one) < 20 {
			t.Fatalf("only %d lines", len(one))
		}
		// One event less is seen.
		if fewer := play(acts[1:], func(n uint32) uint32 { return n }); slices.Equal(one, fewer) {
			t.Logf("seed %d: the first event counts nowhere", seed)
		}
	}
}
