package vector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/internal/simd"
)

// oracle scores every row and sorts them all.
func oracle(vectors []float32, dim int, metric Metric, query []float32, n int, skip func(row uint32) bool) []Hit {
	unit := func(v []float32) []float32 {
		if metric != Cosine {
			return v
		}
		var sum float64
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		out := make([]float32, len(v))
		for i, x := range v {
			out[i] = float32(float64(x) / math.Sqrt(sum))
		}
		return out
	}
	var all []Hit
	for row := range len(vectors) / dim {
		if skip == nil || !skip(uint32(row)) {
			all = append(all, Hit{uint32(row), simd.Dot(unit(query), unit(vectors[row*dim:][:dim]))})
		}
	}
	slices.SortFunc(all, func(a, b Hit) int {
		if a.Score != b.Score {
			if a.Score > b.Score {
				return -1
			}
			return 1
		}
		return int(a.Row) - int(b.Row)
	})
	return all[:max(0, min(n, len(all)))]
}

// world makes seeded vectors: gaussian, with long and short rows, equal rows, and few values, so that there are ties.
func world(rng *rand.Rand, rows, dim int) []float32 {
	v := make([]float32, rows*dim)
	kind := rng.IntN(4)
	for row := range rows {
		size := float32(1)
		if kind == 1 {
			size = float32(math.Exp(3 * rng.NormFloat64()))
		}
		for j := range dim {
			switch x := &v[row*dim+j]; kind {
			case 2:
				*x = float32(rng.IntN(3) - 1)
			case 3:
				*x = float32(j%3) - 0.5
			default:
				*x = size * float32(rng.NormFloat64())
			}
		}
		v[row*dim] += 0.25 // no row is zero
	}
	return v
}

// checkExact holds a search of an index that must be right against the oracle, bit for bit.
func checkExact(t *testing.T, name string, index Index, vectors []float32, metric Metric, query []float32, n int, skip func(row uint32) bool) {
	t.Helper()
	got, want := index.Search(nil, query, n, skip), oracle(vectors, index.Dim(), metric, query, n, skip)
	if len(got) != len(want) {
		t.Fatalf("%s: %d hits of %d, want %d", name, len(got), n, len(want))
	}
	for i := range want {
		if got[i].Row != want[i].Row || math.Float32bits(got[i].Score) != math.Float32bits(want[i].Score) {
			t.Fatalf("%s: hit %d of %d rows is %v, want %v", name, i, index.Len(), got[i], want[i])
		}
	}
}

func TestExactIndexesAgreeWithTheOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for round := range 150 {
		dim, rows := 1+rng.IntN(70), 1+rng.IntN(900)
		vectors := world(rng, rows, dim)
		query := world(rng, 1, dim)
		metric := Metric(round % 2)
		var skip func(row uint32) bool
		if odds := rng.IntN(4); odds > 0 {
			skip = func(row uint32) bool { return row*2654435761>>8%100 < uint32(odds*33) }
		}
		exact, err := NewExact(vectors, dim, metric)
		if err != nil {
			t.Fatal(err)
		}
		small, err := NewExactInt8(vectors, dim, metric)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{-1, 0, 1, 1 + rng.IntN(50), rows, rows + 10} {
			checkExact(t, "Exact", exact, vectors, metric, query, n, skip)
			checkExact(t, "ExactInt8", small, vectors, metric, query, n, skip)
		}
	}
}
