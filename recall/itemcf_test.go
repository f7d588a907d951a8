package recall

import (
	"context"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// covisits is the oracle of what ItemCFRoute sums up, without bounds: the formulas of its comment
// over all acts kept, as they stand at a time.
type covisits struct {
	pairs  map[[2]uint32]float64 // c(i→j), with the weights faded backwards from that time
	total  map[uint32]float64    // n(i)
	steps  map[[2]uint32]*naive
	leave  map[uint32]*naive // what followed an item, all together
	wanted map[uint32]*naive
	all    *naive
}

// naive is an amount that fades by the half-lives of the ladder, as a list of what was added.
type naive struct {
	times   []int64
	amounts []float64
}

func (n *naive) add(t int64, amount float64) {
	n.times, n.amounts = append(n.times, t), append(n.amounts, amount)
}

// at is what is left by a rung at time q, at which nothing is ahead.
func (n *naive) at(q int64, rung int) (sum float64) {
	if n == nil || len(n.times) == 0 {
		return 0
	}
	q = max(q, slices.Max(n.times))
	for i, t := range n.times {
		sum += n.amounts[i] * math.Exp2(-float64(q-t)/halfLife[rung])
	}
	return sum
}

func addTo[K comparable](m map[K]*naive, key K, t int64, amount float64) {
	if m[key] == nil {
		m[key] = &naive{}
	}
	m[key].add(t, amount)
}

// clockTimes are the times of acts by a clock that takes at least so many acts for a half-life: it goes
// on by what the newest time is ahead of it, but by no more than a step, once it was brought to within a
// half-life.
func clockTimes(acts []*Act, halfLife int64) (times []int64) {
	step := max(1, int64(itemCFHalfLife)/halfLife)
	shown, newest, offset := int64(0), int64(0), int64(0)
	for _, a := range acts {
		if a.Visitor != 0 && a.Item != 0 && a.Signal.Positive() {
			if newest == 0 {
				shown, newest = a.Time, a.Time
			}
			newest = max(newest, a.Time)
			if newest-offset-shown > int64(itemCFHalfLife) {
				offset = newest - shown - int64(itemCFHalfLife)
			}
			shown = min(newest-offset, shown+step)
		}
		times = append(times, shown-(newest-a.Time))
	}
	return times
}

func covisitsOf(acts []*Act, at int64, halfLife int64) *covisits {
	times := clockTimes(acts, halfLife)
	c := &covisits{map[[2]uint32]float64{}, map[uint32]float64{}, map[[2]uint32]*naive{}, map[uint32]*naive{}, map[uint32]*naive{}, &naive{}}
	for k, a := range acts {
		if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() {
			continue
		}
		w := a.Weight * math.Exp2(float64(times[k]-at)/float64(itemCFHalfLife))
		c.total[a.Item] += w
		addTo(c.wanted, a.Item, a.Time, a.Weight)
		c.all.add(a.Time, a.Weight)
		between := 0
		for _, past := range slices.Backward(recentOf(acts[:k], a.Visitor)) {
			if past.Item == a.Item {
				continue
			}
			if between++; between > itemCFStretch {
				break
			}
			earlier, later, apart := past.Item, a.Item, 1.0
			if past.Time > a.Time {
				earlier, later = later, earlier
			}
			if max(past.Time, a.Time)-min(past.Time, a.Time) > int64(itemCFSession) {
				apart = itemCFApart
			}
			v := w * math.Pow(float64(between), -0.7) * apart
			c.pairs[[2]uint32{earlier, later}] += v
			c.pairs[[2]uint32{later, earlier}] += itemCFBackward * v
			if between <= followStretch {
				v := a.Weight * math.Pow(float64(between), -1.5) * apart
				addTo(c.steps, [2]uint32{earlier, later}, a.Time, v)
				addTo(c.steps, [2]uint32{later, earlier}, a.Time, followBack*v)
				addTo(c.leave, earlier, a.Time, v)
				addTo(c.leave, later, a.Time, followBack*v)
			}
		}
	}
	return c
}

// together is what the acts, newest first, say for item j, and what each of them says.
func (c *covisits) together(recent []Past, j uint32) (sum float64, each []float64) {
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

func share(part, whole *naive, q int64, rung int) float64 {
	if total := whole.at(q, rung); total > 1e-30 {
		return min(1, part.at(q, rung)/total)
	}
	return 0
}

// chances are those of item j at time q after the acts, newest first.
func (c *covisits) chances(recent []Past, j uint32, q int64) (p [parts]float64) {
	for k := range rungs {
		p[k] = share(c.wanted[j], c.all, q, k)
	}
	for i, past := range recent[:min(len(recent), lastActs)] {
		for k := range followerRungs {
			p[rungs+i*followerRungs+k] = share(c.steps[[2]uint32{past.Item, j}], c.leave[past.Item], q, firstFollower+k)
		}
	}
	return p
}

// context is that of the acts, newest first.
func (c *covisits) context(recent []Past, q int64) int {
	known := c.leave[recent[0].Item].at(q, firstFollower+followerKey)
	return contextOf(len(recent), known, q-recent[0].Time > int64(itemCFSession))
}

// gathered are the sums of a route for a visitor's last acts.
func gathered(t require, r *ItemCFRoute, recent []Past, q int64) (together, next map[uint32]float64) {
	t.Helper()
	s := r.room()
	defer r.leave(s)
	if err := r.gather(context.Background(), s, recent[:min(len(recent), itemCFQuery)], q); err != nil {
		t.Fatal(err)
	}
	together, next = map[uint32]float64{}, map[uint32]float64{}
	for _, one := range s.touched {
		if one.together > 0 {
			together[one.item] = one.together
		}
		next[one.item] = one.next
	}
	return together, next
}

// require is what tests and properties have in common.
type require interface {
	Helper()
	Fatal(args ...any)
}

// visited folds acts into a route and its histories, in the order of the fold.
func visited(acts []*Act) (*ItemCFRoute, *Histories) { return visitedBy(ItemCFOptions{Acts: 1}, acts) }

func visitedBy(o ItemCFOptions, acts []*Act) (*ItemCFRoute, *Histories) {
	h := &Histories{}
	r := NewItemCF("covisit", o, h)
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

// alike32 tells whether two numbers agree as far as sums of single precision can.
func alike32(a, b float64) bool { return math.Abs(a-b) <= 1e-4*max(math.Abs(a), math.Abs(b))+1e-9 }

func TestItemCFAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		visitors, items, least, most := uint32(4), uint32(10), 0, 100
		if rapid.IntRange(0, 3).Draw(t, "story") == 0 { // one visitor of many items, for the bounds of acts; below those of the lists
			visitors, items, least, most = 1, 45, 60, 150
		}
		acts := drawActs(t, visitors, items, least, most)
		halfLife := rapid.SampledFrom([]int{1, 7, 50, itemCFActs}).Draw(t, "half-life in acts")
		r, h := visitedBy(ItemCFOptions{Acts: halfLife}, acts)
		q := noon + int64(rapid.Int64Range(0, int64(400*freshet.Day)).Draw(t, "q"))
		want := covisitsOf(acts, noon+int64(100*freshet.Day), int64(halfLife))
		theta := r.blend.theta()
		for visitor := range visitors + 2 {
			recent := newestFirst(h.Recent(visitor))
			if len(recent) == 0 { // someone the route has never seen, who says what they did
				recent = []Past{{Item: 1, Time: noon, Name: "like"}, {Item: items + 9, Time: noon - 1, Name: "click"}, {Item: 2, Time: noon - 2, Name: "click"}}
			}
			together, next := gathered(t, r, recent, q)
			weights := &r.blend.weights[want.context(recent, q)]
			whole := 0.0
			for j := uint32(1); j <= items; j++ {
				sum, _ := want.together(recent, j)
				whole += sum
				if !alike32(together[j], sum) {
					t.Fatalf("visitor %d: item %d goes together %v, want %v", visitor, j, together[j], sum)
				}
				mixed := 0.0
				for k, p := range want.chances(recent, j, q) {
					mixed += weights[k] * p
				}
				if !alike32(next[j], mixed) {
					t.Fatalf("visitor %d: item %d comes next %v, want %v", visitor, j, next[j], mixed)
				}
			}
			req := &Request{Time: q, Recent: recent, Skip: func(item uint32) bool { return item%5 == 0 }}
			all, err := r.Recall(t.Context(), req, int(items)+1)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.IsSortedFunc(all, better) {
				t.Fatalf("visitor %d: not best first: %v", visitor, all)
			}
			for _, p := range all {
				score := (1 - theta) * next[p.Item]
				if whole > 0 {
					score += theta * together[p.Item] / whole
				}
				if !alike32(p.Score, score) || p.Item%5 == 0 {
					t.Fatalf("visitor %d: item %d scores %v, want %v", visitor, p.Item, p.Score, score)
				}
				_, each := want.together(recent, p.Item)
				because := slices.IndexFunc(recent, func(past Past) bool { return past.Item == p.Because.Item })
				linked := slices.Max(each) > 0 || slices.ContainsFunc(recent[:min(3, len(recent))], func(past Past) bool { return want.steps[[2]uint32{past.Item, p.Item}] != nil })
				if b := p.Because; linked && (because < 0 || b.Code == LikeRecent && b != (Because{Code: LikeRecent, Item: recent[because].Item, Event: recent[because].Name, Time: recent[because].Time})) ||
					!linked && b != (Because{Code: Popular}) {
					if next[p.Item] > 1e-6 {
						t.Fatalf("visitor %d: item %d because %+v (linked %t)", visitor, p.Item, b, linked)
					}
				}
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

// The weights of the mixture are those of its formula, act by act.
func TestItemCFLearnsAsItsOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		acts := drawActs(t, 3, 6, 0, 40)
		r, _ := visited(acts)
		want := newBlend()
		for k, a := range acts {
			recent := newestFirst(recentOf(acts[:k], a.Visitor))
			c := covisitsOf(acts[:k], a.Time, 1)
			seen := slices.ContainsFunc(acts[:k], func(b *Act) bool {
				return b.Visitor == a.Visitor && b.Item == a.Item && b.Signal != freshet.SignalImpression && b.Signal != freshet.SignalContext
			})
			if a.Visitor == 0 || a.Item == 0 || !a.Signal.Positive() || seen || len(recent) == 0 || c.total[a.Item] == 0 {
				continue
			}
			p := c.chances(recent, a.Item, a.Time)
			want.learn(c.context(recent, a.Time), &p)
		}
		for c := range want.weights {
			for k, w := range want.weights[c] {
				if got := r.blend.weights[c][k]; math.Abs(got-w) > 1e-5 {
					t.Fatalf("context %d: part %d weighs %v, want %v", c, k, got, w)
				}
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
		{"later counts double", []*Act{act(1, 1, noon), act(1, 2, later)}, []uint32{1}, map[uint32]float64{2: itemCFApart * 2 / root2}},
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
			got, _ := gathered(t, r, recent, noon)
			if len(got) != len(tt.want) {
				t.Fatalf("together %v, want %v", got, tt.want)
			}
			for item, v := range got {
				if want := tt.want[item]; math.Abs(v-want) > 1e-6 { // a millisecond of fading
					t.Errorf("item %d scores %v, want %v", item, v, want)
				}
			}
		})
	}
}

// What is kept is what weighs most, never less than it weighs, and none that was let go of weighs
// more: the promises of neighbours and of the sketch behind them.
func TestNeighboursKeepTheStrongest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var n neighbours
		var tail tail
		weights := map[uint32]float64{}
		seed := rapid.Uint32().Draw(t, "seed")
		for i := range uint32(3000) {
			x := (seed + i) * 2654435761 // scattered items with few different weights: many ties
			item, w := x>>22, float64(1+x>>12&7)
			n.add(7, item, w, &tail)
			weights[item] += w
		}
		kept := map[uint32]bool{}
		for i, item := range n.item {
			if sum := float64(n.sum[i]); sum < weights[item] || sum < float64(n.floor) {
				t.Fatalf("item %d weighs %v, kept are %v, floor %v", item, weights[item], sum, n.floor)
			}
			kept[item] = true
		}
		if len(kept) != maxNeighbours {
			t.Fatalf("%d items are kept, want %d", len(kept), maxNeighbours)
		}
		weakest := float64(slices.Min(n.sum))
		for item, w := range weights {
			if !kept[item] && w > weakest {
				t.Fatalf("item %d weighs %v and is not kept; the weakest has %v", item, w, weakest)
			}
		}
	})
}

// An estimate of the tail is never too low, and seldom too high by more than it says.
func TestTailsError(t *testing.T) {
	var sketch tail
	weights := map[[2]uint32]float32{}
	total := float32(0)
	for i := range uint32(400_000) {
		x := i * 2654435761
		pair := [2]uint32{x >> 24, x >> 8 & 0xffff}
		w := float32(1 + i%3)
		sketch.add(pair[0], pair[1], w)
		weights[pair] += w
		total += w
	}
	beyond := 0
	for pair, w := range weights {
		p := sketch.places(pair[0], pair[1])
		estimate := min(sketch.cells[p[0]], sketch.cells[p[1]])
		if estimate < w {
			t.Fatalf("pair %v is estimated at %v and weighs %v", pair, estimate, w)
		}
		if estimate > w+2*total/tailWidth {
			beyond++
		}
	}
	if beyond > len(weights)/4 {
		t.Errorf("%d of %d estimates are further off than %v", beyond, len(weights), 2*total/tailWidth)
	}
}

// A pair that grows slowly gets its place, whatever comes by in between.
func TestASlowPairIsNotForgotten(t *testing.T) {
	var n neighbours
	var sketch tail
	for i := range uint32(maxNeighbours) {
		n.add(1, 1000+i, 5, &sketch)
	}
	for round := range uint32(20) {
		n.add(1, 7, 1, &sketch)
		for i := range uint32(1000) { // each comes once
			n.add(1, 10_000+round*1000+i, 1, &sketch)
		}
	}
	if !slices.Contains(n.item, 7) {
		t.Error("what weighs 20 has no place beside others that weigh 5")
	}
}

// Beyond the bound of all lists together the lists go that were not used.
func TestTheHandBoundsWhatIsKept(t *testing.T) {
	r := NewItemCF("covisit", ItemCFOptions{}, &Histories{})
	r.pairs.most, r.followed.most = 1000, 500
	h := r.histories
	for i := range uint32(20_000) {
		a := act(1+i/4, 1+(i*2654435761)>>20, noon+int64(i)*1000)
		r.Apply(a)
		h.Apply(a)
		pairs, followed := 0, 0
		if i%1000 == 0 {
			for k := range r.items {
				pairs, followed = pairs+len(r.items[k].item), followed+len(r.follow[k].list)
			}
			if pairs != r.pairs.count || followed != r.followed.count {
				t.Fatalf("%d pairs and %d steps are counted, there are %d and %d", r.pairs.count, r.followed.count, pairs, followed)
			}
		}
	}
	if r.pairs.count > 1100 || r.followed.count > 600 {
		t.Errorf("%d pairs and %d steps, want little more than 1000 and 500", r.pairs.count, r.followed.count)
	}
}

// crowdTop items of each rung are those that are wanted most.
func TestTheCrowdsTopIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c crowd
		at := noon
		for i := range rapid.IntRange(1, 1500).Draw(t, "acts") {
			at += int64(i%7) * int64(freshet.Minute)
			late := int64(i%11) * int64(freshet.Minute)
			c.add(1+uint32(mixed(uint64(i))%400), at-late, float64(1+i%3))
		}
		a := c.at(at)
		for k := range rungs {
			lowest, in := math.Inf(1), map[uint32]bool{}
			for _, item := range c.tops[k].items {
				p := a.chances(item)
				lowest, in[item] = min(lowest, p[k]), true
			}
			for item := range uint32(len(c.items)) {
				if p := a.chances(item); !in[item] && p[k] > lowest*(1+1e-6) && p[k] > 1e-300 {
					t.Fatalf("rung %d: item %d has %v and is not among those with at least %v", k, item, p[k], lowest)
				}
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
	if n := len(r.items[1].item); n > maxNeighbours {
		t.Errorf("item 1 has %d neighbours, want at most %d", n, maxNeighbours)
	}
	got, _ := gathered(t, r, []Past{{Item: 1}}, noon)
	for other := range uint32(10) {
		if got[2+other] == 0 {
			t.Errorf("item %d that goes with it is gone", 2+other)
		}
	}
}

// Over centuries the weights are rebased many times, and of a silence a half-life counts; when it
// was does not matter.
func TestItemCFOverCenturies(t *testing.T) {
	story := []*Act{act(1, 1, noon), act(1, 2, noon+1), act(1, 3, noon+2), act(2, 2, noon), act(2, 3, noon+int64(itemCFHalfLife)), act(2, 1, noon)}
	recent := []Past{{Item: 1}, {Item: 2}}
	for _, gap := range []int64{1, 3, 9, 27} {
		var acts []*Act
		for chapter := range int64(50) { // the same items by other visitors, century after century
			for _, a := range story {
				b := *a
				b.Visitor, b.Time = b.Visitor+uint32(10*chapter), a.Time+chapter*gap*century
				acts = append(acts, &b)
			}
		}
		r, _ := visited(acts)
		got, _ := gathered(t, r, recent, noon)
		want := covisitsOf(acts, clockTimes(acts, 1)[len(acts)-1], 1)
		for item := range uint32(5) {
			if sum, _ := want.together(recent, item); !alike32(got[item], sum) {
				t.Errorf("centuries of %d: item %d goes together %v, want %v", gap, item, got[item], sum)
			}
		}
		if r.decay.landmark == 0 || r.clock.cut < 40*gap*century {
			t.Errorf("centuries of %d: cut are %d ms", gap, r.clock.cut)
		}
	}
}

// What has faded away altogether is no reason and no proposal, and spoils nothing: pairs between
// items that are alive, and items. Time alone lets nothing fade: there was nothing newer to want.
func TestItemCFFaded(t *testing.T) {
	later := noon + 1200*int64(itemCFHalfLife)
	var others []*Act // a half-life each
	for k := range int64(600) {
		others = append(others, act(uint32(10+k), 8, noon+2*(k+1)*int64(itemCFHalfLife)))
	}
	for _, tt := range []struct {
		name   string
		before []*Act
		others []*Act
		after  []*Act
		recent []uint32
		want   []uint32
	}{
		{"a pair", []*Act{act(1, 1, noon), act(1, 3, noon+1)}, others, []*Act{act(2, 1, later), act(3, 2, later), act(3, 3, later+1)}, []uint32{1, 2}, []uint32{3}},
		{"an item", []*Act{act(1, 1, noon), act(1, 2, noon+1)}, others, []*Act{act(2, 3, later), act(2, 2, later+1)}, []uint32{1, 3}, []uint32{2}},
		{"all, in one silence", []*Act{act(1, 1, noon), act(1, 2, noon+1)}, nil, []*Act{act(2, 9, later)}, []uint32{1}, []uint32{2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := visited(slices.Concat(tt.before, tt.others, tt.after))
			var recent []Past
			for _, item := range tt.recent {
				recent = append(recent, Past{Item: item, Time: later})
			}
			together, _ := gathered(t, r, recent, later)
			if got := slices.Sorted(maps.Keys(together)); !slices.Equal(got, tt.want) {
				t.Errorf("together %v, want %v", together, tt.want)
			}
		})
	}
}

// A shop of few acts forgets no faster than others come in, however slowly that is.
func TestItemCFFadesByActs(t *testing.T) {
	story := []*Act{act(1, 1, noon), act(1, 2, noon+1)}
	quick, slow := slices.Clone(story), slices.Clone(story)
	for k := range int64(100) {
		quick = append(quick, act(uint32(10+k), 1, noon+int64(freshet.Minute)))
		slow = append(slow, act(uint32(10+k), 1, noon+(k+1)*int64(freshet.Day)*365))
	}
	ask := func(o ItemCFOptions, acts []*Act) float64 {
		r, _ := visitedBy(o, acts)
		together, _ := gathered(t, r, []Past{{Item: 2}}, noon)
		return together[1]
	}
	whole := ask(ItemCFOptions{}, quick)
	if kept := ask(ItemCFOptions{}, slow) / whole; kept < 0.99 || kept > 1 {
		t.Errorf("after a century of 100 acts %v is left of what an hour leaves", kept)
	}
	// Of all acts on item 1 that on which the pair rests is the oldest: what it says fades against the rest.
	if kept := ask(ItemCFOptions{Acts: 10}, slow) / whole; kept > 0.5 {
		t.Errorf("by a half-life of 10 acts %v is left", kept)
	}
}

// Every way to normalise keeps what goes with an item before what does not, and ranks what is
// everywhere lower than a plain count would.
func TestItemCFNormalise(t *testing.T) {
	var acts []*Act
	visitor := uint32(0)
	for range 30 { // 1 goes with 2; 9 is everywhere
		visitor++
		acts = append(acts, act(visitor, 1, noon), act(visitor, 2, noon+1), act(visitor, 9, noon+2))
	}
	for other := range uint32(200) {
		visitor++
		acts = append(acts, act(visitor, 20+other, noon), act(visitor, 9, noon+1))
	}
	for _, normalise := range []string{"", NormaliseCosine, NormaliseLift, NormaliseBM25} {
		h := &Histories{}
		r := NewItemCF("covisit", ItemCFOptions{Normalise: normalise}, h)
		for _, a := range acts {
			r.Apply(a)
			h.Apply(a)
		}
		together, _ := gathered(t, r, []Past{{Item: 1, Time: noon}}, noon)
		if len(together) != 2 || together[2] <= together[9] || together[9] <= 0 {
			t.Errorf("%q: %v, want item 2 before item 9 and nothing else", normalise, together)
		}
	}
}

// A world where what goes together for good decides learns to trust it, and one of passing
// fashions learns to trust these.
func TestItemCFLearnsWhatDecides(t *testing.T) {
	steady, fashion := NewItemCF("a", ItemCFOptions{}, &Histories{}), NewItemCF("b", ItemCFOptions{}, &Histories{})
	play := func(r *ItemCFRoute, a *Act) {
		r.Apply(a)
		r.histories.Apply(a)
	}
	for i := range uint32(12_000) {
		at := noon + int64(i)*int64(freshet.Minute)
		group := mixed(uint64(i)) % 40
		for k := range uint32(2) {
			play(steady, act(1+i, 1+uint32(group)*5+uint32(mixed(uint64(i*7+k))%5), at+int64(k)*1000))
			play(fashion, act(1+i, 1+i/100+uint32(mixed(uint64(i*2+k))%5), at+int64(k)*1000)) // five items at a time, new ones every 100 minutes
		}
	}
	if a, b := steady.blend.theta(), fashion.blend.theta(); a <= b {
		t.Errorf("co-visitation counts %v where it decides and %v where it does not", a, b)
	}
}
