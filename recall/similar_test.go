package recall

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

var testContext = context.Background()

// TestSimilarAgreesWithOracle holds a route against the formula, read off the entries.
func TestSimilarAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts, s, h := NewTexts(), library{}, &Histories{}
		r := NewSimilar("like", texts)
		for range rapid.IntRange(1, 20).Draw(t, "entries") {
			item := rapid.Uint32Range(1, 8).Draw(t, "item")
			s[item] = anyDoc(t, item)
			texts.Entry(item, s[item])
		}
		for i := range rapid.IntRange(1, 4).Draw(t, "acts") {
			h.Apply(act(1, rapid.Uint32Range(1, 9).Draw(t, "on"), int64(1000+i)))
		}
		recent := h.Liked(1)
		got := map[uint32]Proposal{}
		for _, p := range ask(t, r, h, 1, 5000, 2000) {
			got[p.Item] = p
		}
		for item := range s {
			score, whole := 0.0, 0.0
			for _, token := range vocabulary {
				q := 0.0
				for k, past := range recent {
					if s[past.Item] != nil && s.count(past.Item, token) > 0 {
						q += s.f(past.Item, token) / float64(k+1)
					}
				}
				if q > 0 {
					whole += q * s.idf(token)
				}
				if s.count(item, token) > 0 {
					score += q * s.idf(token) * s.f(item, token)
				}
			}
			if whole > 0 {
				score /= whole
			}
			if has(recent, item) {
				score = 0 // it is what they did
			}
			if !equalTo(got[item].Score, score) {
				t.Fatalf("%v scores %v, want %v", s[item], got[item].Score, score)
			}
			// The reason is the act that has most in common with it.
			common := func(other uint32) (sum float64) {
				for _, token := range vocabulary {
					if s[other] != nil && s.count(other, token) > 0 && s.count(item, token) > 0 {
						sum += s.idf(token) * s.f(other, token) * s.idf(token) * s.f(item, token)
					}
				}
				return sum
			}
			if p, proposed := got[item]; proposed {
				for _, past := range recent {
					if common(past.Item) > common(p.Because.Item)+1e-9 {
						t.Fatalf("%v because of %v, though %v is closer", s[item], s[p.Because.Item], s[past.Item])
					}
				}
			}
		}
	})
}

func TestSimilarKnowsAnItemAtOnce(t *testing.T) {
	texts, h := NewTexts(), &Histories{}
	r := NewSimilar("like", texts)
	texts.Entry(1, &freshet.Item{Title: "Tides of the north", Tags: []string{"sea"}})
	texts.Entry(2, &freshet.Item{Title: "Hill walks", Tags: []string{"boots"}})
	h.Apply(act(1, 1, 1000))
	if got := ask(t, r, h, 1, 2000, 1000); len(got) != 0 {
		t.Errorf("before anything is alike: %v", got)
	}
	texts.Entry(3, &freshet.Item{Title: "Harbours", Tags: []string{"sea"}})
	got := ask(t, r, h, 1, 2000, 1000)
	if len(got) != 1 || got[0].Item != 3 || got[0].Because != (Because{Code: Similar, Item: 1, Event: "click", Time: 1000}) {
		t.Errorf("proposes %+v", got)
	}
	texts.Entry(3, &freshet.Item{Title: "Harbours", Tags: []string{"boots"}})
	if got := ask(t, r, h, 1, 2000, 1000); len(got) != 0 {
		t.Errorf("after its entry says something else: %v", got)
	}
}
