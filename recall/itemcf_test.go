package recall

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// covisits is the oracle of ItemCFRoute without bounds: the formulas of its comment over all
// acts kept, with the weights faded backwards from a fixed time.
type covisits struct {
	pairs map[[2]uint32]float64 // c(i→j)
	total map[uint32]float64    // n(i)
}

func covisitsOf(acts []*Act, at int64) *covisits {
	c := &covisits{map[[2]uint32]float64{}, map[uint32]float64{}}
	for k, a := range acts {
		if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() {
			continue
		}
		w := a.Weight * math.Exp2(float64(a.Time-at)/float64(itemCFHalfLife))
		c.total[a.Item] += w
		between := 0
		for _, past := range slices.Backward(recentOf(acts[:k], a.Visitor)) {
			if past.Item == a.Item {
				continue
			}
			if between++; between > itemCFStretch {
				break
			}
			v := w * math.Pow(float64(between), -0.7)
			earlier, later := past.Item, a.Item
			if past.Time > a.Time {
				earlier, later = later, earlier
			}
			c.pairs[[2]uint32{earlier, later}] += v
			c.pairs[[2]uint32{later, earlier}] += itemCFBackward * v
		}
	}
	return c
}

// score is what the acts, newest first, say for item j, and what each of them says.
func (c *covisits) score(recent []Past, j uint32) (sum float64, each []float64) {
	for k, past := range recent[:min(len(recent), itemCFQuery)] {
		v := c.pairs[[2]uint32{past.Item, j}]
		if v > 0 {
			v /= float64(k+1) * math.Sqrt(c.total[past.Item]*c.total[j])
		}
		sum += v
		each = append(each, v)
	}
	return sum, each
}

// visited folds acts into a route and its histories, in the order of the fold.
func visited(acts []*Act) (*ItemCFRoute, *Histories) {
	h := &Histories{}
	r := NewItemCF("covisit", h)
	for _, a := range acts {
		r.Apply(a)
		h.Apply(a)
	}
	return r, h
}

func newestFirst(list []Past) []Past {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

func drawActs(t *rapid.T, visitors, items uint32, least, most int) []*Act {
	var acts []*Act
	at := noon
	for range rapid.IntRange(least, most).Draw(t, "acts") {
		at += rapid.Int64Range(0, int64(3*freshet.Day)).Draw(t, "step")
		a := signalled(
			rapid.Uint32Range(0, visitors).Draw(t, "visitor"), rapid.Uint32Range(0, items).Draw(t, "item"),
			at-rapid.Int64Range(0, int64(2*freshet.Day)).Draw(t, "behind"),
			rapid.SampledFrom(append(freshet.Signals(), freshet.SignalClick, freshet.SignalClick, freshet.SignalEngage, freshet.SignalConvert)).Draw(t, "signal"),
		)
		a.Weight = rapid.SampledFrom([]float64{1, 1, 3, 0.25}).Draw(t, "weight")
		acts = append(acts, a)
	}
	return acts
}

func TestItemCFAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		visitors, items, least, most := uint32(4), uint32(10), 0, 150
		if rapid.IntRange(0, 3).Draw(t, "story") == 0 { // one visitor of many items, for the bounds of acts; below that of neighbours
			visitors, items, least, most = 1, 150, 150, 250
		}
		acts := drawActs(t, visitors, items, least, most)
		r, h := visited(acts)
		want := covisitsOf(acts, noon+int64(100*freshet.Day))
		for visitor := range visitors + 2 {
			recent := newestFirst(h.Recent(visitor))
			if len(recent) == 0 { // someone the route has never seen, who says what they did
				recent = []Past{{Item: 1, Time: noon, Name: "like"}, {Item: items + 9, Time: noon - 1, Name: "click"}, {Item: 2, Time: noon - 2, Name: "click"}}
			}
			req := &Request{Time: noon, Recent: recent, Skip: func(item uint32) bool { return item%5 == 0 }}
			all, err := r.Recall(t.Context(), req, int(items)+1)
			if err != nil {
				t.Fatal(err)
			}
			got := map[uint32]Proposal{}
			for _, p := range all {
				got[p.Item] = p
			}
			for j := uint32(1); j <= items; j++ {
				sum, each := want.score(recent, j)
				p, proposed := got[j]
				if sum == 0 || j%5 == 0 {
					if proposed {
						t.Fatalf("visitor %d: item %d is proposed: %+v", visitor, j, p)
					}
					continue
				}
				if !proposed || math.Abs(p.Score-sum) > 1e-9*sum {
					t.Fatalf("visitor %d: item %d is proposed: %t, with %v; want %v", visitor, j, proposed, p.Score, sum)
				}
				because := slices.IndexFunc(recent, func(past Past) bool { return past.Item == p.Because.Item })
				if b := (Because{Code: LikeRecent, Item: recent[because].Item, Event: recent[because].Name, Time: recent[because].Time}); p.Because != b {
					t.Fatalf("visitor %d: item %d because %+v, want %+v", visitor, j, p.Because, b)
				}
				if most := slices.Max(each); each[because] < most*(1-1e-9) {
					t.Fatalf("visitor %d: item %d because of act %d, which gives %v; another gives %v", visitor, j, because, each[because], most)
				}
			}
			if !slices.IsSortedFunc(all, better) {
				t.Fatalf("visitor %d: not best first: %v", visitor, all)
			}
			n := rapid.IntRange(0, 8).Draw(t, "n")
			few, err := r.Recall(t.Context(), req, n)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(few, all[:min(n, len(all))]) {
				t.Fatalf("visitor %d: the best %d are %v, of all %v", visitor, n, few, all)
			}
		}
	})
}

// A pair by hand: one visitor, two items, a half-life apart.
func TestItemCFFormula(t *testing.T) {
	later := noon + int64(itemCFHalfLife)
	root2, root3 := math.Sqrt(2), math.Sqrt(3)
	tests := []struct {
		name   string
		acts   []*Act
		recent []uint32 // newest first
		want   map[uint32]float64
	}{
		{"what came next", []*Act{act(1, 1, noon), act(1, 2, noon+1)}, []uint32{1}, map[uint32]float64{2: 1}},
		{"what came before", []*Act{act(1, 1, noon), act(1, 2, noon+1)}, []uint32{2}, map[uint32]float64{1: itemCFBackward}},
		{"an act that comes late is before", []*Act{act(1, 2, noon+1), act(1, 1, noon)}, []uint32{1}, map[uint32]float64{2: 1}},
		{"later counts double", []*Act{act(1, 1, noon), act(1, 2, later)}, []uint32{1}, map[uint32]float64{2: 2 / root2}},
		{"one act between", []*Act{act(1, 1, noon), act(1, 3, noon), act(1, 2, noon)}, []uint32{1}, map[uint32]float64{3: 1, 2: math.Pow(2, -0.7)}},
		{"a popular item counts less", []*Act{act(1, 1, noon), act(1, 2, noon), act(2, 2, noon), act(3, 2, noon)}, []uint32{1}, map[uint32]float64{2: 1 / root3}},
		{"the second act counts half", []*Act{act(1, 1, noon), act(1, 2, noon)}, []uint32{9, 1}, map[uint32]float64{2: 0.5}},
		{"again on one item pairs with the others only", []*Act{act(1, 1, noon), act(1, 1, noon)}, []uint32{1}, map[uint32]float64{}},
		{"a view is not a wish", []*Act{act(1, 1, noon), signalled(1, 2, noon, freshet.SignalView)}, []uint32{1, 2}, map[uint32]float64{}},
		{"nobody's acts pair with nothing", []*Act{act(0, 1, noon), act(0, 2, noon)}, []uint32{1, 2}, map[uint32]float64{}},
		{"visitors do not mix", []*Act{act(1, 1, noon), act(2, 2, noon)}, []uint32{1, 2}, map[uint32]float64{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := visited(tt.acts)
			var recent []Past
			for _, item := range tt.recent {
				recent = append(recent, Past{Item: item})
			}
			got, err := r.Recall(t.Context(), &Request{Recent: recent, Skip: nothing}, 10)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("proposals %v, want %v", got, tt.want)
			}
			for _, p := range got {
				if want := tt.want[p.Item]; math.Abs(p.Score-want) > 1e-9 { // a millisecond of fading
					t.Errorf("item %d scores %v, want %v", p.Item, p.Score, want)
				}
			}
		})
	}
}

// At twice the bound the strongest half stays, by the same rule as a sort of them all.
func TestNeighboursKeepTheStrongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n neighbours
		want := map[uint32]float64{}
		seed := rapid.Uint32().Draw(t, "seed")
		for i := range uint32(1200) {
			x := (seed + i) * 2654435761 // scattered items with few different weights: many ties
			item, w := x>>22, float64(1+x>>12&7)
			n.add(item, w)
			want[item] += w
			if len(want) == 2*itemCFNeighbours {
				var all []Proposal
				for item, sum := range want {
					all = append(all, Proposal{Item: item, Score: sum})
				}
				slices.SortFunc(all, better)
				for _, p := range all[itemCFNeighbours:] {
					delete(want, p.Item)
				}
			}
		}
		if len(n.item) != len(want) || len(n.sum) != len(want) {
			t.Fatalf("%d items and %d sums, want %d", len(n.item), len(n.sum), len(want))
		}
		for i, item := range n.item {
			if sum, ok := want[item]; !ok || n.sum[i] != sum {
				t.Fatalf("item %d has %v, want %v (%t)", item, n.sum[i], sum, ok)
			}
		}
	})
}

// Thousands of passers-by do not push out what really goes together.
func TestItemCFPruningKeepsWhatGoesTogether(t *testing.T) {
	var acts []*Act
	visitor := uint32(0)
	for other := range uint32(10) {
		for range 20 {
			visitor++
			acts = append(acts, act(visitor, 1, noon), act(visitor, 2+other, noon+1))
		}
	}
	for passer := range uint32(3000) {
		visitor++
		acts = append(acts, act(visitor, 1, noon), act(visitor, 100+passer, noon+1))
	}
	r, _ := visited(acts)
	if n := len(r.items[1].item); n >= 2*itemCFNeighbours {
		t.Errorf("item 1 has %d neighbours, want fewer than %d", n, 2*itemCFNeighbours)
	}
	got, err := r.Recall(t.Context(), &Request{Recent: []Past{{Item: 1}}, Skip: func(item uint32) bool { return item >= 100 }}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 10 {
		t.Errorf("%d of the 10 items that go with it are left: %v", len(got), got)
	}
}

// Over centuries the weights are rebased many times, and scores are what they are for the
// same acts without the gap in front of them.
func TestItemCFOverCenturies(t *testing.T) {
	shift := func(acts []*Act, by int64) []*Act {
		var out []*Act
		for _, a := range acts {
			b := *a
			b.Time += by
			out = append(out, &b)
		}
		return out
	}
	story := []*Act{act(1, 1, noon), act(1, 2, noon+1), act(1, 3, noon+2), act(2, 2, noon), act(2, 3, noon+int64(itemCFHalfLife)), act(2, 1, noon)}
	ask := func(r *ItemCFRoute) []Proposal {
		t.Helper()
		got, err := r.Recall(t.Context(), &Request{Recent: []Past{{Item: 1}, {Item: 2}}, Skip: nothing}, 10)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	alone, _ := visited(story)
	want := ask(alone)
	for _, gap := range []int64{1, 3, 9, 27} {
		var acts []*Act
		for i, a := range story { // the same items in another order, by other visitors, long ago
			b := *story[len(story)-1-i]
			b.Visitor, b.Time = b.Visitor+10, a.Time-gap*century
			acts = append(acts, &b)
		}
		r, _ := visited(append(acts, story...))
		got := ask(r)
		if !slices.EqualFunc(got, want, func(a, b Proposal) bool {
			return a.Item == b.Item && math.Abs(a.Score-b.Score) <= 1e-9
		}) {
			t.Errorf("%d centuries after: %v, want %v", gap, got, want)
		}
	}
	far, _ := visited(shift(story, 50*century))
	if got := ask(far); !alike(got, want) {
		t.Errorf("50 centuries later: %v, want %v", got, want)
	}
}

// A pair that has faded to nothing between items that are alive says nothing, and does not
// make its item be proposed twice.
func TestItemCFFadedPair(t *testing.T) {
	later := noon + 1200*int64(itemCFHalfLife)
	r, _ := visited([]*Act{
		act(1, 1, noon), act(1, 3, noon+1),
		act(2, 1, later),
		act(3, 2, later), act(3, 3, later+1),
	})
	got, err := r.Recall(t.Context(), &Request{Recent: []Past{{Item: 1}, {Item: 2}}, Skip: nothing}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Item != 3 || got[0].Because.Item != 2 {
		t.Errorf("proposals %v, want item 3 once, because of item 2", got)
	}
}

// An item that has faded away altogether does not spoil what others say.
func TestItemCFFadedReason(t *testing.T) {
	later := noon + 1200*int64(itemCFHalfLife)
	r, _ := visited([]*Act{act(1, 1, noon), act(1, 2, noon+1), act(2, 3, later), act(2, 2, later+1)})
	got, err := r.Recall(t.Context(), &Request{Recent: []Past{{Item: 1}, {Item: 3}}, Skip: nothing}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Item != 2 || got[0].Because.Item != 3 {
		t.Errorf("proposals %v, want item 2 because of item 3", got)
	}
}

// What has faded away altogether is no reason and no proposal.
func TestItemCFFadedItem(t *testing.T) {
	r, _ := visited([]*Act{act(1, 1, noon), act(1, 2, noon+1), act(2, 9, noon+1200*int64(itemCFHalfLife))})
	for _, recent := range [][]Past{{{Item: 1}}, {{Item: 2}}, {{Item: 9}}} {
		got, err := r.Recall(t.Context(), &Request{Recent: recent, Skip: nothing}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 0 {
			t.Errorf("for %v: %v, want nothing", recent, got)
		}
	}
}
