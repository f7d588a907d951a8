package learn

import "github.com/freshet-rec/freshet/rank"

// trainer moves the weights of a model row by row. The model has them once they are published.
type trainer struct {
	model  *rank.Piecewise
	ftrl   *FTRL
	first  []int // coordinate of a field's weight 0; the bias is coordinate 0
	inputs []input
}

// input is one coordinate of a row that is not zero.
type input struct {
	coordinate int
	value      float64
}

// newTrainer returns a trainer of a model that has a schema and no weights yet.
func newTrainer(m *rank.Piecewise) *trainer {
	t := &trainer{model: m, first: make([]int, len(m.Schema.Fields))}
	m.Weights = make([][]float64, len(t.first))
	total := 1
	for f := range m.Schema.Fields {
		t.first[f] = total
		m.Weights[f] = make([]float64, m.Schema.Fields[f].Weights())
		total += len(m.Weights[f])
	}
	t.ftrl = NewFTRL(total)
	return t
}

// learn takes one step towards the label of a row.
func (t *trainer) learn(row []float64, label bool) {
	t.inputs = append(t.inputs[:0], input{0, 1})
	for f, v := range row {
		at, part := t.model.Schema.Fields[f].Spread(v)
		t.inputs = append(t.inputs, input{t.first[f] + at, 1 - part})
		if part > 0 {
			t.inputs = append(t.inputs, input{t.first[f] + at + 1, part})
		}
	}
	odds := 0.0
	for _, in := range t.inputs {
		odds += float64(in.value * t.ftrl.Weight(in.coordinate))
	}
	gradient := rank.Sigmoid(odds)
	if label {
		gradient--
	}
	for _, in := range t.inputs {
		t.ftrl.Learn(in.coordinate, float64(gradient*in.value))
	}
}

// publish writes the weights into the model.
func (t *trainer) publish() {
	t.model.Bias = bounded(t.ftrl.Weight(0))
	for f, weights := range t.model.Weights {
		for b := range weights {
			weights[b] = bounded(t.ftrl.Weight(t.first[f] + b))
		}
	}
}

func bounded(w float64) float64 { return min(rank.MaxWeight, max(-rank.MaxWeight, w)) }
