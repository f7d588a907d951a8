package recall

import (
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet"
)

// The benchmarks' world: what a shop of a hundred thousand items sees in a busy while. Items
// are skewed towards low numbers, as popularity is.
const (
	benchItems    = 100_000
	benchVisitors = 5_000
	benchActs     = 200_000
)

func benchAct(rng *rand.Rand, i int) *Act {
	skewed := rng.Float64() * rng.Float64()
	return act(1+rng.Uint32N(benchVisitors), 1+uint32(skewed*benchItems), noon+int64(i)*100)
}

func benchItemCF(b *testing.B) (*ItemCFRoute, *Histories, *rand.Rand) {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	h := &Histories{}
	r := NewItemCF("covisit", ItemCFOptions{}, h)
	for i := range benchActs {
		a := benchAct(rng, i)
		r.Apply(a)
		h.Apply(a)
	}
	return r, h, rng
}

func BenchmarkItemCFApply(b *testing.B) {
	b.Run("items=1e5", func(b *testing.B) {
		r, h, rng := benchItemCF(b)
		acts := make([]*Act, 1<<16)
		for i := range acts {
			acts[i] = benchAct(rng, benchActs+i)
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			a := acts[i%len(acts)]
			r.Apply(a)
			h.Apply(a)
			i++
		}
	})
}

func BenchmarkItemCFRecall(b *testing.B) {
	b.Run("items=1e5", func(b *testing.B) {
		r, h, _ := benchItemCF(b)
		requests := make([]Request, benchVisitors)
		for i := range requests {
			visitor := uint32(i + 1)
			requests[i] = Request{
				Time: noon + int64(freshet.Day), Visitor: visitor, Recent: newestFirst(h.Recent(visitor)),
				Skip: func(item uint32) bool { _, ok := h.Seen(visitor, item); return ok },
			}
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			if _, err := r.Recall(b.Context(), &requests[i%len(requests)], 200); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}
