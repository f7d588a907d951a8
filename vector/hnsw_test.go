package vector

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// lowRank draws rows around centres in a space of few dimensions, with some noise beside it.
func lowRank(rng *rand.Rand, n, dim, centres int) []float32 {
	const rank = 8
	base := make([]float32, rank*dim)
	for i := range base {
		base[i] = float32(rng.NormFloat64())
	}
	centre := make([]float32, centres*rank)
	for i := range centre {
		centre[i] = float32(rng.NormFloat64())
	}
	rows := make([]float32, n*dim)
	for i := range n {
		row, c := rows[i*dim:][:dim], rng.IntN(centres)
		for r := range rank {
			x := centre[c*rank+r] + 0.4*float32(rng.NormFloat64())
			for d := range dim {
				row[d] += x * base[r*dim+d]
			}
		}
		for d := range dim {
			row[d] += 0.3 * float32(rng.NormFloat64())
		}
	}
	return rows
}

func newHNSW(t *testing.T, rows []float32, dim int, o HNSWOptions) *HNSW {
	t.Helper()
	h, err := NewHNSW(t.Context(), rows, dim, o)
	if err != nil {
		t.Fatal(err)
	}
	checkGraph(t, h)
	return h
}

// checkGraph holds the lists of links against what they promise.
func checkGraph(t *testing.T, h *HNSW) {
	t.Helper()
	for row := range uint32(h.Len()) {
		for l := range h.layersOf(row) + 1 {
			list := h.linked(l, row)
			for i, to := range list {
				switch {
				case to == row:
					t.Fatalf("row %d is linked to itself on layer %d", row, l)
				case slices.Contains(list[:i], to):
					t.Fatalf("row %d is linked twice to %d on layer %d", row, to, l)
				case h.layersOf(to) < l:
					t.Fatalf("row %d is linked to %d on layer %d, which that one does not reach", row, to, l)
				}
			}
		}
	}
}

// TestHNSWFinds asks for the best of clustered rows, by both metrics. What is found is in float32
// and in order; how much is found is RecallAt(50).
func TestHNSWFinds(t *testing.T) {
	const n, dim, k = 6000, 24, 50
	for _, metric := range []Metric{InnerProduct, Cosine} {
		rng := rand.New(rand.NewPCG(1, uint64(metric)))
		rows := lowRank(rng, n+40, dim, 60)
		queries := rows[n*dim:]
		h := newHNSW(t, rows[:n*dim], dim, HNSWOptions{Metric: metric, Ef: 200, Workers: 2})
		found := 0
		for ; len(queries) > 0; queries = queries[dim:] {
			want := h.exact.Search(nil, queries[:dim], k, nil)
			got := h.Search(nil, queries[:dim], k, nil)
			if len(got) != k {
				t.Fatalf("%s: %d hits, want %d", metric, len(got), k)
			}
			for i, hit := range got {
				if slices.Contains(want, hit) {
					found++
				}
				if i > 0 && key(got[i-1].Score, got[i-1].Row) <= key(hit.Score, hit.Row) {
					t.Fatalf("%s: hit %d, %+v, comes after %+v", metric, i, hit, got[i-1])
				}
			}
		}
		if recall := float64(found) / (40 * k); recall < 0.95 {
			t.Errorf("%s: RecallAt(%d) is %.3f, want 0.95", metric, k, recall)
		}
	}
}

// TestHNSWIsTheSameForAnyWorkers: graph and hits depend on rows, options and seed alone.
func TestHNSWIsTheSameForAnyWorkers(t *testing.T) {
	const n, dim = 3000, 16
	rows := lowRank(rand.New(rand.NewPCG(2, 1)), n, dim, 20)
	one := newHNSW(t, rows, dim, HNSWOptions{Seed: 7})
	three := newHNSW(t, rows, dim, HNSWOptions{Seed: 7, Workers: 3})
	other := newHNSW(t, rows, dim, HNSWOptions{Seed: 8})
	same := func(a, b *HNSW) bool {
		return a.entry == b.entry && slices.Equal(a.near, b.near) && slices.EqualFunc(a.upper, b.upper, slices.Equal[[]uint32])
	}
	if !same(one, three) {
		t.Error("three workers build another graph than one")
	}
	if same(one, other) {
		t.Error("another seed builds the same graph")
	}
	for i := range 20 {
		q := rows[i*dim:][:dim]
		if a, b := one.Search(nil, q, 30, nil), three.Search(nil, q, 30, nil); !slices.Equal(a, b) {
			t.Fatalf("query %d: %v and %v", i, a, b)
		}
	}
}

// TestHNSWOfFewRows has every number of rows around those at which batches, lists and the walk begin.
func TestHNSWOfFewRows(t *testing.T) {
	const dim = 3
	rng := rand.New(rand.NewPCG(3, 1))
	for n := range 90 {
		rows := make([]float32, n*dim)
		for i := range rows {
			rows[i] = float32(rng.IntN(5) - 2) // with many equal ones
		}
		h := newHNSW(t, rows, dim, HNSWOptions{Links: 2, Breadth: 2, Ef: 1, Workers: 2})
		for _, k := range []int{-1, 0, 1, 7, n, n + 5} {
			q := []float32{1, float32(n%3) - 1, 0}
			got, want := h.Search(nil, q, k, nil), h.exact.Search(nil, q, k, nil)
			if len(got) != len(want) || k >= n && !slices.Equal(got, want) {
				t.Fatalf("%d of %d rows: %v, want %v", k, n, got, want)
			}
		}
	}
}

// TestHNSWSkips: what skip refuses is not found, and where it leaves few rows those are found.
func TestHNSWSkips(t *testing.T) {
	const n, dim, k = 4000, 16, 20
	rng := rand.New(rand.NewPCG(4, 1))
	rows := lowRank(rng, n, dim, 30)
	h := newHNSW(t, rows, dim, HNSWOptions{Ef: 64})
	for _, kept := range []uint32{2, 10, 500, 5000} { // one row in so many stays
		skip := func(row uint32) bool { return row%kept != 0 }
		found, all := 0, 0
		for i := range 20 {
			q := rows[rng.IntN(n)*dim:][:dim]
			want := h.exact.Search(nil, q, k, skip)
			got := h.Search([]Hit{{Row: 9}}, q, k, skip)
			if got[0].Row != 9 || len(got) != 1+len(want) {
				t.Fatalf("one row in %d, query %d: %d hits after the one that was there, want %d", kept, i, len(got)-1, len(want))
			}
			for _, hit := range got[1:] {
				if skip(hit.Row) {
					t.Fatalf("row %d is refused and was found", hit.Row)
				}
				if slices.Contains(want, hit) {
					found++
				}
				all++
			}
		}
		if least := 0.85; float64(found) < least*float64(all) {
			t.Errorf("of one row in %d %d of %d were found", kept, found, all)
		}
	}
}

// TestHNSWOfOddRows: rows that say nothing about their distances, and one beyond all others.
func TestHNSWOfOddRows(t *testing.T) {
	const n, dim = 500, 8
	rng := rand.New(rand.NewPCG(5, 1))
	for name, number := range map[string]func(row int) float32{
		"zeros": func(int) float32 { return 0 },
		"equal": func(int) float32 { return 0.25 },
		"tiny":  func(int) float32 { return math.SmallestNonzeroFloat32 * float32(rng.IntN(9)) },
		"huge":  func(int) float32 { return MaxMagnitude * (rng.Float32()*2 - 1) },
		"outlier": func(row int) float32 {
			return map[bool]float32{true: MaxMagnitude, false: float32(rng.NormFloat64())}[row == 17]
		},
	} {
		t.Run(name, func(t *testing.T) {
			rows := make([]float32, n*dim)
			for i := range rows {
				rows[i] = number(i / dim)
			}
			h := newHNSW(t, rows, dim, HNSWOptions{Ef: 40})
			if got := h.Search(nil, rows[:dim], 10, nil); len(got) != 10 {
				t.Errorf("%d hits, want 10", len(got))
			}
			q := slices.Repeat([]float32{1}, dim)
			if got := h.Search(nil, q, 1, nil); name == "outlier" && got[0].Row != 17 {
				t.Errorf("the best is row %d, want 17, which is far greater than all others", got[0].Row)
			}
		})
	}
}

func TestHNSWRefuses(t *testing.T) {
	for _, o := range []HNSWOptions{{Links: 1}, {Links: 65}, {Links: 16, Breadth: 8}, {Breadth: 5000}, {Ef: -1}, {Workers: -1}, {Metric: 9}} {
		if _, err := NewHNSW(t.Context(), []float32{1, 2}, 2, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	if _, err := NewHNSW(t.Context(), []float32{1, float32(math.NaN())}, 2, HNSWOptions{}); !errors.Is(err, ErrBadVector) {
		t.Errorf("a NaN: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := NewHNSW(ended, []float32{1, 2}, 2, HNSWOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func BenchmarkHNSWSearch(b *testing.B) {
	const n, dim = 20_000, 64
	rows := lowRank(rand.New(rand.NewPCG(6, 1)), n, dim, 200)
	h, err := NewHNSW(b.Context(), rows, dim, HNSWOptions{Workers: 2})
	if err != nil {
		b.Fatal(err)
	}
	b.Run(fmt.Sprintf("rows=%d/n=200", n), func(b *testing.B) {
		b.ReportAllocs()
		var hits []Hit
		i := 0
		for b.Loop() {
			hits = h.Search(hits[:0], rows[i%n*dim:][:dim], 200, nil)
			i += 37
		}
	})
}
