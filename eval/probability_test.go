package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/eval"
)

// pairs is the AUC by its definition: every positive against every negative.
func pairs(scores []float64, labels []bool) (auc float64, ok bool) {
	won, n := 0.0, 0
	for i, positive := range labels {
		for j, other := range labels {
			if !positive || other {
				continue
			}
			n++
			switch {
			case scores[i] > scores[j]:
				won++
			case scores[i] == scores[j]:
				won += 0.5
			}
		}
	}
	return won / float64(max(1, n)), n > 0
}

func TestAUC(t *testing.T) {
	for _, c := range []struct {
		name   string
		scores []float64
		labels []bool
		want   float64
		ok     bool
	}{
		{"apart", []float64{1, 2}, []bool{false, true}, 1, true},
		{"the wrong way", []float64{2, 1}, []bool{false, true}, 0, true},
		{"a tie is half", []float64{1, 1}, []bool{false, true}, 0.5, true},
		{"infinities", []float64{math.Inf(-1), math.Inf(1)}, []bool{false, true}, 1, true},
		{"no scores", nil, nil, 0, false},
		{"no negative", []float64{1, 2}, []bool{true, true}, 0, false},
		{"no positive", []float64{1, 2}, []bool{false, false}, 0, false},
		{"not a number", []float64{1, math.NaN()}, []bool{false, true}, 0, false},
	} {
		if got, ok := eval.AUC(c.scores, c.labels); got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v, want %v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		n, levels := rng.IntN(60), 1+rng.IntN(40)
		scores, labels := make([]float64, n), make([]bool, n)
		for i := range scores {
			scores[i], labels[i] = float64(rng.IntN(levels))-3, rng.IntN(3) == 0
		}
		want, wantOK := pairs(scores, labels)
		if got, ok := eval.AUC(scores, labels); ok != wantOK || ok && !close(got, want) {
			t.Fatalf("AUC(%v, %v) = %v, %v, want %v, %v", scores, labels, got, ok, want, wantOK)
		}
	}
}

func TestAUCOfOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 300 {
		n, levels := 1+rng.IntN(30), 1+rng.IntN(20)
		scores, labels := make([]float64, n), make([]bool, n)
		for i := range scores {
			scores[i] = float64(rng.IntN(levels))
		}
		positive := rng.IntN(n)
		labels[positive] = true
		want, wantOK := pairs(scores, labels)
		if got, ok := eval.AUCOfOne(scores, positive); ok != wantOK || ok && !close(got, want) {
			t.Fatalf("AUCOfOne(%v, %d) = %v, %v, want %v, %v", scores, positive, got, ok, want, wantOK)
		}
	}
	if got, ok := eval.AUCOfOne([]float64{1, math.NaN()}, 0); ok {
		t.Errorf("a score that is no number gave %v", got)
	}
}

func TestLogLoss(t *testing.T) {
	for _, c := range []struct {
		name          string
		probabilities []float64
		labels        []bool
		want          float64
		ok            bool
	}{
		{"knows nothing", []float64{0.5, 0.5}, []bool{true, false}, math.Ln2, true},
		{"each its own", []float64{0.9, 0.2, 0.7}, []bool{true, false, false}, -(math.Log(0.9) + math.Log(0.8) + math.Log(0.3)) / 3, true},
		{"sure and wrong", []float64{0}, []bool{true}, -math.Log(1e-15), true},
		{"sure and right", []float64{1, 0}, []bool{true, false}, 0, true},
		{"out of range", []float64{2}, []bool{true}, 0, true},
		{"none", nil, nil, 0, false},
		{"not a number", []float64{math.NaN()}, []bool{true}, 0, false},
	} {
		got, ok := eval.LogLoss(c.probabilities, c.labels)
		if ok != c.ok || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, %v, want %v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
	if got, ok := eval.LogLoss([]float64{1}, []bool{false}); !ok || math.IsInf(got, 0) || got < 30 {
		t.Errorf("sure of what did not come: %v, %v; it should be large and finite", got, ok)
	}
}

func TestCoverage(t *testing.T) {
	var set eval.ItemSet
	if got := set.Coverage(10); got != 0 {
		t.Errorf("an empty set covers %v", got)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	want := map[uint32]bool{}
	for range 1000 {
		item := rng.Uint32N(700)
		set.Add(item)
		want[item] = true
		if set.Len() != len(want) {
			t.Fatalf("after %d the set has %d items, want %d", item, set.Len(), len(want))
		}
	}
	if got := set.Coverage(700); got != float64(len(want))/700 {
		t.Errorf("covers %v of 700, want %v", got, float64(len(want))/700)
	}
	if got := set.Coverage(0); got != 0 {
		t.Errorf("covers %v of no catalogue", got)
	}
}
