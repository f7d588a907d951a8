package learn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
)

// TestPermutedLabelsTeachNothing: of labels that were permuted no kind of model makes an order, within
// four standard errors of so many rows (an AUC of 0.50 ± 0.02), though the same rows with their own
// labels do. A model of them is refused for what it is, and would be for what it predicts.
func TestPermutedLabelsTeachNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	samples := samplesOf(t, named("x", "noise"), 200_000, func(int) Sample {
		x := rng.NormFloat64()
		return Sample{Row: row(x, rng.NormFloat64()), Signals: bit(rng.Float64() < rank.Sigmoid(2*x-1))}
	})
	for _, kind := range Learners {
		for _, permuted := range []bool{false, true} {
			_, fits, err := FitRanker(t.Context(), samples, click, FitOptions{Kind: kind, Seed: 1, Epochs: 2, Permute: permuted})
			if err != nil {
				t.Fatal(err)
			}
			fit := &fits[0]
			n, m := float64(fit.Positives), float64(fit.Held-fit.Positives)
			if doubt := 4 * math.Sqrt((n+m+1)/(12*n*m)); doubt > 0.02 {
				t.Fatalf("%d rows with %d positives tell an AUC to ± %.3f", fit.Held, fit.Positives, doubt)
			}
			manifest := registry.Manifest{Model: kind, Permuted: permuted, AUC: fit.AUC, LogLoss: fit.LogLoss, Baseline: fit.Baseline}
			switch fault := manifest.Fault(); {
			case !permuted && (fit.AUC < 0.7 || fault != nil):
				t.Errorf("%s: an AUC of %.4f with the labels' own order, fault %v", kind, fit.AUC, fault)
			case permuted && (math.Abs(fit.AUC-0.5) > 0.02 || fault == nil || fault.Code != registry.Unfit):
				t.Errorf("%s: an AUC of %.4f with permuted labels, fault %v", kind, fit.AUC, fault)
			}
			if gain := fit.Baseline - fit.LogLoss; permuted && gain > 0.001 {
				t.Errorf("%s: with permuted labels it predicts %.4f better than the mean", kind, gain)
			}
		}
	}
}
