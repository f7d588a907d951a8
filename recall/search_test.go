package recall

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// ask asks a route for all it has to say, for a visitor of whom the histories tell.
func ask(t interface {
	Helper()
	Fatal(...any)
}, r Route, h *Histories, visitor uint32, q, newest int64) []Proposal {
	t.Helper()
	req := &Request{Time: q, Newest: newest, Visitor: visitor, Recent: h.Liked(visitor), Disliked: h.Disliked(visitor), Queries: h.Queries(visitor),
		Skip: func(uint32) bool { return false }}
	got, err := r.Recall(testContext, req, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestSearchAgreesWithOracle holds a route against the formula, read off the acts.
func TestSearchAgreesWithOracle(t *testing.T) {
	const minute, within = int64(freshet.Minute), int64(30 * freshet.Minute)
	rapid.Check(t, func(t *rapid.T) {
		texts, s, h := NewTexts(), library{}, &Histories{}
		r := NewSearch("asked", freshet.Duration(within), texts, h)
		type did struct {
			act   Act
			asked []string // tokens of the queries that it answers
		}
		var acts []did
		newest := int64(1_700_000_000_000)
		for range rapid.IntRange(1, 40).Draw(t, "facts") {
			newest += rapid.Int64Range(0, 8*minute).Draw(t, "later")
			visitor, item := rapid.Uint32Range(1, 2).Draw(t, "visitor"), rapid.Uint32Range(1, 6).Draw(t, "item")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				s[item] = anyDoc(t, item)
				texts.Entry(item, s[item])
			case 1:
				a := Act{Visitor: visitor, Time: newest, Name: "search", Signal: freshet.SignalContext, Weight: 1,
					Query: rapid.SampledFrom([]string{"milk", "milk powder", "奶粉", "formula", "red milk", "formula tide"}).Draw(t, "query")}
				r.Apply(&a)
				h.Apply(&a)
			default:
				a := *act(visitor, item, newest)
				if rapid.IntRange(0, 4).Draw(t, "names its query") == 0 {
					a.Query = "tide"
				}
				one := did{act: a}
				add := func(text string) {
					tokens(text, false, func(token string) bool {
						if !slices.Contains(one.asked, token) {
							one.asked = append(one.asked, token)
						}
						return true
					})
				}
				add(a.Query)
				for _, q := range h.Queries(visitor) {
					if newest-q.Time <= within {
						add(q.Text)
					}
				}
				r.Apply(&a)
				h.Apply(&a)
				acts = append(acts, one)
			}
		}
		q := newest + rapid.Int64Range(0, 20*minute).Draw(t, "asked")
		learnt := func(token string, item uint32) (of, all float64) { // relative to an act now
			for _, d := range acts {
				if slices.Contains(d.asked, token) {
					w := math.Exp2(-float64(newest-d.act.Time) / float64(searchHalfLife))
					if all += w; d.act.Item == item {
						of += w
					}
				}
			}
			return of, all
		}
		got := map[uint32]float64{}
		for _, p := range ask(t, r, h, 1, q, newest) {
			got[p.Item] = p.Score
		}
		for item := uint32(1); item <= 6; item++ {
			want := 0.0
			for _, query := range h.Queries(1) {
				if q-query.Time > within {
					continue
				}
				sum, whole := 0.0, 0.0
				for _, token := range tokensOf(query.Text, false) {
					known := false
					for other := range s {
						known = known || s.count(other, token) > 0
					}
					of, all := learnt(token, item)
					if !known && all == 0 {
						continue
					}
					whole += s.idf(token)
					sum += s.idf(token) * of / (all + 1)
					if s[item] != nil && s.count(item, token) > 0 {
						sum += s.idf(token) * s.f(item, token)
					}
				}
				if whole > 0 {
					want += math.Exp2(-float64(q-query.Time)/float64(searchFresh)) * sum / whole
				}
			}
			if !equalTo(got[item], want) {
				t.Fatalf("item %d scores %v, want %v", item, got[item], want)
			}
		}
	})
}

func TestSearchFinds(t *testing.T) {
	texts, h := NewTexts(), &Histories{}
	r := NewSearch("asked", 30*freshet.Minute, texts, h)
	for item, title := range []string{"Aptamil milk powder", "Router AX3000", "牛奶粉 三段", "Powder snow boots", "Молоко"} {
		texts.Entry(uint32(item+1), &freshet.Item{Title: title})
	}
	for _, c := range []struct {
		query string
		want  []uint32
	}{
		{"milk powder", []uint32{1, 4}}, {"MILK", []uint32{1}}, {"奶粉", []uint32{3}}, {"粉", []uint32{3}}, {"молоко", []uint32{5}},
		{"ax3000 router", []uint32{2}}, {"telescope", nil}, {"🍼", nil}, {" ", nil},
	} {
		t.Run(c.query, func(t *testing.T) {
			h := &Histories{}
			h.Apply(&Act{Visitor: 1, Time: 1000, Name: "search", Query: c.query, Signal: freshet.SignalContext, Weight: 1})
			var got []uint32
			for _, p := range ask(t, r, h, 1, 2000, 1000) {
				got = append(got, p.Item)
				if p.Because != (Because{Code: Searched, Query: c.query, Time: 1000}) {
					t.Errorf("because %+v", p.Because)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("finds %v, want %v", got, c.want)
			}
			if late := ask(t, r, h, 1, 1001+int64(30*freshet.Minute), 1000); len(late) != 0 {
				t.Errorf("half an hour later it still finds %v", late)
			}
		})
	}
}

// What one visitor clicked after a query is found by another who asks the same, though no entry
// has the word; at the bound of tokens the least known are forgotten.
func TestSearchLearnsFromClicks(t *testing.T) {
	h := &Histories{}
	r := NewSearch("asked", 30*freshet.Minute, NewTexts(), h)
	fold := func(a Act) { r.Apply(&a); h.Apply(&a) }
	asks := func(visitor uint32, query string, t int64) {
		fold(Act{Visitor: visitor, Time: t, Name: "search", Query: query, Signal: freshet.SignalContext, Weight: 1})
	}
	asks(1, "formula", 1000)
	fold(*act(1, 7, 2000))
	fold(*act(1, 8, 1001+int64(30*freshet.Minute))) // too late to be an answer
	fold(Act{Visitor: 1, Item: 9, Time: 2100, Name: "hide", Signal: freshet.SignalNegative, Weight: 1})
	asks(2, "formula", 5000)
	if got := ask(t, r, h, 2, 6000, 5000); len(got) != 1 || got[0].Item != 7 {
		t.Errorf("finds %v, want item 7", got)
	}
	for i := range uint64(searchTokens) {
		r.clicks[i+1] = &taught{total: 1e-9, item: []uint32{1}, sum: []float64{1e-9}}
	}
	fold(*act(2, 7, 7000))
	if len(r.clicks) != searchTokens/2 || r.clicks[tokenHash("formula")] == nil {
		t.Errorf("%d tokens, want %d with that of the query", len(r.clicks), searchTokens/2)
	}
}

func TestWeightOfSearchFades(t *testing.T) {
	at := func(age freshet.Duration) float64 {
		return WeightAt("search", &Request{Time: int64(freshet.Day), Queries: []Query{{"milk", int64(freshet.Day - age)}}})
	}
	if Share(at(0), 120) < Share(Weight("itemcf"), 1) {
		t.Error("the 120th match of a fresh query stands below the best of itemcf")
	}
	if got := at(10 * freshet.Minute); !equalTo(got, searchWeight/2.) || at(-freshet.Minute) != searchWeight {
		t.Errorf("after ten minutes it weighs %v, a minute ahead %v", got, at(-freshet.Minute))
	}
	if WeightAt("search", &Request{}) != Weight("search") || WeightAt("itemcf", &Request{Queries: []Query{{"a", 1}}}) != Weight("itemcf") {
		t.Error("a weight depends on what it should not")
	}
}
