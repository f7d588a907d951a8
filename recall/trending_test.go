package recall

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// trendingOf is the oracle of TrendingRoute: z of every item, from all acts kept.
func trendingOf(acts []*Act, window, against, q int64) map[uint32]float64 {
	count := func(length int64) (of map[uint32]float64, all float64) {
		of = map[uint32]float64{}
		hop := length / countedTiles
		for _, a := range acts {
			if tile, head := a.Time/hop, q/hop; head-countedTiles < tile && tile <= head {
				of[a.Item]++
				all++
			}
		}
		return of, all
	}
	now, s := count(window)
	before, all := count(against)
	z := map[uint32]float64{}
	for item, n := range now {
		e := s * (max(0, before[item]-n) + 1) / (max(0, all-s) + max(1, float64(len(before))))
		z[item] = 2*math.Sqrt(n+3./8) - 2*math.Sqrt(e+3./8)
	}
	return z
}

func TestTrendingAgreesWithOracle(t *testing.T) {
	const window, against, minute = int64(freshet.Hour), int64(freshet.Day), int64(freshet.Minute)
	rapid.Check(t, func(t *rapid.T) {
		h := &Histories{}
		r := NewTrending("rising", freshet.Duration(window), freshet.Duration(against), freshet.Minute, h)
		var acts []*Act
		now, visitor := noon, uint32(0)
		for range rapid.IntRange(1, 12).Draw(t, "bursts") {
			now += rapid.Int64Range(0, 3*int64(freshet.Hour)).Draw(t, "later")
			item := rapid.Uint32Range(1, 5).Draw(t, "item")
			for range rapid.IntRange(1, 12).Draw(t, "visitors") {
				visitor++
				now += rapid.Int64Range(0, minute).Draw(t, "pause")
				a := act(visitor, item, now)
				acts = append(acts, a)
				for range rapid.IntRange(1, 2).Draw(t, "times") { // a second act of one visitor counts no more
					r.Apply(a)
					h.Apply(a)
				}
			}
		}
		q := now + rapid.Int64Range(-minute, 2*window).Draw(t, "asked")
		want := trendingOf(acts, window, against, q)
		got := map[uint32]float64{}
		for _, p := range ask(t, r, h, 0, q, now) {
			got[p.Item] = p.Score
			if p.Because != (Because{Code: Trending, Window: window}) {
				t.Fatalf("because %+v", p.Because)
			}
		}
		for item := uint32(1); item <= 5; item++ {
			z, trends := want[item], want[item] >= trendingLeast
			if _, proposed := got[item]; proposed != trends || trends && !equalTo(got[item], z) {
				t.Fatalf("item %d scores %v, want %v (%v trend)", item, got[item], z, want)
			}
		}
	})
}

func TestWhatTrends(t *testing.T) {
	hour, minute := int64(freshet.Hour), int64(freshet.Minute)
	tests := []struct {
		name  string
		story func(want func(item uint32, times int, from, to int64))
		want  []uint32
	}{
		{"two events never do", func(want func(uint32, int, int64, int64)) { want(1, 2, noon-minute, noon) }, nil},
		{"nor four", func(want func(uint32, int, int64, int64)) {
			want(2, 50, noon-20*hour, noon-2*hour)
			want(1, 4, noon-minute, noon)
		}, nil},
		{"ten at once of what nobody wanted", func(want func(uint32, int, int64, int64)) {
			want(2, 200, noon-20*hour, noon)
			want(1, 10, noon-minute, noon)
		}, []uint32{1}},
		{"what is always wanted does not", func(want func(uint32, int, int64, int64)) {
			want(1, 2000, noon-23*hour, noon)
			want(2, 100, noon-23*hour, noon)
		}, nil},
		{"nor when everybody comes at once", func(want func(uint32, int, int64, int64)) {
			want(1, 200, noon-23*hour, noon-hour)
			want(2, 100, noon-23*hour, noon-hour)
			want(1, 200, noon-hour/2, noon)
			want(2, 100, noon-hour/2, noon)
		}, nil},
		{"the one that grows among them does", func(want func(uint32, int, int64, int64)) {
			want(1, 200, noon-23*hour, noon-hour)
			want(2, 100, noon-23*hour, noon-hour)
			want(1, 200, noon-hour/2, noon)
			want(2, 200, noon-hour/2, noon)
		}, []uint32{2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &Histories{}
			r := NewTrending("rising", freshet.Hour, freshet.Day, freshet.Minute, h)
			visitor := uint32(0)
			tt.story(func(item uint32, times int, from, to int64) {
				for i := range times {
					visitor++
					a := act(visitor, item, from+(to-from)*int64(i)/int64(times))
					r.Apply(a)
					h.Apply(a)
				}
			})
			var got []uint32
			for _, p := range ask(t, r, h, 0, noon, noon) {
				got = append(got, p.Item)
			}
			if len(got) != len(tt.want) || len(got) > 0 && got[0] != tt.want[0] {
				t.Errorf("%v trend, want %v", got, tt.want)
			}
		})
	}
}

func TestOneVisitorMakesNoTrend(t *testing.T) {
	h := &Histories{}
	r := NewTrending("rising", freshet.Hour, freshet.Day, freshet.Minute, h)
	for i := range int64(100) {
		a := act(1, 7, noon+i)
		r.Apply(a)
		h.Apply(a)
	}
	if got := ask(t, r, h, 0, noon+100, noon+100); len(got) != 0 {
		t.Errorf("one visitor's clicks make %v", got)
	}
}
