package vector

import (
	"context"
	"testing"
)

// TestSearchesAllocateNothing holds for a caller that keeps its hits.
func TestSearchesAllocateNothing(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector a pool forgets on purpose")
	}
	vectors, queries := clustered(3, 3000, 1, 20)
	exact, err := NewExact(vectors, 20, Cosine)
	if err != nil {
		t.Fatal(err)
	}
	file, err := NewIVF(context.Background(), vectors, 20, Cosine, IVFOptions{})
	if err != nil {
		t.Fatal(err)
	}
	skip := func(row uint32) bool { return row%2 == 0 }
	var hits []Hit
	for _, index := range []Index{exact, exact.coded(), file} {
		if n := testing.AllocsPerRun(50, func() { hits = index.Search(hits[:0], queries, 100, skip) }); n >= 1 {
			t.Errorf("a search of %T allocates %v times", index, n)
		}
	}
}
