package recall

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// act is a click of weight 1.
func act(visitor, item uint32, t int64) *Act {
	return &Act{Visitor: visitor, Item: item, Time: t, Name: "click", Signal: freshet.SignalClick, Weight: 1}
}

// signalled is an act with a signal, named after it.
func signalled(visitor, item uint32, t int64, s freshet.Signal) *Act {
	a := act(visitor, item, t)
	a.Signal, a.Name = s, string(s)
	return a
}

// recentOf is the oracle of Recent: of all positive acts of a visitor, the newest per item
// (the later to come of equal times), the last maxRecent by time (ties as they came).
func recentOf(acts []*Act, visitor uint32) []Past {
	var list []Past
	for i, a := range acts {
		if a.Visitor != visitor || visitor == 0 || a.Item == 0 || !a.Signal.Positive() {
			continue
		}
		newer := func(b *Act) bool {
			return b.Visitor == visitor && b.Item == a.Item && b.Signal.Positive()
		}
		last := true
		for k, b := range acts {
			if newer(b) && (b.Time > a.Time || b.Time == a.Time && k > i) {
				last = false
			}
		}
		if last {
			list = append(list, Past{a.Item, a.Time, a.Name})
		}
	}
	slices.SortStableFunc(list, func(a, b Past) int { return compare(a.Time, b.Time) })
	return list[max(0, len(list)-maxRecent):]
}

func TestHistoriesAgreeWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h Histories
		var acts []*Act
		visitors, items, most := 3, uint32(5), 150
		signals := append(freshet.Signals(), freshet.SignalClick, freshet.SignalClick, freshet.SignalEngage)
		if rapid.IntRange(0, 3).Draw(t, "story") == 0 { // one visitor of many items, for the bound of recent acts
			visitors, items, most = 1, 120, 200
			signals = []freshet.Signal{freshet.SignalClick, freshet.SignalConvert}
		}
		for range rapid.IntRange(most/2, most).Draw(t, "acts") {
			a := signalled(
				rapid.Uint32Range(0, uint32(visitors)).Draw(t, "visitor"), rapid.Uint32Range(1, items).Draw(t, "item"),
				rapid.Int64Range(1, 100).Draw(t, "time"), rapid.SampledFrom(signals).Draw(t, "signal"),
			)
			if rapid.IntRange(0, 20).Draw(t, "nothing") == 0 {
				a.Item = 0
			}
			h.Apply(a)
			acts = append(acts, a)
		}
		for visitor := range uint32(visitors + 2) {
			if got, want := h.Recent(visitor), recentOf(acts, visitor); !slices.Equal(got, want) {
				t.Fatalf("Recent(%d) =\n%v\nwant\n%v", visitor, got, want)
			}
			for item := range uint32(122) {
				seenAt, seen, bought := int64(0), false, false
				for _, a := range acts {
					if visitor == 0 || item == 0 || a.Visitor != visitor || a.Item != item || a.Signal == freshet.SignalImpression || a.Signal == freshet.SignalContext {
						continue
					}
					seenAt, seen, bought = max(seenAt, a.Time), true, bought || a.Signal == freshet.SignalConvert
				}
				if at, ok := h.Seen(visitor, item); at != seenAt || ok != seen {
					t.Fatalf("Seen(%d, %d) = %d, %t; want %d, %t", visitor, item, at, ok, seenAt, seen)
				}
				if got := h.Bought(visitor, item); got != bought {
					t.Fatalf("Bought(%d, %d) = %t, want %t", visitor, item, got, bought)
				}
			}
		}
	})
}

func TestHistoriesOfNobody(t *testing.T) {
	var h Histories
	h.Apply(act(0, 5, 10))
	h.Apply(act(5, 0, 10))
	for _, visitor := range []uint32{0, 5, 1 << 30} {
		if got := h.Recent(visitor); got != nil {
			t.Errorf("Recent(%d) = %v, want nothing", visitor, got)
		}
		if _, ok := h.Seen(visitor, 5); ok || h.Bought(visitor, 5) {
			t.Errorf("visitor %d has seen or bought an item", visitor)
		}
	}
}

func TestHistoriesForgetTheLongestUnseen(t *testing.T) {
	tests := []struct {
		name string
		time func(item uint32) int64 // when item 1, 2, 3, … is seen
		gone func(item uint32) bool  // what the first forgetting takes
	}{
		{"in order", func(item uint32) int64 { return int64(item) }, func(item uint32) bool { return item <= maxSeen/10 }},
		{"newest first", func(item uint32) int64 { return 100_000 - int64(item) }, func(item uint32) bool { return item > maxSeen+1-maxSeen/10 }},
		{"ties by item number", func(uint32) int64 { return 7 }, func(item uint32) bool { return item <= maxSeen/10 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h Histories
			see := func(item uint32) { h.Apply(signalled(1, item, tt.time(item), freshet.SignalConvert)) }
			for item := range uint32(maxSeen) {
				see(item + 1)
			}
			for item := range uint32(maxSeen) {
				if _, ok := h.Seen(1, item+1); !ok {
					t.Fatalf("item %d of %d is forgotten before the bound is passed", item+1, maxSeen)
				}
			}
			see(maxSeen + 1)
			for item := uint32(1); item <= maxSeen+1; item++ {
				_, seen := h.Seen(1, item)
				if seen == tt.gone(item) {
					t.Fatalf("item %d seen: %t, want %t", item, seen, !tt.gone(item))
				}
				if bought := h.Bought(1, item); bought != seen {
					t.Fatalf("item %d seen: %t, bought: %t; want both or neither", item, seen, bought)
				}
			}
			recent := h.Recent(1)
			if len(recent) != maxRecent || !slices.IsSortedFunc(recent, func(a, b Past) int { return compare(a.Time, b.Time) }) {
				t.Fatalf("recent acts %v, want %d, oldest first", recent, maxRecent)
			}
			for _, p := range recent {
				if tt.gone(p.Item) {
					t.Errorf("item %d is forgotten but recent", p.Item)
				}
			}
		})
	}
}
