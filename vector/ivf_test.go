package vector

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// clustered makes rows around centres that lie in few dimensions, and queries of the same kind.
func clustered(seed uint64, rows, queries, dim int) (vectors, asked []float32) {
	rng := rand.New(rand.NewPCG(seed, 2))
	const rank = 6
	basis, centres := gaussians(rng, rank, dim), gaussians(rng, max(1, rows/200), rank)
	draw := func(n int) []float32 {
		out := make([]float32, n*dim)
		for i := range n {
			centre := centres[rng.IntN(len(centres)/rank)*rank:]
			for k := range rank {
				x := centre[k] + 0.4*float32(rng.NormFloat64())
				for j := range dim {
					out[i*dim+j] += x * basis[k*dim+j]
				}
			}
			for j := range dim {
				out[i*dim+j] += 0.1 * float32(rng.NormFloat64())
			}
		}
		return out
	}
	return draw(rows), draw(queries)
}

func gaussians(rng *rand.Rand, rows, dim int) []float32 {
	v := make([]float32, rows*dim)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

// recallOf is the share of the true hits that an index finds, and checks what every index promises:
// exact scores in order, no row twice and none that is skipped.
func recallOf(t *testing.T, index Index, vectors, queries []float32, metric Metric, n int, skip func(row uint32) bool) float64 {
	t.Helper()
	dim, found, all := index.Dim(), 0, 0
	for i := range len(queries) / dim {
		query := queries[i*dim:][:dim]
		sorted := oracle(vectors, dim, metric, query, len(vectors)/dim, skip)
		score, want := map[uint32]float32{}, sorted[:min(n, len(sorted))]
		for _, hit := range sorted {
			score[hit.Row] = hit.Score
		}
		got := index.Search(nil, query, n, skip)
		if len(got) != len(want) {
			t.Fatalf("%d hits, want %d", len(got), len(want))
		}
		seen := map[uint32]bool{}
		for j, hit := range got {
			if s, ok := score[hit.Row]; !ok || s != hit.Score || seen[hit.Row] {
				t.Fatalf("hit %d is %v: its score is %v (skipped: %v, seen before: %v)", j, hit, s, !ok, seen[hit.Row])
			}
			seen[hit.Row] = true
			if j > 0 && (got[j-1].Score < hit.Score || got[j-1].Score == hit.Score && got[j-1].Row > hit.Row) {
				t.Fatalf("hits %v and %v are in the wrong order", got[j-1], hit)
			}
		}
		for _, hit := range want {
			all++
			if seen[hit.Row] {
				found++
			}
		}
	}
	return float64(found) / float64(max(1, all))
}

func TestIVFFindsWhatItPromises(t *testing.T) {
	for _, metric := range []Metric{InnerProduct, Cosine} {
		vectors, queries := clustered(7, 10_000, 40, 33)
		index, err := NewIVF(context.Background(), vectors, 33, metric, IVFOptions{Seed: 1, N: 50})
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for i := range 40 {
			read += index.propose(new(scratch), queries[i*33:][:33], 50, nil)
		}
		if got := recallOf(t, index, vectors, queries, metric, 50, nil); got < 0.94 {
			t.Errorf("%s: RecallAt(50) is %.3f with %d of %d lists", metric, got, read/40, index.Lists())
		}
		if read/40 > index.Lists()/3 {
			t.Errorf("%s: %d of %d lists are read", metric, read/40, index.Lists())
		}
		all, err := NewIVF(context.Background(), vectors, 33, metric, IVFOptions{Lists: 50, Recall: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := recallOf(t, all, vectors, queries[:33*10], metric, 50, nil); got < 0.999 {
			t.Errorf("%s: RecallAt(50) is %.4f when all lists are read", metric, got)
		}
	}
}

// TestIVFFindsWhatIsNotSkipped skips more and more rows, in all places alike and in the best ones.
func TestIVFFindsWhatIsNotSkipped(t *testing.T) {
	vectors, queries := clustered(8, 10_000, 20, 24)
	index, err := NewIVF(context.Background(), vectors, 24, InnerProduct, IVFOptions{Seed: 1, N: 50})
	if err != nil {
		t.Fatal(err)
	}
	best := map[uint32]bool{}
	for i := range 20 {
		for _, hit := range oracle(vectors, 24, InnerProduct, queries[i*24:][:24], 3000, nil) {
			best[hit.Row] = true
		}
	}
	for name, skip := range map[string]func(row uint32) bool{
		"half":              func(row uint32) bool { return row%2 == 0 },
		"nine of ten":       func(row uint32) bool { return row%10 != 0 },
		"99 of 100":         func(row uint32) bool { return row%100 != 0 },
		"all but ten":       func(row uint32) bool { return row%1000 != 7 },
		"all":               func(row uint32) bool { return true },
		"the best for each": func(row uint32) bool { return best[row] },
	} {
		if got := recallOf(t, index, vectors, queries, InnerProduct, 50, skip); got < 0.9 && name != "all" {
			t.Errorf("RecallAt(50) is %.3f when %s are skipped", got, name)
		}
	}
}

func TestIVFIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	vectors, queries := clustered(9, 5000, 5, 20)
	var first *IVF
	for _, workers := range []int{1, 2, 5} {
		index, err := NewIVF(context.Background(), vectors, 20, InnerProduct, IVFOptions{Seed: 3, Workers: workers, Queries: queries})
		if err != nil {
			t.Fatal(err)
		}
		index.lists.workers = 0
		if first == nil {
			first = index
		} else if !slices.Equal(first.lists.centres, index.lists.centres) || !reflect.DeepEqual(first.row, index.row) || first.reach != index.reach {
			t.Errorf("%d workers build another index than one", workers)
		}
	}
	other, err := NewIVF(context.Background(), vectors, 20, InnerProduct, IVFOptions{Seed: 4, Queries: queries})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(first.lists.centres, other.lists.centres) {
		t.Error("another seed makes the same lists")
	}
}

// TestSmallAndOddIVF builds what has few rows, equal ones, or more lists than rows.
func TestSmallAndOddIVF(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for round := range 60 {
		dim, rows := 1+rng.IntN(20), 1+rng.IntN(80)
		vectors, query := world(rng, rows, dim), world(rng, 1, dim)
		if round%5 == 0 {
			clear(vectors)
		}
		index, err := NewIVF(context.Background(), vectors, dim, InnerProduct, IVFOptions{Lists: rng.IntN(100), Seed: uint64(round), N: 10, Recall: 1})
		if err != nil {
			t.Fatal(err)
		}
		recallOf(t, index, vectors, query, InnerProduct, 1+rng.IntN(90), nil)
		recallOf(t, index, vectors, make([]float32, dim), InnerProduct, 10, func(row uint32) bool { return row%3 == 0 })
	}
	none, err := NewIVF(context.Background(), nil, 3, InnerProduct, IVFOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if hits := none.Search(nil, []float32{1, 2, 3}, 10, nil); len(hits) > 0 || none.Len() != 0 {
		t.Errorf("an index of no rows finds %v", hits)
	}
}

func TestIVFRefusesOptions(t *testing.T) {
	vectors, _ := clustered(1, 100, 0, 4)
	for want, o := range map[string]IVFOptions{
		"-1 lists":                  {Lists: -1},
		"70000 lists":               {Lists: 70_000},
		"a recall of 1.5":           {Recall: 1.5},
		"queries to measure with":   {Queries: make([]float32, 5)},
		"-4 hits":                   {N: -4},
		"64 rows a list, -1 rounds": {Rounds: -1},
	} {
		if _, err := NewIVF(context.Background(), vectors, 4, InnerProduct, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewIVF(ctx, vectors, 4, InnerProduct, IVFOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a build that is called off says %v", err)
	}
}
