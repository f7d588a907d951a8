package recall

import (
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
)

func BenchmarkTrending(b *testing.B) {
	h, rng := &Histories{}, rand.New(rand.NewPCG(1, 2))
	r := NewTrending("rising", freshet.Hour, freshet.Day, freshet.Minute, h)
	zipf := rand.NewZipf(rng, 1.2, 20, 100_000)
	for i := range int64(500_000) {
		r.Apply(act(1+uint32(i), 1+uint32(zipf.Uint64()), noon+i*20))
	}
	ends := noon + 10_000_000
	for i := range int64(3000) { // a new one takes off
		r.Apply(act(600_000+uint32(i), 50_000+uint32(i%300), ends+i))
	}
	found, n := 0, 0
	for b.Loop() {
		got, err := r.Recall(b.Context(), &Request{Time: ends + 4000, Skip: nothing}, 200)
		if err != nil {
			b.Fatal(err)
		}
		found, n = found+len(got), n+1
	}
	b.ReportMetric(float64(found)/float64(n), "proposals/op")
}

func BenchmarkExplore(b *testing.B) {
	r := NewExplore("try")
	for item := range uint32(100_000) {
		r.Upsert(item+1, 0, false)
	}
	benchRoute(b, r, &Histories{})
}

// BenchmarkRule asks for the items of 20 of 1,000 authors, and for a condition without an attribute.
func BenchmarkRule(b *testing.B) {
	items, names := catalog.New(), make([]string, 1000)
	for i := range names {
		names[i] = string(rune('a'+i%26)) + string(rune('a'+i/26))
	}
	author := func(doc *freshet.Item) string { s, _ := doc.Attributes["author"].(string); return s }
	rule := Rule{
		Bind: func(*Request) func(*freshet.Item, int64) bool {
			return func(doc *freshet.Item, _ int64) bool { return author(doc) < "c" }
		},
		Keys:   func(dst []string, doc *freshet.Item) []string { return append(dst, author(doc)) },
		Wanted: func(dst []string, _ *Request) []string { return append(dst, names[:20]...) },
	}
	indexed, scanned := NewRule("follows", rule, false, items), NewRule("all", Rule{Bind: rule.Bind}, false, items)
	for i := range 100_000 {
		doc := &freshet.Item{ID: freshet.ItemID(names[i%1000] + names[i/1000]), Attributes: map[string]any{"author": names[i%1000]}}
		indexed.Entry(items.Upsert(doc, int64(i)), doc)
	}
	b.Run("indexed", func(b *testing.B) { benchRoute(b, indexed, &Histories{}) })
	b.Run("scanned", func(b *testing.B) { benchRoute(b, scanned, &Histories{}) })
}

// BenchmarkDemote is ten dislikes against 500 candidates.
func BenchmarkDemote(b *testing.B) {
	texts, rng := benchTexts(100_000), rand.New(rand.NewPCG(3, 4))
	similar, req := NewSimilar("like", texts), &Request{Time: 1000}
	candidates := make([]Candidate, 500)
	for i := range candidates {
		candidates[i].Item = 1 + rng.Uint32N(100_000)
	}
	for range 10 {
		req.Disliked = append(req.Disliked, Past{Item: 1 + rng.Uint32N(100_000), Time: 900})
	}
	for b.Loop() {
		if _, err := Demote(b.Context(), []Alike{similar}, req, candidates); err != nil {
			b.Fatal(err)
		}
	}
}
