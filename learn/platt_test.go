package learn

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// TestPlattFindsWhatOddsWereBentBy: labels drawn at probabilities whose log-odds were then bent are
// explained by unbending them.
func TestPlattFindsWhatOddsWereBentBy(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, bent := range []rank.Calibration{{Slope: 1}, {Slope: 0.25, Shift: -3}, {Slope: 2, Shift: 1}} {
		odds, labels, stands := make([]float64, 50_000), make([]bool, 50_000), make([]float32, 50_000)
		for i := range odds {
			truth := rng.NormFloat64() - 1
			labels[i], stands[i] = rng.Float64() < rank.Sigmoid(truth), 1
			odds[i] = (truth - bent.Shift) / bent.Slope
		}
		if got := fitPlatt(odds, labels, stands); math.Abs(got.Slope/bent.Slope-1) > 0.05 || math.Abs(got.Shift-bent.Shift) > 0.1*max(1, math.Abs(bent.Shift)) {
			t.Errorf("%+v was bent by %+v", got, bent)
		}
	}
}

// TestPlattOfSampledRows: rows that stand for many give the probabilities of the many.
func TestPlattOfSampledRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var odds []float64
	var labels []bool
	var stands []float32
	for range 400_000 {
		truth := 0.5*rng.NormFloat64() - 3
		label := rng.Float64() < rank.Sigmoid(truth)
		if label || rng.Float64() < 0.1 {
			odds, labels = append(odds, truth), append(labels, label)
			if stands = append(stands, 1); !label {
				stands[len(stands)-1] = 10
			}
		}
	}
	if got := fitPlatt(odds, labels, stands); math.Abs(got.Slope-1) > 0.1 || math.Abs(got.Shift) > 0.3 {
		t.Errorf("%+v, want about 1 and 0", got)
	}
}

func TestPlattWhereThereIsNothingToGoBy(t *testing.T) {
	ones := []float32{1, 1, 1, 1}
	for name, c := range map[string]struct {
		odds   []float64
		labels []bool
	}{
		"one class":     {[]float64{1, 2, 3, 4}, []bool{true, true, true, true}},
		"turned around": {[]float64{4, 3, -2, -3}, []bool{false, false, true, true}},
		"no rows":       {nil, nil},
	} {
		if got := fitPlatt(c.odds, c.labels, ones); !reflect.DeepEqual(got, same) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := fitPlatt([]float64{0, 0, 0, 0}, []bool{true, false, false, false}, ones); !sound(got.Slope) || !sound(got.Shift) {
		t.Errorf("all the same: %+v", got)
	}
	if got := fitPlatt([]float64{-9, -8, 8, 9}, []bool{false, false, true, true}, ones); !sound(got.Slope) || got.Slope <= 0 {
		t.Errorf("parted perfectly: %+v", got)
	}
}

func sound(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
