package recall

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
)

// shelf is a catalogue that tells a NewestRoute of every birth, as the fold does.
type shelf struct {
	items *catalog.Catalog
	route *NewestRoute
}

func newShelf(within freshet.Duration) *shelf {
	items := catalog.New()
	return &shelf{items, NewNewest("new", within, items)}
}

func (s *shelf) note(id freshet.ItemID, do func() uint32) {
	item, was := s.items.Find(id), int64(0)
	if item != 0 {
		was = s.items.Born(item)
	}
	had := item != 0
	if item = do(); !had || s.items.Born(item) != was {
		s.route.Upsert(item, was, had)
	}
}

func (s *shelf) seen(id freshet.ItemID, t int64) {
	s.note(id, func() uint32 { return s.items.Seen(id, t) })
}

func (s *shelf) publish(id freshet.ItemID, born, received int64) {
	s.note(id, func() uint32 {
		return s.items.Upsert(&freshet.Item{ID: id, Published: born, HasPublished: true}, received)
	})
}

func TestNewestAgreesWithCatalogue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		within := rapid.Int64Range(1, 50).Draw(t, "within")
		s := newShelf(freshet.Duration(within))
		for range rapid.IntRange(0, 60).Draw(t, "facts") {
			id := freshet.ItemID(fmt.Sprint(rapid.IntRange(1, 15).Draw(t, "id")))
			at := rapid.Int64Range(1, 100).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "fact") {
			case 0:
				s.publish(id, rapid.Int64Range(1, 100).Draw(t, "born"), at)
			case 1:
				s.note(id, func() uint32 { return s.items.Upsert(&freshet.Item{ID: id}, at) })
			default:
				s.seen(id, at)
			}
			s.route.Apply(act(1, s.items.Find(id), at)) // acts are no births
		}
		req := &Request{
			Time:   rapid.Int64Range(1, 200).Draw(t, "q"),
			Newest: rapid.Int64Range(0, 100).Draw(t, "newest"),
			Skip:   func(item uint32) bool { return item%4 == 0 },
		}
		n := rapid.IntRange(0, 20).Draw(t, "n")
		var want []Proposal
		for item := uint32(1); int(item) < s.items.Len(); item++ {
			born := s.items.Born(item)
			if born > req.Time || req.Skip(item) {
				continue
			}
			code := Catalogued
			if born > req.Time-within || req.Newest > 0 && born > req.Newest-within {
				code = Newcomer
			}
			want = append(want, Proposal{item, -float64(req.Time-born) / 86_400_000, Because{Code: code, Time: born}})
		}
		slices.SortFunc(want, better)
		want = want[:min(n, len(want))]
		got, err := s.route.Recall(t.Context(), req, n)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("at %d, newest event %d, within %d:\n%v\nwant\n%v", req.Time, req.Newest, within, got, want)
		}
	})
}

func TestNewest(t *testing.T) {
	day := int64(freshet.Day)
	type shown struct {
		id   freshet.ItemID
		code string
	}
	tests := []struct {
		name   string
		fill   func(s *shelf)
		newest int64
		want   []shown
	}{
		{"born order, whatever the order of arrival",
			func(s *shelf) {
				s.seen("old", noon-9*day)
				s.publish("young", noon-day, noon)
				s.seen("middle", noon-5*day)
			}, noon, []shown{{"young", Newcomer}, {"middle", Catalogued}, {"old", Catalogued}}},
		{"the span before the request is open at its far end",
			func(s *shelf) {
				s.publish("in", noon-3*day+1, noon)
				s.publish("out", noon-3*day, noon)
			}, noon, []shown{{"in", Newcomer}, {"out", Catalogued}}},
		{"new as of an old history",
			func(s *shelf) {
				s.seen("a", noon-1000*day)
				s.seen("b", noon-1002*day)
				s.seen("c", noon-1004*day)
			}, noon - 1000*day, []shown{{"a", Newcomer}, {"b", Newcomer}, {"c", Catalogued}}},
		{"without any event only the request's own span counts",
			func(s *shelf) { s.publish("a", 1, noon) }, 0, []shown{{"a", Catalogued}}},
		{"born at the request", func(s *shelf) { s.publish("a", noon, noon) }, noon, []shown{{"a", Newcomer}}},
		{"born after it", func(s *shelf) { s.publish("a", noon+1, noon) }, noon, nil},
		{"dated anew: younger",
			func(s *shelf) {
				s.seen("a", noon-9*day)
				s.seen("b", noon-8*day)
				s.publish("a", noon-day, noon)
			}, noon, []shown{{"a", Newcomer}, {"b", Catalogued}}},
		{"dated anew: older",
			func(s *shelf) {
				s.seen("a", noon)
				s.seen("b", noon-8*day)
				s.seen("a", noon-9*day)
			}, noon, []shown{{"b", Catalogued}, {"a", Catalogued}}},
		{"ties by item number",
			func(s *shelf) {
				s.seen("first", noon)
				s.seen("second", noon)
				s.seen("third", noon)
			}, noon, []shown{{"first", Newcomer}, {"second", Newcomer}, {"third", Newcomer}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShelf(3 * freshet.Day)
			tt.fill(s)
			list, err := s.route.Recall(t.Context(), &Request{Time: noon, Newest: tt.newest, Skip: nothing}, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got []shown
			for _, p := range list {
				got = append(got, shown{s.items.ID(p.Item), p.Because.Code})
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("proposed %v, want %v", got, tt.want)
			}
		})
	}
}

// A score of zero is printed as it is: without a sign.
func TestNewestBornNowScoresPlainZero(t *testing.T) {
	s := newShelf(freshet.Day)
	s.seen("a", noon)
	got, err := s.route.Recall(t.Context(), &Request{Time: noon, Skip: nothing}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Score != 0 || math.Signbit(got[0].Score) {
		t.Errorf("proposals %v, want one with score 0", got)
	}
}

func TestNewestKeepsTheNewest(t *testing.T) {
	const more = 50
	tests := []struct {
		name string
		born func(i int64) int64 // when the i-th of maxNewest + more is born
		gone func(i int64) bool
	}{
		{"in order", func(i int64) int64 { return noon + i }, func(i int64) bool { return i < more }},
		{"newest first", func(i int64) int64 { return noon - i }, func(i int64) bool { return i >= maxNewest }},
		{"all at once: the first items", func(i int64) int64 { return noon }, func(i int64) bool { return i >= maxNewest }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShelf(freshet.Day)
			for i := range int64(maxNewest + more) {
				s.seen(freshet.ItemID(fmt.Sprint(i)), tt.born(i))
			}
			got, err := s.route.Recall(t.Context(), &Request{Time: noon + 2*maxNewest, Skip: nothing}, maxNewest+more)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != maxNewest {
				t.Fatalf("%d items kept, want %d", len(got), maxNewest)
			}
			for _, p := range got {
				if i := int64(p.Item) - 1; tt.gone(i) {
					t.Fatalf("item %d of %d, born %d, is kept", i, maxNewest+more, tt.born(i))
				}
			}
		})
	}
}

// An item that has fallen out may come back by being dated anew, and one that was kept and is
// dated below all others leaves its place to the one that fell out for it.
func TestNewestRedatesAtTheBound(t *testing.T) {
	s := newShelf(freshet.Day)
	s.seen("fallen", noon-1)
	for i := range int64(maxNewest) {
		s.seen(freshet.ItemID(fmt.Sprint(i)), noon+i)
	}
	ask := func(n int) []Proposal {
		t.Helper()
		got, err := s.route.Recall(t.Context(), &Request{Time: noon + 2*maxNewest, Skip: nothing}, n)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	s.publish("fallen", noon+maxNewest, noon)
	if got := ask(1); len(got) != 1 || got[0].Item != s.items.Find("fallen") {
		t.Errorf("first is %v, want the item dated anew", got)
	}
	s.publish("fallen", noon-2, noon)
	list := ask(2 * maxNewest)
	if len(list) != maxNewest {
		t.Fatalf("%d items kept, want %d", len(list), maxNewest)
	}
	if last := list[len(list)-1].Item; last != s.items.Find("0") {
		t.Errorf("last is item %d, want the oldest but the one dated below it", last)
	}
}
