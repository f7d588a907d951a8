package learn

import (
	"math"
	"testing"
)

func TestGainAt(t *testing.T) {
	for name, c := range map[string]struct {
		wanted int
		scores []float64
		want   float64
	}{
		"first":                {0, []float64{2, 1}, 1},
		"second of three":      {2, []float64{5, 1, 3}, 1 / math.Log2(3)},
		"equal, in row order":  {1, []float64{1, 1, 1}, 1 / math.Log2(3)},
		"beyond the first ten": {11, make([]float64, 12), 0},
	} {
		if got := gainAt(c.wanted, c.scores); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestGainOf(t *testing.T) {
	for place, want := range map[int]float64{0: 0, 1: 1, 3: 0.5, QuestionK: 1 / math.Log2(QuestionK+1), QuestionK + 1: 0} {
		if got := gainOf(place); got != want {
			t.Errorf("place %d: %v, want %v", place, got, want)
		}
	}
}
