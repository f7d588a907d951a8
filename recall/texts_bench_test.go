package recall

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
)

// benchTexts are so many entries of some ten tokens each, out of 20,000 by Zipf's law.
func benchTexts(n int) *Texts {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 5, 20_000)
	word := func() string { return fmt.Sprintf("w%d", zipf.Uint64()) }
	x := NewTexts()
	for item := range n {
		x.Entry(uint32(item+1), &freshet.Item{Title: word() + " " + word() + " " + word() + " " + word(), Tags: []string{word(), word()}, Categories: []string{word()}})
	}
	return x
}

func BenchmarkSimilar(b *testing.B) {
	texts := benchTexts(100_000)
	r, h, rng := NewSimilar("like", texts), &Histories{}, rand.New(rand.NewPCG(3, 4))
	for visitor := range uint32(100) {
		for i := range int64(10) {
			h.Apply(act(visitor+1, 1+rng.Uint32N(100_000), i))
		}
	}
	benchRoute(b, r, h)
}

func BenchmarkSearch(b *testing.B) {
	texts, h := benchTexts(100_000), &Histories{}
	r, rng := NewSearch("asked", 30*freshet.Minute, texts, h), rand.New(rand.NewPCG(3, 4))
	for visitor := range uint32(100) {
		for i := range int64(3) {
			h.Apply(&Act{Visitor: visitor + 1, Time: i, Name: "search", Signal: freshet.SignalContext, Weight: 1,
				Query: fmt.Sprintf("w%d w%d w%d", rng.IntN(30), rng.IntN(1000), rng.IntN(10_000))})
		}
	}
	benchRoute(b, r, h)
}

// benchRoute asks for 200 proposals for one visitor of 100 after the other.
func benchRoute(b *testing.B, r Route, h *Histories) {
	b.Helper()
	found, n := 0, uint32(0)
	for b.Loop() {
		visitor := 1 + n%100
		n++
		req := &Request{Time: 1000, Newest: 1000, Visitor: visitor, Seed: uint64(n), Recent: h.Liked(visitor), Queries: h.Queries(visitor),
			Skip: func(uint32) bool { return false }}
		got, err := r.Recall(b.Context(), req, 200)
		if err != nil {
			b.Fatal(err)
		}
		found += len(got)
	}
	b.ReportMetric(float64(found)/float64(n), "proposals/op")
}

func BenchmarkTextsEntry(b *testing.B) {
	x := benchTexts(100_000)
	n := uint32(0)
	for b.Loop() {
		n++
		x.Entry(1+n*7919%100_000, &freshet.Item{Title: fmt.Sprintf("w%d w%d w%d w%d", n%7, n%100, n%1000, n%20_000), Tags: []string{"w1"}})
	}
}
