package collab

import (
	"context"
	"fmt"
)

// itemItemMost are the numbers of neighbours that are tried, descending, and itemItemLoss is the share
// of what the most are worth that fewer may cost.
var itemItemMost = []int{400, 200, 100, 50}

const itemItemLoss = 0.01

// itemItem truncates a linear blend: to as few neighbours as cost next to nothing on the held-out pairs.
func (t *tuner) itemItem(ctx context.Context) (*tunedModel, error) {
	blend, err := t.blend(ctx, "itemitem", t.linear())
	if err != nil {
		return nil, err
	}
	whole, err := Truncate(ctx, blend.model, t.judge.kept.Items, itemItemMost[0], t.o.Workers)
	if err != nil {
		return nil, err
	}
	var best *tunedModel
	bound := 0.0
	for _, most := range itemItemMost {
		model := whole.Cut(most)
		trial, err := t.try(ctx, "itemitem", fmt.Sprintf("neighbours=%d of %s", most, blend.Settings), model)
		if err != nil {
			return nil, err
		}
		if best == nil {
			bound = trial.worth() * (1 - itemItemLoss)
		}
		if trial.worth() < bound {
			break
		}
		best = &tunedModel{model: model, Tuned: Tuned{Trial: trial, Train: func(ctx context.Context, m *Matrix) (Model, error) {
			model, err := blend.Train(ctx, m)
			if err != nil {
				return nil, err
			}
			return Truncate(ctx, model, m.Items, most, t.o.Workers)
		}}}
	}
	return best, nil
}
