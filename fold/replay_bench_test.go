package fold_test

import (
	"testing"

	"github.com/freshet-rec/freshet/stream"
)

// BenchmarkApply folds MovieLens-100K, the densest histories at hand.
func BenchmarkApply(b *testing.B) {
	im := films(b, "ml-100k")
	b.ReportAllocs()
	for b.Loop() {
		s := newState(b)
		for i := range im.Events {
			s.Apply(&stream.Entry{Event: &im.Events[i].Event})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(im.Events)), "ns/event")
}
