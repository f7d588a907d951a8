package registry

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/golden"
	"github.com/freshet-rec/freshet/rank"
)

// TestGolden: models of every version released are loaded, and score as they did.
func TestGolden(t *testing.T) {
	rows := [][]float64{{0, 0, 0}, {-3, 2, 1}, {0.25, 1e6, -1}, {7, 3, 0.5}}
	golden.Test(t, "v1", map[string]golden.Case{"lr": {
		Make: func(t testing.TB) *fsys.Mem {
			disk := fsys.NewMem()
			for version, bias := range []float64{-1.5, 0.1} {
				m := &rank.Piecewise{Schema: rank.Knotted{Fields: []rank.Curve{{Name: "x", Knots: []float64{-1, 0, 0.5}}, {Name: "y", Knots: []float64{1, 100}}, {Name: "z", Knots: []float64{0}}}},
					Bias: bias, Weights: [][]float64{{0.1, -0.2, 1.0 / 3, 1}, {0, 1e-9, -2.5}, {0.75, -0.125}}}
				if got, err := Save(disk, Manifest{Model: "lr", From: 1, Until: 5000, Definitions: "0123456789abcdef", Negatives: Exposed, Rows: 400, Held: 100, Positives: 20, AUC: 0.7, LogLoss: 0.3, Baseline: 0.5, Seed: 7}, m, noon); err != nil || got.Version != version+1 {
					t.Fatal(got, err)
				}
			}
			return disk
		},
		Hash: func(t testing.TB, disk *fsys.Mem) string {
			sum := sha256.New()
			list, err := List(disk, "lr")
			if err != nil || len(list) != 2 {
				t.Fatalf("%d versions, %v", len(list), err)
			}
			for _, m := range list {
				b, err := Load(disk, m.Model, m.Version)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(sum, "%+v\n", asOfV1(&m))
				for _, row := range rows {
					fmt.Fprintf(sum, "%.12g\n", b.Ranker.Score(row)) // the last bits are those of the machine
				}
			}
			return fmt.Sprintf("%x", sum.Sum(nil))
		}}})
}

// asOfV1 are the fields that a manifest had when the first golden models were written.
func asOfV1(m *Manifest) any {
	return struct {
		Model                 string
		Version               int
		SHA256, Created       string
		From, Until           freshet.Position
		Definitions           string
		Negatives             string
		Permuted              bool
		Rows, Held, Positives int
		AUC, LogLoss          float64
		Baseline              float64
		Seed                  uint64
		Seal                  string
	}{m.Model, m.Version, m.SHA256, m.Created, m.From, m.Until, m.Definitions, m.Negatives, m.Permuted, m.Rows, m.Held, m.Positives, m.AUC, m.LogLoss, m.Baseline, m.Seed, m.Seal}
}
