package collab

import (
	"context"
	"fmt"
)

// ials searches how strongly iALS regularises and how long its vectors are; its other settings go
// with the matrix by themselves. It begins with the longest vectors, which were the best for Gowalla's
// check-ins and for MovieLens-1M, and tries shorter ones beside them.
func (t *tuner) ials(ctx context.Context) (*tunedModel, error) {
	lambdas := axis{"lambda", []float64{0.0006, 0.00125, 0.0025, 0.005, 0.01}, 2}
	dims := axis{name: "dim", values: []float64{64}}
	for _, dim := range []int{128, 256} {
		if dim < t.judge.kept.Items {
			dims.values = append(dims.values, float64(dim))
		}
	}
	dims.start = len(dims.values) - 1
	var best *tunedModel
	_, _, err := climb([]axis{lambdas, dims}, func(p []float64) (float64, error) {
		o := IALSOptions{Lambda: p[0], Dim: int(p[1]), Seed: t.o.Seed, Workers: t.o.Workers}
		model, err := TrainIALS(ctx, t.judge.kept, o)
		if err != nil {
			return 0, err
		}
		trial, err := t.try(ctx, "ials", fmt.Sprintf("dim=%d lambda=%v", o.Dim, o.Lambda), model)
		better(&best, &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: func(ctx context.Context, m *Matrix) (Model, error) {
			return TrainIALS(ctx, m, o)
		}}})
		return trial.worth(), err
	})
	return best, err
}
