package recall

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// oracle sorts everything.
func topOracle(values []int64, n int, skip func(uint32) bool) (list []scored) {
	for item, v := range values {
		if v > 0 && !skip(uint32(item)) {
			list = append(list, scored{float64(v), uint32(item)})
		}
	}
	slices.SortFunc(list, func(a, b scored) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	return list[:min(len(list), max(0, n))]
}

func TestPeakedAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.SampledFrom([]int{1, peakBlock, peakBlock + 1, 200 * peakBlock}).Draw(rt, "items")
		var p peaked[int64]
		values := make([]int64, size)
		most := rapid.SampledFrom([]int64{1, 5, 1 << 40}).Draw(rt, "most")
		for range rapid.IntRange(0, 300).Draw(rt, "steps") {
			item := rapid.IntRange(0, size-1).Draw(rt, "item")
			if rapid.IntRange(0, 3).Draw(rt, "down") == 0 {
				by := values[item] / 2
				values[item] -= by
				p.add(uint32(item), -by)
				stale := make([]bool, len(p.peaks))
				stale[item/peakBlock] = true
				p.settle(stale)
				continue
			}
			by := rapid.Int64Range(0, most).Draw(rt, "by")
			values[item] += by
			p.add(uint32(item), by)
		}
		for block, peak := range p.peaks {
			from := block * peakBlock
			if want := slices.Max(p.values[from:min(from+peakBlock, len(p.values))]); peak != want {
				rt.Fatalf("block %d has the peak %d, want %d", block, peak, want)
			}
		}
		some := 0
		for _, v := range values {
			if v > 0 {
				some++
			}
		}
		if p.some != some {
			rt.Fatalf("%d values above 0, want %d", p.some, some)
		}
		odd := rapid.Uint32Range(1, 5).Draw(rt, "skip")
		skip := func(item uint32) bool { return item%odd == 1 }
		n := rapid.IntRange(-1, 60).Draw(rt, "n")
		got, err := p.top(t.Context(), n, skip)
		if want := topOracle(values, n, skip); err != nil || !slices.Equal(got, want) {
			rt.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
}

// Where most of what lies high may not be shown, what lies low is found all the same.
func TestPeakedLooksFurtherDown(t *testing.T) {
	var p peaked[float64]
	for item := range uint32(2000 * peakBlock) {
		p.add(item, float64(1+item%7))
	}
	p.scale(0.5)
	if p.most() != 3.5 {
		t.Errorf("most %v", p.most())
	}
	got, err := p.top(t.Context(), 10, func(item uint32) bool { return item%7 != 2 })
	if err != nil || len(got) != 10 || got[0] != (scored{1.5, 2}) || got[9] != (scored{1.5, 65}) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestTrendingLooksAtFewBlocks holds the route, which passes over blocks by their peaks, against a
// look at every item.
func TestTrendingLooksAtFewBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const hour, items = int64(3_600_000), 100 * peakBlock
	r := NewTrending("rising", freshet.Hour, freshet.Day, freshet.Minute, &Histories{})
	at := 100 * hour
	for visitor := range uint32(20_000) {
		at = 100*hour + int64(visitor)*4*hour/20_000
		item := 1 + uint32(float64(items-1)*rng.Float64()*rng.Float64())
		if rng.IntN(3) == 0 && at > 103*hour {
			item = 1 + 97*uint32(rng.IntN(60)) // these rise
		}
		r.Apply(&Act{Visitor: visitor + 1, Item: item, Time: at, Signal: freshet.SignalClick, Weight: 1})
	}
	for _, q := range []int64{at, at + 5*60_000} {
		req := &Request{Time: q, Skip: func(item uint32) bool { return item%5 == 0 }}
		now, all := r.short.at(q)
		before, allBefore := r.long.at(q)
		some := 0.0
		for _, n := range before {
			if n > 0 {
				some++
			}
		}
		var want []scored
		for item, s := range now {
			e := float64(all) * float64(max(0, before[item]-s)+1) / (float64(allBefore-all) + some)
			if z := 2*math.Sqrt(float64(s)+0.375) - 2*math.Sqrt(e+0.375); s > 0 && z >= trendingLeast && !req.Skip(uint32(item)) {
				want = append(want, scored{z, uint32(item)})
			}
		}
		slices.SortFunc(want, func(a, b scored) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		got, err := r.Recall(t.Context(), req, 20)
		if err != nil || len(got) != 20 || len(want) < 30 {
			t.Fatalf("%d proposals of %d, %v", len(got), len(want), err)
		}
		for i, p := range got {
			if p.Item != want[i].item || p.Score != want[i].score {
				t.Fatalf("proposal %d is item %d with %v, want %v", i+1, p.Item, p.Score, want[i])
			}
		}
	}
}
