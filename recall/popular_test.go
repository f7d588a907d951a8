package recall

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

const noon = int64(1_700_000_000_000)

func nothing(uint32) bool { return false }

// popularOf is the oracle of PopularRoute, from all acts kept.
func popularOf(acts []*Act, windows []int64, q int64, n int, skip func(uint32) bool) []Proposal {
	var out []Proposal
	fill := func(score map[uint32]float64, finish func(*Proposal)) {
		var list []Proposal
		for item, s := range score {
			if s > 0 && !skip(item) && !slices.ContainsFunc(out, func(p Proposal) bool { return p.Item == item }) {
				list = append(list, Proposal{Item: item, Score: s})
			}
		}
		slices.SortFunc(list, better)
		for _, p := range list[:min(len(list), n-len(out))] {
			finish(&p)
			out = append(out, p)
		}
	}
	wanted := slices.DeleteFunc(slices.Clone(acts), func(a *Act) bool { return a.Item == 0 || !a.Signal.Positive() })
	for rung, window := range windows {
		counts, total := map[uint32]float64{}, 0
		hop := window / countedTiles
		for _, a := range wanted {
			if tile, head := a.Time/hop, q/hop; head-countedTiles < tile && tile <= head {
				counts[a.Item]++
				total++
			}
		}
		if total < n {
			continue
		}
		fill(counts, func(p *Proposal) {
			p.Score = p.Score/float64(total) + float64(len(windows)-rung)
			p.Because = Because{Code: Popular, Window: window}
		})
	}
	newest := int64(math.MinInt64)
	for _, a := range wanted {
		newest = max(newest, a.Time)
	}
	faded, most := map[uint32]float64{}, 0.0
	for _, a := range wanted {
		faded[a.Item] += a.Weight * math.Exp2(-float64(newest-a.Time)/float64(popularHalfLife))
		most = max(most, faded[a.Item])
	}
	fill(faded, func(p *Proposal) {
		p.Score /= most
		p.Because = Because{Code: Popular}
	})
	return out
}

// alike compares lists of proposals whose scores may differ by rounding.
func alike(a, b []Proposal) bool {
	return slices.EqualFunc(a, b, func(a, b Proposal) bool {
		return a.Item == b.Item && a.Because == b.Because && math.Abs(a.Score-b.Score) <= 1e-9*max(1, math.Abs(b.Score))
	})
}

func TestPopularAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const slack = freshet.Minute
		first := rapid.SampledFrom([]freshet.Duration{10 * freshet.Minute, freshet.Hour, freshet.Day, 3 * freshet.Day, 30 * freshet.Day}).Draw(t, "window")
		windows := []int64{int64(first)}
		for _, w := range []freshet.Duration{freshet.Day, 7 * freshet.Day} {
			if int64(w) > windows[len(windows)-1] {
				windows = append(windows, int64(w))
			}
		}
		p := NewPopular("hot", first, slack)
		var acts []*Act
		newest := noon
		for range rapid.IntRange(0, 60).Draw(t, "acts") {
			step := rapid.SampledFrom([]freshet.Duration{freshet.Minute, 5 * freshet.Minute, freshet.Hour, freshet.Day, 3 * freshet.Day, 40 * freshet.Day}).Draw(t, "scale")
			at := newest + rapid.Int64Range(-int64(step), int64(step)).Draw(t, "step")
			newest = max(newest, at)
			a := signalled(1, rapid.Uint32Range(0, 8).Draw(t, "item"), at, rapid.SampledFrom(append(freshet.Signals(), freshet.SignalClick, freshet.SignalClick)).Draw(t, "signal"))
			// Powers of 3 apart, so that no two items' decayed weights are equal but for rounding.
			a.Weight = math.Pow(1.0/3, float64(a.Item))
			p.Apply(a)
			acts = append(acts, a)
		}
		odd := func(item uint32) bool { return item%2 == 1 }
		for _, skip := range []func(uint32) bool{nothing, odd} {
			n := rapid.IntRange(0, 12).Draw(t, "n")
			q := newest + rapid.SampledFrom([]int64{-int64(slack), 0, 1, int64(freshet.Hour), int64(2 * freshet.Day), 30 * int64(freshet.Day), century}).Draw(t, "q")
			got, err := p.Recall(t.Context(), &Request{Time: q, Newest: newest, Skip: skip}, n)
			if err != nil {
				t.Fatal(err)
			}
			if want := popularOf(acts, windows, q, n, skip); !alike(got, want) {
				t.Fatalf("at %d, %d asked for:\n%v\nwant\n%v", q, n, got, want)
			}
		}
	})
}

func TestPopularWindows(t *testing.T) {
	hour, day, week := int64(freshet.Hour), int64(freshet.Day), 7*int64(freshet.Day)
	q := noon - noon%week // the beginning of a tile in every window
	type shown struct {
		item   uint32
		window int64
	}
	many := func(item uint32, n int, t int64) []*Act { return slices.Repeat([]*Act{act(1, item, t)}, n) }
	tests := []struct {
		name string
		acts [][]*Act
		n    int
		want []shown
	}{
		{"nothing", nil, 3, nil},
		{"a full first window", [][]*Act{many(1, 2, q), many(2, 3, q)}, 2, []shown{{2, hour}, {1, hour}}},
		{"longer windows fill up", [][]*Act{many(1, 4, q), many(2, 1, q-2*hour), many(3, 1, q-2*day), many(4, 1, q-20*day)}, 4,
			[]shown{{1, hour}, {2, day}, {3, week}, {4, 0}}},
		{"a thin first window is passed over", [][]*Act{many(1, 1, q), many(2, 3, q-2*hour)}, 2, []shown{{2, day}, {1, day}}},
		{"all are thin", [][]*Act{many(1, 1, q), many(2, 2, q-2*day)}, 4, []shown{{2, 0}, {1, 0}}},
		{"as many events as were asked for are enough", [][]*Act{many(1, 2, q), many(2, 3, q-2*hour)}, 2, []shown{{1, hour}, {2, day}}},
		{"a history decades old has a most popular item", [][]*Act{many(1, 3, 900_000_000_000), many(2, 5, 900_000_000_000-day)}, 2, []shown{{2, 0}, {1, 0}}},
		{"and its newest counts most", [][]*Act{many(1, 3, 900_000_000_000), many(2, 5, 900_000_000_000-30*day)}, 2, []shown{{1, 0}, {2, 0}}},
		{"a tile ahead of the request is not in the window", [][]*Act{many(1, 2, q), many(2, 9, q+hour/60)}, 2, []shown{{1, hour}, {2, day}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPopular("hot", freshet.Hour, freshet.Minute)
			for _, acts := range tt.acts {
				for _, a := range acts {
					p.Apply(a)
				}
			}
			list, err := p.Recall(t.Context(), &Request{Time: q, Skip: nothing}, tt.n)
			if err != nil {
				t.Fatal(err)
			}
			var got []shown
			for _, p := range list {
				got = append(got, shown{p.Item, p.Because.Window})
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("item and window %v, want %v", got, tt.want)
			}
		})
	}
}

// An event of two centuries later rebases every sum; the order of what is left is right.
func TestPopularOverCenturies(t *testing.T) {
	p := NewPopular("hot", freshet.Hour, freshet.Minute)
	for _, a := range []*Act{
		act(1, 1, noon), act(1, 1, noon), act(1, 2, noon),
		act(1, 3, noon+2*century), act(1, 4, noon+2*century), act(1, 4, noon+2*century),
		act(1, 2, noon+2*century+1000*int64(popularHalfLife)),
	} {
		p.Apply(a)
	}
	got, err := p.Recall(t.Context(), &Request{Time: noon + 9*century, Skip: nothing}, 10)
	if err != nil {
		t.Fatal(err)
	}
	var items []uint32
	for _, p := range got {
		items = append(items, p.Item)
	}
	if want := []uint32{2, 4, 3}; !slices.Equal(items, want) {
		t.Errorf("items %v, want %v: item 1 has faded away altogether", items, want)
	}
}
