package collab

import (
	"context"
	"fmt"
	"math"
)

// Part is one model of a Blend and what its scores are multiplied by.
type Part struct {
	Model  Model
	Weight float32
}

// Blend scores by the weighted sum of its parts' scores, times a power of an item's degree. With
// linear parts it is linear, so that Truncate makes one item-item model of it.
type Blend struct {
	parts  []Part
	target []float32
}

// NewBlend returns the blend of models of one matrix. Scores are multiplied by d_j^-target, with d
// the degree of an item; 0 leaves them as they are. A power says something of scores above 0 alone,
// which is where the best of a list are.
func NewBlend(m *Matrix, target float64, parts ...Part) (*Blend, error) {
	if len(parts) == 0 || !(math.Abs(target) <= 4) {
		return nil, fmt.Errorf("blend: %d parts with the power %v; there is at least one, and the power is in [-4, 4]", len(parts), target)
	}
	for k, p := range parts {
		if x := float64(p.Weight); math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("blend: the weight of part %d is %v", k, p.Weight)
		}
	}
	return &Blend{parts: append([]Part{}, parts...), target: powers(m.Transposed().degrees(), -target)}, nil
}

// Score implements Model.
func (b *Blend) Score(scores []float32, history []uint32) {
	b.ScoreBatch(scores, [][]uint32{history})
}

// ScoreBatch implements Batch.
func (b *Blend) ScoreBatch(scores []float32, histories [][]uint32) {
	clear(scores)
	part := make([]float32, len(scores))
	for _, p := range b.parts {
		ScoreAll(p.Model, part, histories)
		for k, x := range part {
			scores[k] += p.Weight * x
		}
	}
	for n := len(b.target); len(scores) >= n && n > 0; scores = scores[n:] {
		for i, x := range b.target {
			scores[i] *= x
		}
	}
}

// spread is how far a model's scores lie apart: the mean, over some of the users, of the standard
// deviation of all items' scores, and 1 for a model that scores all alike. Parts of a blend are
// weighed in units of it, as scores of different models do not compare.
func spread(ctx context.Context, model Model, m *Matrix, workers int) (float64, error) {
	const most = 256
	users := min(most, m.Users)
	deviations := make([]float64, users)
	err := parallel(ctx, workers, users, func(_, k int) {
		scores := make([]float32, m.Items)
		model.Score(scores, m.Row(k*m.Users/users))
		var sum, squares float64
		for _, x := range scores {
			sum += float64(x)
			squares += float64(x) * float64(x)
		}
		n := float64(m.Items)
		deviations[k] = math.Sqrt(max(0, squares/n-sum/n*sum/n))
	})
	mean := 0.0
	for _, d := range deviations {
		mean += d / float64(users)
	}
	if mean == 0 {
		mean = 1
	}
	return mean, err
}
