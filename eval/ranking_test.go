package eval_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/eval"
)

func close(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b)) }

func TestRankingMeasures(t *testing.T) {
	for _, c := range []struct {
		name            string
		gains, relevant []float64
		k               int
		hit, ndcg, mrr  float64
	}{
		{"first", []float64{1, 0, 0}, []float64{1}, 10, 1, 1, 1},
		{"second", []float64{0, 1, 0}, []float64{1}, 10, 1, 1 / math.Log2(3), 0.5},
		{"third of three", []float64{0, 0, 1}, []float64{1}, 3, 1, 0.5, 1.0 / 3},
		{"below the cut", []float64{0, 0, 1}, []float64{1}, 2, 0, 0, 0},
		{"not listed", []float64{0, 0}, []float64{1}, 2, 0, 0, 0},
		{"empty list", nil, []float64{1}, 10, 0, 0, 0},
		{"nothing relevant", []float64{0, 0}, nil, 10, 0, 0, 0},
		{"cut of 0", []float64{1}, []float64{1}, 0, 0, 0, 0},
		{"negative cut", []float64{1}, []float64{1}, -1, 0, 0, 0},
		{"ideal order", []float64{3, 2, 1}, []float64{1, 2, 3}, 3, 1, 1, 1},
		{"reversed", []float64{1, 3}, []float64{3, 1}, 2, 1, (1 + 3/math.Log2(3)) / (3 + 1/math.Log2(3)), 1},
		{"half of what there is", []float64{1}, []float64{1, 1}, 2, 1, 1 / (1 + 1/math.Log2(3)), 1},
		{"more relevant than places", []float64{0, 1}, []float64{1, 1, 1}, 1, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := eval.HitRate(c.gains, c.k); got != c.hit {
				t.Errorf("HitRate %v, want %v", got, c.hit)
			}
			if got := eval.NDCG(c.gains, c.relevant, c.k); !close(got, c.ndcg) {
				t.Errorf("NDCG %v, want %v", got, c.ndcg)
			}
			if got := eval.MRR(c.gains, c.k); !close(got, c.mrr) {
				t.Errorf("MRR %v, want %v", got, c.mrr)
			}
		})
	}
}

// permutations calls visit with every order of list.
func permutations(list []float64, visit func([]float64)) {
	if len(list) == 0 {
		visit(nil)
	}
	for i := range list {
		rest := slices.Delete(slices.Clone(list), i, i+1)
		permutations(rest, func(p []float64) { visit(append([]float64{list[i]}, p...)) })
	}
}

// TestMeasuresAgainstDefinitions compares with the measures written out: the ideal order is
// the best of all orders, tried one by one.
func TestMeasuresAgainstDefinitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	sum := func(gains []float64, k int) float64 {
		total := 0.0
		for i := 0; i < k && i < len(gains); i++ {
			total += gains[i] / (math.Log(float64(i+2)) / math.Ln2)
		}
		return total
	}
	for range 300 {
		all := make([]float64, 1+rng.IntN(6))
		for i := range all {
			all[i] = float64(rng.IntN(4))
		}
		k := 1 + rng.IntN(7)
		listed := slices.Clone(all)
		rng.Shuffle(len(listed), func(i, j int) { listed[i], listed[j] = listed[j], listed[i] })
		listed = listed[:rng.IntN(len(listed)+1)]
		ideal := 0.0
		permutations(all, func(p []float64) { ideal = max(ideal, sum(p, k)) })
		wantNDCG, wantHit, wantRR := 0.0, 0.0, 0.0
		if ideal > 0 {
			wantNDCG = sum(listed, k) / ideal
		}
		for i := min(k, len(listed)) - 1; i >= 0; i-- {
			if listed[i] > 0 {
				wantHit, wantRR = 1, 1/float64(i+1)
			}
		}
		if got := eval.NDCG(listed, all, k); !close(got, wantNDCG) || got < 0 || got > 1+1e-12 {
			t.Fatalf("NDCG(%v, %v, %d) = %v, want %v", listed, all, k, got, wantNDCG)
		}
		if got := eval.HitRate(listed, k); got != wantHit {
			t.Fatalf("HitRate(%v, %d) = %v, want %v", listed, k, got, wantHit)
		}
		if got := eval.MRR(listed, k); !close(got, wantRR) {
			t.Fatalf("MRR(%v, %d) = %v, want %v", listed, k, got, wantRR)
		}
	}
}

// TestTally compares with the means of the list measures, one list per ask.
func TestTally(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 50 {
		k := 1 + rng.IntN(12)
		tally := eval.NewTally(k)
		hit, ndcg, mrr, n := 0.0, 0.0, 0.0, rng.IntN(200)
		wantSums, wantAsks := map[int]float64{}, map[int]int{}
		for range n {
			rank, group := rng.IntN(2*k)-1, rng.IntN(9)
			gains := make([]float64, 3*k)
			if rank > 0 {
				gains[rank-1] = 1
			}
			hit += eval.HitRate(gains, k)
			mrr += eval.MRR(gains, k)
			ndcg += eval.NDCG(gains, []float64{1}, k)
			wantSums[group] += eval.NDCG(gains, []float64{1}, k)
			wantAsks[group]++
			tally.Add(group, rank)
		}
		of := float64(max(1, n))
		if tally.N() != n || !close(tally.HitRate(), hit/of) || !close(tally.NDCG(), ndcg/of) || !close(tally.MRR(), mrr/of) {
			t.Fatalf("k %d, %d asks: %d, %v, %v, %v, want %v, %v, %v", k, n, tally.N(), tally.HitRate(), tally.NDCG(), tally.MRR(), hit/of, ndcg/of, mrr/of)
		}
		sums, asks := tally.Groups()
		for group, want := range wantAsks {
			if asks[group] != want || !close(sums[group], wantSums[group]) {
				t.Fatalf("group %d: %d asks, sum %v, want %d, %v", group, asks[group], sums[group], want, wantSums[group])
			}
		}
	}
}
