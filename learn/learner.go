package learn

import (
	"math"

	"github.com/freshet-rec/freshet/rank"
)

// Learner fits the weights of one model. Its two verbs are learn and predict. It is not safe for
// concurrent use. What it has learned follows from its options, its seed and the batches that it was
// given, in their order, and from nothing else: not from how many processors there are.
type Learner interface {
	// Learn moves the weights towards the labels of the rows. A label is 1 for a positive, 0 for a
	// negative, or in between; a weight is at least 0 and finite, and nil weights are all 1. LR and FM
	// take one step after each row, a DeepFM one for the batch. The loss is the sum of the rows'
	// log-losses times their weights, each as predicted before the step that learned from it.
	Learn(b *rank.Batch, labels, weights []float32) (loss float64)

	// Predict writes the log-odds of each row to odds, as the model does.
	Predict(b *rank.Batch, odds []float32)

	// Model is a copy of what was learned, which later batches do not change.
	Model() rank.Model
}

// outcome is the probability of log-odds, and the log-loss of a label at them: log(1 + e^odds) −
// label·odds. Neither overflows.
func outcome(odds, label float32) (p float32, loss float64) {
	x := float64(odds)
	e := math.Exp(-math.Abs(x))
	loss = math.Log(1+e) - float64(label)*x
	if x >= 0 {
		return float32(1 / (1 + e)), loss + x
	}
	return float32(e / (1 + e)), loss
}

// weightOf is the weight of a row; nil weights are all 1.
func weightOf(weights []float32, row int) float32 {
	if weights == nil {
		return 1
	}
	return weights[row]
}

// withinBounds takes parameters of a model into what a model may have, in their place.
func withinBounds(parameters ...[]float32) {
	for _, list := range parameters {
		for i, w := range list {
			list[i] = min(rank.MaxWeight, max(-rank.MaxWeight, w))
		}
	}
}
