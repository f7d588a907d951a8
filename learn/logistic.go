package learn

import "github.com/freshet-rec/freshet/rank"

// LROptions are how an LR is trained. The zero value of a field is its default.
type LROptions struct {
	Alpha float64 // as in FTRL; default 0.1
	Beta  float64 // default 1
	L1    float64 // default 0.5; below 0 is none
	L2    float64 // default 1; below 0 is none
}

func (o LROptions) withDefaults() LROptions {
	o.Alpha, o.Beta, o.L1, o.L2 = preset(o.Alpha, 0.1), preset(o.Beta, 1), preset(o.L1, 0.5), preset(o.L2, 1)
	return o
}

// preset is an option, or its default where it is 0; below 0 is none.
func preset(option, otherwise float64) float64 {
	if option == 0 {
		return otherwise
	}
	return max(0, option)
}

// LR learns a rank.LR by FTRL, row by row. Use NewLR.
type LR struct {
	schema *rank.Schema
	bias   *FTRL // apart, because nothing pulls it to 0
	ftrl   *FTRL
}

// NewLR returns a learner of models with the schema. It needs 32 bytes a weight.
func NewLR(schema *rank.Schema, o LROptions) *LR {
	o = o.withDefaults()
	l := &LR{schema: schema, bias: NewFTRL(1), ftrl: NewFTRL(schema.Weights())}
	l.bias.Alpha, l.bias.Beta, l.bias.L1, l.bias.L2 = o.Alpha, o.Beta, 0, 0
	l.ftrl.Alpha, l.ftrl.Beta, l.ftrl.L1, l.ftrl.L2 = o.Alpha, o.Beta, o.L1, o.L2
	return l
}

// Learn implements Learner.
func (l *LR) Learn(b *rank.Batch, labels, weights []float32) (loss float64) {
	fields := len(l.schema.Fields)
	for row := range b.Rows(fields) {
		index, value := b.Row(fields, row)
		p, rowLoss := outcome(float32(l.odds(index, value)), labels[row])
		weight := weightOf(weights, row)
		loss += float64(weight) * rowLoss
		gradient := float64(weight * (p - labels[row]))
		l.bias.Learn(0, gradient)
		l.ftrl.learn(index, value, gradient)
	}
	return loss
}

func (l *LR) odds(index []uint32, value []float32) float64 {
	return l.bias.Weight(0) + l.ftrl.sum(index, value)
}

// Predict implements Learner.
func (l *LR) Predict(b *rank.Batch, odds []float32) {
	fields := len(l.schema.Fields)
	for row := range b.Rows(fields) {
		index, value := b.Row(fields, row)
		odds[row] = float32(l.odds(index, value))
	}
}

// Model implements Learner. It is a *rank.LR.
func (l *LR) Model() rank.Model {
	m := &rank.LR{Fields: l.schema, Bias: float32(l.bias.Weight(0)), Weights: make([]float32, l.schema.Weights())}
	for i := range m.Weights {
		m.Weights[i] = float32(l.ftrl.Weight(i))
	}
	withinBounds(m.Weights)
	return m
}
