package rank

import (
	"math"

	"github.com/freshet-rec/freshet/internal/dense"
)

// LR is logistic regression: the log-odds are the bias plus the weights that count.
type LR struct {
	Fields  *Schema
	Bias    float32
	Weights []float32 // len Fields.Weights()

	kit dense.Kit
}

// Schema implements Model.
func (m *LR) Schema() *Schema { return m.Fields }

// Predict implements Model.
func (m *LR) Predict(b *Batch, odds []float32) {
	rows := b.Rows(len(m.Fields.Fields))
	m.linear(m.entries(b, 0, rows), odds[:rows])
}

// linear writes the bias plus the weights that count to odds.
func (m *LR) linear(e dense.Entries, odds []float32) {
	m.kit.Linear(odds, m.Weights, &e)
	for i := range odds {
		odds[i] += m.Bias
	}
}

// entries are those of n rows of a batch, from row from on.
func (m *LR) entries(b *Batch, from, n int) dense.Entries {
	return rowsOf(b, len(m.Fields.Fields), from, n)
}

// rowsOf are n rows of a batch of so many fields, from row from on.
func rowsOf(b *Batch, fields, from, n int) dense.Entries {
	e := dense.Entries{Index: b.Index, Value: b.Value, Ends: b.Ends[from*fields : (from+n)*fields], Fields: fields}
	if from > 0 {
		e.Start = b.Ends[from*fields-1]
	}
	return e
}

// Explain implements Model.
func (m *LR) Explain(b *Batch, rows []int, parts []float32) { explain(b, rows, parts, m, nil, nil) }

// Sigmoid is 1/(1+e^−x), without overflow for any x.
func Sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}
