package rank

import "math"

// LR is logistic regression: the log-odds are the bias plus the weights that count.
type LR struct {
	Fields  *Schema
	Bias    float32
	Weights []float32 // len Fields.Weights()
}

// Schema implements Model.
func (m *LR) Schema() *Schema { return m.Fields }

// Predict implements Model.
func (m *LR) Predict(b *Batch, odds []float32) {
	fields := len(m.Fields.Fields)
	for row := range b.Rows(fields) {
		index, value := b.Row(fields, row)
		odds[row] = m.Bias + linear(m.Weights, index, value)
	}
}

// Explain implements Model.
func (m *LR) Explain(b *Batch, rows []int, parts []float32) { explain(b, rows, parts, m, nil, 0, nil) }

// Sigmoid is 1/(1+e^−x), without overflow for any x.
func Sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}
