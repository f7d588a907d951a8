package learn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// TestThePlaceIsNotTheMerit: a shop that shows its worst items first has clicks mostly on
// those. Told where items were shown, the model still finds the better ones, and its score is
// the chance of an item that is shown first.
func TestThePlaceIsNotTheMerit(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	told, untold := NewRows(named("merit", exposedRank)), NewRows(named("merit"))
	chance := func(merit float64, shown int) float64 { return rank.Sigmoid(-2 + 1.5*merit - 0.4*float64(shown-1)) }
	for range 40_000 {
		shown := 1 + rng.IntN(8)
		merit := min(1, max(0, float64(shown)/10+0.3*rng.NormFloat64()))
		label := rng.Float64() < chance(merit, shown)
		if err := told.Add(of(merit, float64(shown)), label); err != nil {
			t.Fatal(err)
		}
		if err := untold.Add(of(merit), label); err != nil {
			t.Fatal(err)
		}
	}
	misled, _, err := TrainLR(untold, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	m, report, err := TrainLR(told, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if names := m.Fields.Names().Numbers; len(names) != 1 || names[0] != "merit" {
		t.Fatalf("the model asks for %q; nobody knows a rank before ranking", names)
	}
	low, high := chanceOf(m, 0.2), chanceOf(m, 0.7)
	if math.Abs(low-chance(0.2, 1)) > 0.04 || math.Abs(high-chance(0.7, 1)) > 0.05 {
		t.Errorf("scores %.3f and %.3f, want the chances when shown first, %.3f and %.3f", low, high, chance(0.2, 1), chance(0.7, 1))
	}
	if chanceOf(misled, 0.7) > chanceOf(misled, 0.2) {
		t.Error("the world misleads nobody: the test shows nothing")
	}
	if report.LogLoss >= report.Baseline {
		t.Errorf("log-loss %.4f of a baseline of %.4f", report.LogLoss, report.Baseline)
	}
}
