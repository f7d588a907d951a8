package learn

import (
	"cmp"
	"math/rand/v2"
	"runtime"

	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/rank"
)

// DeepFMOptions are how a DeepFM is trained. The zero value of a field is its default; below 0 is
// none, where that makes sense.
type DeepFMOptions struct {
	Seed    uint64
	Dim     int     // of a vector, 1 to rank.MaxDim; default 16
	Hidden  []int   // outputs of the hidden layers, 1 to rank.MaxWidth each; default 128, 128
	Dropout float64 // share of hidden outputs that a step leaves out, below 1; default 0.3
	Rate    float64 // of Adam; default 0.002
	Decay   float64 // L2 on weights and vectors, for each step that touches them; default 4
	Spread  float64 // standard deviation of what vectors begin with; default 0.01
	Late    int     // steps over which weights are averaged at most; default 1000, some five epochs: see BatchRows
	Workers int     // goroutines that compute, which change no bit; default one a processor
}

func (o DeepFMOptions) withDefaults() DeepFMOptions {
	o.Dim, o.Late, o.Workers = cmp.Or(o.Dim, 16), cmp.Or(o.Late, 1000), cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	if o.Hidden == nil {
		o.Hidden = []int{128, 128}
	}
	o.Dropout, o.Rate, o.Decay, o.Spread = preset(o.Dropout, 0.3), preset(o.Rate, 2e-3), preset(o.Decay, 4), preset(o.Spread, 0.01)
	return o
}

// DeepFM learns a rank.DeepFM batch by batch, by Adam. Batches of some hundred rows or more suit it,
// since it goes by their means and variances. Its layers are normalised while it learns; the model has
// that folded into their weights, and is of weights averaged over the steps of late. It departs from
// the paper in both. Use NewDeepFM.
type DeepFM struct {
	schema    *rank.Schema
	o         DeepFMOptions
	adam      adam
	averaging *averaging
	steps     int
	bias      parameters
	vectors   *vectors
	network   *network
	sums      []float32 // by row: the sum of its vectors
	odds      []float32 // by row
	delta     []float32 // by row: the gradient of the loss at the log-odds
	back      []float32 // a copy of delta, which the network writes over
}

// NewDeepFM returns a learner of models with the schema. It needs 16·(dim + 1) + 8 bytes a weight.
func NewDeepFM(schema *rank.Schema, o DeepFMOptions) *DeepFM {
	o = o.withDefaults()
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	widths := append(append([]int{len(schema.Fields) * o.Dim}, o.Hidden...), 1)
	return &DeepFM{schema: schema, o: o, adam: adam{o.Rate}, averaging: newAveraging(o.Late), bias: newParameters(1), vectors: newVectors(schema, o.Dim, o.Spread, rng), network: newNetwork(widths, o.Dropout, o.Workers, rng)}
}

// Learn implements Learner.
func (d *DeepFM) Learn(b *rank.Batch, labels, weights []float32) (loss float64) {
	fields := len(d.schema.Fields)
	rows := b.Rows(fields)
	if rows == 0 {
		return 0
	}
	d.steps++
	loss = d.forward(b, rows, labels, weights)
	d.backward(b, rows)
	rate := d.adam.at(d.steps)
	d.network.step(d.steps, rate, d.averaging)
	dense.Parallel(d.o.Workers, fields, func(f int) { d.vectors.step(f, d.steps, rate, float32(d.o.Decay), d.averaging) })
	d.bias.step(d.steps, 0, 1, rate, d.averaging)
	return loss
}

// forward predicts the rows while training, and leaves the gradients of their losses in delta.
func (d *DeepFM) forward(b *rank.Batch, rows int, labels, weights []float32) (loss float64) {
	d.gather(d.vectors.weights, b, rows)
	output := d.network.forward(rows, d.o.Seed*0x9e3779b97f4a7c15+uint64(d.steps)*rank.MaxLayers, float32(d.averaging.part(d.steps)))
	delta := room(&d.delta, rows)
	for row := range rows {
		p, rowLoss := outcome(d.odds[row]+output[row]+d.bias.weights[0], labels[row])
		weight := weightOf(weights, row)
		loss += float64(weight) * rowLoss
		delta[row] = weight * (p - labels[row])
	}
	return loss
}

// gather leaves the input of the network, the sums of vectors and the log-odds of an FM without bias.
func (d *DeepFM) gather(table []float32, b *rank.Batch, rows int) {
	input := room(&d.network.input, rows*len(d.schema.Fields)*d.o.Dim)
	sums, odds := room(&d.sums, rows*d.o.Dim), room(&d.odds, rows)
	dense.Parallel(d.o.Workers, chunks(rows), func(task int) {
		from, to := chunk(task, rows)
		d.vectors.gather(table, b, from, to, input, sums, odds)
	})
}

// backward leaves the gradients of the loss at all parameters.
func (d *DeepFM) backward(b *rank.Batch, rows int) {
	d.bias.gradient[0] = sumOf(d.delta)
	copy(room(&d.back, rows), d.delta)
	d.network.backward(rows, d.back)
	dense.Parallel(d.o.Workers, len(d.schema.Fields), func(f int) { d.vectors.scatter(b, f, rows, d.sums, d.delta, d.network.back) })
}

// Predict implements Learner.
func (d *DeepFM) Predict(b *rank.Batch, odds []float32) {
	rows := b.Rows(len(d.schema.Fields))
	if rows == 0 {
		return
	}
	d.gather(d.vectors.means(d.steps, d.averaging), b, rows)
	output := d.network.predict(rows)
	for row := range rows {
		odds[row] = d.odds[row] + output[row] + d.bias.mean[0]
	}
}

// Model implements Learner. It is a *rank.DeepFM.
func (d *DeepFM) Model() rank.Model {
	n, stride, dim := d.schema.Weights(), d.vectors.stride, d.o.Dim
	means := d.vectors.means(d.steps, d.averaging)
	m := &rank.DeepFM{Layers: d.network.model()}
	m.Fields, m.Bias, m.Weights, m.Dim, m.Vectors = d.schema, d.bias.mean[0], make([]float32, n), dim, make([]float32, n*dim)
	for i := range n {
		m.Weights[i] = means[i*stride]
		copy(m.Vectors[i*dim:][:dim], means[i*stride+1:])
	}
	withinBounds(m.Weights, m.Vectors)
	for _, l := range m.Layers {
		withinBounds(l.Weights, l.Bias)
	}
	return m
}
