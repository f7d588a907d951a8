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

// TestGolden: models of every version released are loaded, and score as they did. Those of version 1
// are kept as JSON, with float64 weights that are float32 now.
func TestGolden(t *testing.T) {
	keep := func(t testing.TB, models ...rank.Model) *fsys.Mem {
		t.Helper()
		disk := fsys.NewMem()
		for i, m := range models {
			r := rank.Single("click", m)
			if i > 0 {
				r.Heads[0].Calibration = rank.Calibration{Slope: 0.5, Shift: -1}
			}
			if got, err := Save(disk, Manifest{Model: "lr", From: 1, Until: 5000, Definitions: "0123456789abcdef", Negatives: Exposed, Rows: 400, Held: 100, Positives: 20, AUC: 0.7, LogLoss: 0.3, Baseline: 0.5, Seed: 7}, r, noon); err != nil || got.Version != i+1 {
				t.Fatal(got, err)
			}
		}
		return disk
	}
	fields := []rank.Field{{Name: "x", Kind: rank.Spread, Knots: []float64{-1, 0, 0.5}}, {Name: "y", Kind: rank.Spread, Knots: []float64{1, 100}}, {Name: "z", Kind: rank.Scaled, Mean: 1, Scale: 0.5}}
	schema, err := rank.NewSchema(append(fields, rank.Field{Name: "item.id", Kind: rank.Category, Tokens: []rank.Token{5, 7}}))
	if err != nil {
		t.Fatal(err)
	}
	bare, err := rank.NewSchema(fields)
	if err != nil {
		t.Fatal(err)
	}
	weights := []float32{0.1, -0.2, 1.0 / 3, 1, 0, 1e-9, -2.5, 0.75, -0.125, 0.5, 0.25, -1, 1}
	vectors := make([]float32, 2*len(weights))
	for i := range vectors {
		vectors[i] = float32(i%5)/8 - 0.2
	}
	fm := rank.FM{LR: rank.LR{Fields: schema, Bias: -1.5, Weights: weights}, Dim: 2, Vectors: vectors}
	golden.Test(t, "v2", map[string]golden.Case{
		"lr": {Hash: scores, Make: func(t testing.TB) *fsys.Mem {
			return keep(t, &rank.LR{Fields: bare, Bias: -1.5, Weights: weights[:9]}, &rank.LR{Fields: bare, Bias: 0.1, Weights: weights[:9]})
		}},
		"deep": {Hash: scores, Make: func(t testing.TB) *fsys.Mem {
			layers := []rank.Layer{{In: 8, Out: 2, Weights: vectors[:16], Bias: []float32{0.5, -0.5}}, {In: 2, Out: 1, Weights: []float32{1, -1}, Bias: []float32{0.25}}}
			return keep(t, &fm, &rank.DeepFM{FM: fm, Layers: layers})
		}},
	})
}

// scores sums up what the models on a disk say of themselves and of some rows.
func scores(t testing.TB, disk *fsys.Mem) string {
	t.Helper()
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
		for i, numbers := range [][]float64{{0, 0, 0}, {-3, 2, 1}, {0.25, 1e6, -1}, {7, 3, 0.5}} {
			row := rank.Row{Numbers: numbers}
			for range b.Ranker.Schema().Names().Words {
				row.Words = append(row.Words, rank.Token(5+i))
				row.End()
			}
			var batch rank.Batch
			b.Ranker.Schema().Encode(&batch, &row)
			score := make([]float64, 1)
			b.Ranker.Score(&batch, nil, 0, make([]float32, 1), score)
			fmt.Fprintf(sum, "%.5g\n", b.Ranker.Shown(score[0])) // the last bits are those of the machine
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
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
