package learn

import "github.com/freshet-rec/freshet/rank"

// trainer moves the weights of a model row by row. The model has them once they are published.
type trainer struct {
	model *rank.LR
	ftrl  *FTRL // coordinate 0 is the bias, the weights follow
	batch rank.Batch
}

// newTrainer returns a trainer of a model over a schema that has no weights yet.
func newTrainer(s *rank.Schema) *trainer {
	return &trainer{model: &rank.LR{Fields: s, Weights: make([]float32, s.Weights())}, ftrl: NewFTRL(1 + s.Weights())}
}

// learn takes one step towards the label of a row.
func (t *trainer) learn(row *rank.Row, label bool) {
	t.batch.Reset()
	t.model.Fields.Encode(&t.batch, row)
	odds := t.ftrl.Weight(0)
	for i, at := range t.batch.Index {
		odds += float64(float64(t.batch.Value[i]) * t.ftrl.Weight(1+int(at)))
	}
	gradient := rank.Sigmoid(odds)
	if label {
		gradient--
	}
	t.ftrl.Learn(0, gradient)
	for i, at := range t.batch.Index {
		t.ftrl.Learn(1+int(at), float64(gradient*float64(t.batch.Value[i])))
	}
}

// publish writes the weights into the model.
func (t *trainer) publish() {
	t.model.Bias = bounded(t.ftrl.Weight(0))
	for i := range t.model.Weights {
		t.model.Weights[i] = bounded(t.ftrl.Weight(1 + i))
	}
}

func bounded(w float64) float32 { return float32(min(rank.MaxWeight, max(-rank.MaxWeight, w))) }
