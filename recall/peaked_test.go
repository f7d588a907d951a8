package recall

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
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
