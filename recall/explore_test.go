package recall

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

func TestExploreAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewExplore("try")
		showings := map[uint32]int{}
		last := uint32(0)
		for range rapid.IntRange(1, 300).Draw(t, "facts") {
			switch {
			case last == 0 || rapid.IntRange(0, 5).Draw(t, "new") == 0 && last < 20:
				last++
				r.Upsert(last, 0, false)
				showings[last] = 0
			default:
				item := rapid.Uint32Range(1, last).Draw(t, "item")
				switch rapid.IntRange(0, 3).Draw(t, "how") {
				case 0:
					r.Served(item)
					showings[item]++
				case 1:
					r.Upsert(item, 5, true) // dated anew
				default:
					r.Apply(signalled(1, item, 1, rapid.SampledFrom(freshet.Signals()).Draw(t, "signal")))
					showings[item]++
				}
			}
		}
		odd := rapid.Bool().Draw(t, "skip")
		skip := func(item uint32) bool { return odd && item%2 == 1 }
		req := &Request{Seed: rapid.Uint64().Draw(t, "seed"), Skip: skip}
		n := rapid.IntRange(0, 25).Draw(t, "n")
		got, err := r.Recall(testContext, req, n)
		if err != nil {
			t.Fatal(err)
		}
		var few [exploreFew]int // items by showings
		for item, k := range showings {
			if k < exploreFew && !skip(item) {
				few[k]++
			}
		}
		taken := map[uint32]bool{}
		for _, p := range got {
			k := showings[p.Item]
			if taken[p.Item] || skip(p.Item) || p.Score != -float64(k) {
				t.Fatalf("%+v with %d showings among %v", p, k, got)
			}
			taken[p.Item] = true
			for fewer := range k {
				if few[fewer] > 0 {
					t.Fatalf("%+v stands before an item with %d showings", p, fewer)
				}
			}
			few[k]--
		}
		left := 0
		for _, k := range few {
			left += k
		}
		if len(got) < n && left > 0 {
			t.Fatalf("%d of %d proposals, though %d items are hardly shown", len(got), n, left)
		}
	})
}

// TestExploreGivesEachItsTurn: over many seeds every item comes first about as often as another.
func TestExploreGivesEachItsTurn(t *testing.T) {
	for _, items := range []int{1, 2, 3, 7, 12, 100} {
		r := NewExplore("try")
		for item := range items {
			r.Upsert(uint32(item+1), 0, false)
		}
		const each = 1000
		first := make([]int, items+1)
		for seed := range uint64(items * each) {
			got, err := r.Recall(t.Context(), &Request{Seed: seed, Skip: nothing}, 1)
			if err != nil {
				t.Fatal(err)
			}
			first[got[0].Item]++
		}
		for item, n := range first[1:] {
			if n < each*8/10 || n > each*12/10 { // six standard deviations
				t.Errorf("of %d items, item %d came first %d times, want about %d", items, item+1, n, each)
			}
		}
	}
}

func TestExploreReadsWhatItCanBe(t *testing.T) {
	for name, write := range map[string]func(w *pack.Writer){
		"an item twice": func(w *pack.Writer) {
			w.Len(3)
			w.Len(2)
			w.Uint(1)
			w.Uint(1)
			w.Bytes = append(w.Bytes, make([]byte, 9)...)
		},
		"item 0":                  func(w *pack.Writer) { w.Len(3); w.Len(1); w.Uint(0); w.Bytes = append(w.Bytes, make([]byte, 9)...) },
		"more than the catalogue": func(w *pack.Writer) { w.Len(99); w.Bytes = append(w.Bytes, make([]byte, 10)...) },
		"an item beyond":          func(w *pack.Writer) { w.Len(2); w.Len(1); w.Uint(2); w.Bytes = append(w.Bytes, make([]byte, 9)...) },
	} {
		var w pack.Writer
		write(&w)
		r := pack.NewReader(w.Bytes)
		NewExplore("try").Unpack(r, 5)
		if r.Done() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
