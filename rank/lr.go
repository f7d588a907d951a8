package rank

// LR is logistic regression: the log-odds are the bias plus the weights that count.
type LR struct {
	Fields  *Schema
	Bias    float32
	Weights []float32 // len Fields.Weights()
}

// Schema implements Model.
func (m *LR) Schema() *Schema { return m.Fields }
