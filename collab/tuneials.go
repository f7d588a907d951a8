package collab

import (
	"context"
	"fmt"
)

// ials searches how strongly iALS regularises and how long its vectors are; its other settings go
// with the matrix by themselves. Vectors of 64 and of 256 are tried beside those of 128, with the
// regularisation that was best there, which is looked at once more when the length was changed.
// It is no part of the blend, as one training takes as long as all the other parts.
func (t *tuner) ials(ctx context.Context) (*tunedModel, error) {
	lambdas := axis{"lambda", []float64{0.0006, 0.00125, 0.0025, 0.005, 0.01}, 2}
	dims := axis{"dim", []float64{64, 128, 256}, 1}
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
