package recall

import (
	"fmt"
	"slices"
	"strings"
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

// refusedOf is the oracle of Refused: a negative act refuses an item unless a later positive one
// came before it, and a positive one that is not older than the newest of these takes that back.
func refusedOf(acts []*Act, visitor uint32) map[uint32]Past {
	refused, liked := map[uint32]Past{}, map[uint32]int64{}
	for _, a := range acts {
		if visitor == 0 || a.Visitor != visitor || a.Item == 0 {
			continue
		}
		last, is := refused[a.Item]
		switch {
		case a.Signal == freshet.SignalNegative && a.Time >= liked[a.Item] && (!is || a.Time >= last.Time):
			refused[a.Item] = Past{a.Item, a.Time, a.Name}
		case a.Signal.Positive():
			liked[a.Item] = max(liked[a.Item], a.Time)
			if is && a.Time >= last.Time {
				delete(refused, a.Item)
			}
		}
	}
	return refused
}

// dislikedOf is the oracle of Disliked: newest first, of equal times the later to come.
func dislikedOf(acts []*Act, visitor uint32) (list []Past) {
	refused := refusedOf(acts, visitor)
	for i := len(acts) - 1; i >= 0; i-- {
		p := Past{acts[i].Item, acts[i].Time, acts[i].Name}
		if acts[i].Visitor == visitor && acts[i].Signal == freshet.SignalNegative && refused[p.Item] == p && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b Past) int { return compare(b.Time, a.Time) })
	return list[:min(len(list), maxDisliked)]
}

func TestHistoriesKeepTheLastSearches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h Histories
		var all []Query
		for range rapid.IntRange(1, 40).Draw(t, "searches") {
			q := Query{fmt.Sprintf("q%d", rapid.IntRange(0, 14).Draw(t, "text")), rapid.Int64Range(1, 30).Draw(t, "time")}
			h.Apply(&Act{Visitor: 1, Query: q.Text, Time: q.Time, Name: "search", Signal: freshet.SignalContext, Weight: 1})
			all = append(all, q)
		}
		// The newest of each text, newest first, of equal times the later to come; what fell out of
		// the list once may not be in it.
		last := map[string]int64{}
		for _, q := range all {
			last[q.Text] = max(last[q.Text], q.Time)
		}
		got := h.Queries(1)
		if len(got) != min(len(last), maxQueries) || !slices.IsSortedFunc(got, func(a, b Query) int { return compare(b.Time, a.Time) }) {
			t.Fatalf("Queries = %v of %d texts", got, len(last))
		}
		for _, q := range got {
			if len(last) <= maxQueries && last[q.Text] != q.Time {
				t.Fatalf("Queries = %v; the newest of %q is at %d", got, q.Text, last[q.Text])
			}
		}
		if newest := slices.MaxFunc(all, func(a, b Query) int { return compare(a.Time, b.Time) }); got[0].Time != newest.Time {
			t.Fatalf("Queries = %v without %v", got, newest)
		}
	})
}

func TestHistoriesClipSearches(t *testing.T) {
	var h Histories
	search := func(visitor uint32, text string, s freshet.Signal) {
		h.Apply(&Act{Visitor: visitor, Query: text, Time: 1, Name: "search", Signal: s, Weight: 1})
	}
	search(1, strings.Repeat("x", maxQuery-1)+"é"+strings.Repeat("y", 100_000), freshet.SignalContext)
	search(2, "refunded", freshet.SignalNegative)
	search(3, "", freshet.SignalContext)
	search(0, "nobody's", freshet.SignalContext)
	if got := h.Queries(1); len(got) != 1 || got[0].Text != strings.Repeat("x", maxQuery-1) {
		t.Errorf("a long search is kept as %v", got)
	}
	for visitor := range uint32(5) {
		if got := h.Queries(visitor); visitor != 1 && len(got) != 0 {
			t.Errorf("Queries(%d) = %v, want none", visitor, got)
		}
	}
}

func TestHistoriesForgetRefusedItemsLast(t *testing.T) {
	var h Histories
	for item := range uint32(maxSeen) {
		s := freshet.SignalClick
		if item < 7 {
			s = freshet.SignalNegative
		}
		h.Apply(signalled(1, item+1, int64(item+1), s))
	}
	h.Apply(act(1, maxSeen+1, maxSeen+1))
	for item := uint32(1); item <= 7; item++ {
		if !h.Refused(1, item) {
			t.Errorf("item %d, which was hidden, may be shown again", item)
		}
	}
	if _, seen := h.Seen(1, 8); seen {
		t.Error("the item seen longest ago is not forgotten")
	}
}

func TestHistoriesAgreeWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h Histories
		var acts []*Act
		visitors, items, most := 3, uint32(5), 150
		signals := append(freshet.Signals(), freshet.SignalClick, freshet.SignalClick, freshet.SignalEngage)
		signals = append(signals, freshet.SignalNegative, freshet.SignalNegative)
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
			if got, want := h.Disliked(visitor), dislikedOf(acts, visitor); !slices.Equal(got, want) {
				t.Fatalf("Disliked(%d) =\n%v\nwant\n%v", visitor, got, want)
			}
			for _, past := range h.Liked(visitor) {
				if h.Refused(visitor, past.Item) {
					t.Fatalf("Liked(%d) has item %d, which is refused", visitor, past.Item)
				}
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
				if _, got := refusedOf(acts, visitor)[item]; got != h.Refused(visitor, item) {
					t.Fatalf("Refused(%d, %d) = %t, want %t", visitor, item, !got, got)
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
