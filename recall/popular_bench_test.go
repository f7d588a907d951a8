package recall

import (
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
)

func BenchmarkPopularRecall(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	p := NewPopular("hot", freshet.Hour, freshet.Minute)
	newest := int64(0)
	for i := range benchActs {
		a := benchAct(rng, i)
		newest = a.Time
		p.Apply(a)
	}
	for _, when := range []struct {
		name string
		q    int64
	}{
		{"items=1e5/at the newest event", newest},
		{"items=1e5/half an hour later", newest + 30*int64(freshet.Minute)},
		{"items=1e5/a year later", newest + 365*int64(freshet.Day)},
	} {
		b.Run(when.name, func(b *testing.B) {
			req := &Request{Time: when.q, Newest: newest, Skip: nothing}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Recall(b.Context(), req, 100); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
