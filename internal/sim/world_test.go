package sim

import (
	"crypto/sha256"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
)

var harbourEnd = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)

// digest is the SHA-256 over everything a world gives out, in its order.
func digest(t *testing.T, w *World) [32]byte {
	t.Helper()
	hash := sha256.New()
	enc := json.NewEncoder(hash)
	for _, item := range w.Items() {
		if err := enc.Encode(item); err != nil {
			t.Fatal(err)
		}
	}
	for event := range w.History() {
		if err := enc.Encode(event); err != nil {
			t.Fatal(err)
		}
	}
	return [32]byte(hash.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	small := Options{Seed: 7, Items: 500, Visitors: 200, End: harbourEnd}
	first := New(small)
	want := digest(t, first)
	if digest(t, first) != want {
		t.Error("walking one world twice gives different events")
	}
	if digest(t, New(small)) != want {
		t.Error("two worlds of equal options differ")
	}
	other := small
	other.Seed = 8
	if digest(t, New(other)) == want {
		t.Error("seeds 7 and 8 give the same world")
	}
}

func TestHistoryIsValid(t *testing.T) {
	worlds := map[string]Options{
		"default":  {Seed: 7, End: harbourEnd},
		"smallest": {Seed: 1, Items: 50, Visitors: 2, Days: 1, End: harbourEnd},
		"long":     {Seed: 2, Items: 300, Visitors: 50, Days: 365, End: harbourEnd},
		"errands":  {Seed: 7, Errands: 0.5, End: harbourEnd},
	}
	for name, o := range worlds {
		t.Run(name, func(t *testing.T) {
			w := New(o)
			o = o.withDefaults()
			items := map[freshet.ItemID]freshet.Item{}
			titles := map[string]bool{}
			for _, item := range w.Items() {
				checkItem(t, item, o)
				if _, twice := items[item.ID]; twice || titles[item.Title] {
					t.Errorf("item %s %q occurs twice", item.ID, item.Title)
				}
				items[item.ID], titles[item.Title] = item, true
			}
			if len(items) != o.Items || len(w.Visitors()) != o.Visitors {
				t.Errorf("%d items and %d visitors, want %d and %d", len(items), len(w.Visitors()), o.Items, o.Visitors)
			}
			ids := map[string]bool{}
			slots := map[string]freshet.ItemID{} // session and rank → item shown there
			last, n := o.End.Add(-time.Duration(o.Days)*24*time.Hour).UnixMilli(), 0
			for event := range w.History() {
				n++
				if event.Time < last || event.Time > o.End.UnixMilli() {
					t.Fatalf("event %s at %d: not in order or outside the history", event.ID, event.Time)
				}
				last = event.Time
				if freshet.CheckID(event.ID) != nil || ids[event.ID] {
					t.Fatalf("event id %q is invalid or used twice", event.ID)
				}
				ids[event.ID] = true
				item, exists := items[event.Item]
				if !exists || item.Published > event.Time {
					t.Fatalf("event %s is about %q, which is unknown or not yet published", event.ID, event.Item)
				}
				slot := event.Request + "#" + string(rune('0'+event.Rank))
				if event.Name == "expose" {
					slots[slot] = event.Item
				} else if slots[slot] != event.Item {
					t.Fatalf("%s of %s at rank %d of %s, where %q was shown", event.Name, event.Item, event.Rank, event.Request, slots[slot])
				}
				if event.HasValue != (event.Name == "purchase") || event.HasValue && event.Value != item.Price {
					t.Fatalf("%s %s has value %v (%v), the price is %v", event.Name, event.ID, event.Value, event.HasValue, item.Price)
				}
			}
			if n != w.Len() || n == 0 {
				t.Errorf("%d events walked, Len is %d", n, w.Len())
			}
		})
	}
}

func checkItem(t *testing.T, item freshet.Item, o Options) {
	t.Helper()
	if err := freshet.CheckID(string(item.ID)); err != nil {
		t.Errorf("item %q: %v", item.ID, err)
	}
	known := func(name string) bool {
		return slices.ContainsFunc(shelves, func(s shelf) bool { return s.name == name })
	}
	for _, category := range item.Categories {
		if !known(category) {
			t.Errorf("item %s has the unknown category %q", item.ID, category)
		}
	}
	switch {
	case len(item.Categories) == 0, item.Title == "", item.Text == "", item.Unavailable:
		t.Errorf("item %s is incomplete: %+v", item.ID, item)
	case !item.HasPrice || item.Price < 5 || item.Price > 40:
		t.Errorf("item %s costs %v", item.ID, item.Price)
	case !item.HasPublished || item.Published > o.End.UnixMilli():
		t.Errorf("item %s is published at %d, after the end", item.ID, item.Published)
	}
}

func TestDefaultSize(t *testing.T) {
	for _, seed := range []uint64{1, 7} {
		w := New(Options{Seed: seed, End: harbourEnd})
		counts := map[string]int{}
		for event := range w.History() {
			counts[event.Name]++
		}
		if w.Len() < 50_000 || w.Len() > 70_000 {
			t.Errorf("seed %d: %d events, want about 60,000", seed, w.Len())
		}
		rate := float64(counts["click"]) / float64(counts["expose"])
		if rate < 0.07 || rate > 0.18 {
			t.Errorf("seed %d: click rate %.3f, want about one in nine", seed, rate)
		}
		if counts["like"] < 500 || counts["purchase"] < 300 || counts["like"] > counts["click"] {
			t.Errorf("seed %d: %v", seed, counts)
		}
		t.Logf("seed %d: %d events %v, click rate %.3f", seed, w.Len(), counts, rate)
	}
}

// clicksOf returns the set of books each visitor clicked, and everything ada met.
func clicksOf(w *World) (clicked map[freshet.UserID]map[freshet.ItemID]bool, adaMet map[freshet.ItemID]bool) {
	clicked, adaMet = map[freshet.UserID]map[freshet.ItemID]bool{}, map[freshet.ItemID]bool{}
	for event := range w.History() {
		if event.User == "ada" {
			adaMet[event.Item] = true
		}
		if event.Name == "click" {
			if clicked[event.User] == nil {
				clicked[event.User] = map[freshet.ItemID]bool{}
			}
			clicked[event.User][event.Item] = true
		}
	}
	return clicked, adaMet
}

// One click of ada's on The Long Shore must be able to change her slate.
func TestAdaHasNotMetTheHit(t *testing.T) {
	for seed := uint64(5); seed < 8; seed++ { // 7 is the demo's
		w := New(Options{Seed: seed, End: harbourEnd})
		clicked, adaMet := clicksOf(w)
		if adaMet["b-0417"] {
			t.Errorf("seed %d: ada has met b-0417", seed)
		}
		if n := len(clicked["ada"]); n < 10 {
			t.Errorf("seed %d: ada clicked %d books, want at least 10", seed, n)
		}
		fans := 0
		others := map[freshet.ItemID]int{} // books clicked by those who clicked b-0417
		for _, books := range clicked {
			if !books["b-0417"] {
				continue
			}
			fans++
			for id := range books {
				if id != "b-0417" {
					others[id]++
				}
			}
		}
		if fans < 80 {
			t.Errorf("seed %d: %d visitors clicked b-0417, want at least 80", seed, fans)
		}
		top := topOf(others, 20)
		unmet, atSea := 0, 0
		for _, id := range top {
			if !adaMet[id] {
				unmet++
			}
			if w.books[w.byItem[id]].shelf == sea {
				atSea++
			}
		}
		if unmet < 12 {
			t.Errorf("seed %d: ada has not met %d of the 20 books most clicked beside b-0417, want at least 12", seed, unmet)
		}
		t.Logf("seed %d: ada clicked %d, b-0417 has %d fans; of their top 20, %d unmet, %d at sea", seed, len(clicked["ada"]), fans, unmet, atSea)
	}
}

// topOf returns the n keys with the largest counts, ties by id.
func topOf(counts map[freshet.ItemID]int, n int) []freshet.ItemID {
	ids := make([]freshet.ItemID, 0, len(counts))
	for id := range counts {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b freshet.ItemID) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	return ids[:min(n, len(ids))]
}

// Two books clicked by one visitor must share a category more often than two clicks of two
// random visitors do; otherwise there is nothing to learn.
func TestClicksFollowTaste(t *testing.T) {
	w := New(Options{Seed: 7, End: harbourEnd})
	clicked, _ := clicksOf(w)
	share := make([]float64, len(shelves))
	var clicks, same, pairs float64
	for _, books := range clicked {
		perShelf := make([]float64, len(shelves))
		n := float64(len(books))
		for id := range books {
			perShelf[w.books[w.byItem[id]].shelf]++
		}
		for s, c := range perShelf {
			share[s] += c
			same += c * (c - 1) / 2
		}
		clicks += n
		pairs += n * (n - 1) / 2
	}
	var chance float64
	for _, c := range share {
		chance += (c / clicks) * (c / clicks)
	}
	if got := same / pairs; got < 2*chance {
		t.Errorf("co-clicked books share a category in %.3f of pairs, chance is %.3f; want at least twice that", got, chance)
	}
}

func TestSalesAreSkewed(t *testing.T) {
	w := New(Options{Seed: 7, End: harbourEnd})
	counts := map[freshet.ItemID]int{}
	total := 0
	for event := range w.History() {
		if event.Name == "click" {
			counts[event.Item]++
			total++
		}
	}
	head := 0
	for _, id := range topOf(counts, 200) { // a tenth of the catalogue
		head += counts[id]
	}
	if share := float64(head) / float64(total); share < 0.3 || share > 0.9 {
		t.Errorf("the top tenth of the books has %.2f of the clicks, want 0.3 to 0.9", share)
	}
}

// The published truth must agree with the history: over all exposures, the probabilities add
// up to the clicks that happened.
func TestClickProbabilityIsTheTruth(t *testing.T) {
	w := New(Options{Seed: 7, End: harbourEnd})
	perRank := make([]struct{ expected, variance, clicks float64 }, shelfSize+1)
	for event := range w.History() {
		r := &perRank[event.Rank]
		switch event.Name {
		case "expose":
			p := w.ClickProbability(event.User, event.Item, event.Rank, time.UnixMilli(event.Time))
			if !(p > 0 && p < 1) {
				t.Fatalf("click probability %v", p)
			}
			r.expected += p
			r.variance += p * (1 - p)
		case "click":
			r.clicks++
		}
	}
	for rank, r := range perRank[1:] {
		if off := math.Abs(r.clicks-r.expected) / math.Sqrt(r.variance); off > 5 {
			t.Errorf("rank %d: %v clicks where %.1f were expected, %.1f standard deviations off", rank+1, r.clicks, r.expected, off)
		}
	}
	if p := w.ClickProbability("nobody", "b-0001", 1, harbourEnd); p != 0 {
		t.Errorf("an unknown visitor clicks with probability %v", p)
	}
	if p := w.ClickProbability("ada", "b-9999", 1, harbourEnd); p != 0 {
		t.Errorf("an unknown item is clicked with probability %v", p)
	}
	if at0, at1 := w.ClickProbability("ada", "b-0001", 0, harbourEnd), w.ClickProbability("ada", "b-0001", 1, harbourEnd); at0 != at1 {
		t.Errorf("rank 0 gives %v, rank 1 %v", at0, at1)
	}
}

func TestPinnedTitles(t *testing.T) {
	items := New(Options{End: harbourEnd}).Items()
	for number, want := range pinned {
		if got := items[number-1]; got.Title != want || got.Categories[0] != "sea" {
			t.Errorf("book %d is %q in %v, want %q in sea", number, got.Title, got.Categories, want)
		}
	}
}

func TestItemsBelongToTheCaller(t *testing.T) {
	w := New(Options{Items: 50, Visitors: 2, End: harbourEnd})
	before := digest(t, w)
	items := w.Items()
	items[0].Title, items[0].Categories[0], items[0].Tags[0] = "x", "x", "x"
	items[0].Attributes["author"] = "x"
	for event := range w.History() {
		event.Context["device"] = "x"
	}
	if digest(t, w) != before {
		t.Error("changing what Items and History returned changed the world")
	}
}

func TestHistoryStopsEarly(t *testing.T) {
	w := New(Options{Items: 50, Visitors: 2, End: harbourEnd})
	n := 0
	for range w.History() {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("walked %d events, want 3", n)
	}
}

func TestOptionsCheck(t *testing.T) {
	cases := []struct {
		name string
		o    Options
		ok   bool
	}{
		{"defaults", Options{End: harbourEnd}, true},
		{"no end", Options{}, false},
		{"few items", Options{End: harbourEnd, Items: 49}, false},
		{"many items", Options{End: harbourEnd, Items: 100_001}, false},
		{"negative visitors", Options{End: harbourEnd, Visitors: -1}, false},
		{"a taste of 65 dimensions", Options{End: harbourEnd, Tastes: 65}, false},
		{"too much noise", Options{End: harbourEnd, Noise: 0.6}, false},
		{"no number for a bias", Options{End: harbourEnd, PositionBias: math.NaN()}, false},
		{"wild drift", Options{End: harbourEnd, Drift: 3}, false},
		{"none of it", Options{End: harbourEnd, Noise: -1, Drift: -1, PositionBias: -1, Tastes: 1}, true},
		{"long history", Options{End: harbourEnd, Days: 366}, false},
	}
	for _, c := range cases {
		if err := c.o.Check(); (err == nil) != c.ok {
			t.Errorf("%s: Check gives %v", c.name, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("New accepted options that Check refuses")
		}
	}()
	New(Options{})
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		w := New(Options{Seed: 7, End: harbourEnd})
		for range w.History() {
		}
	}
}
