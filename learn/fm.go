package learn

import (
	"cmp"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// FMOptions are how an FM is trained. The zero value of a field is its default; below 0 is none.
type FMOptions struct {
	Seed   uint64
	Dim    int     // of a vector, 1 to rank.MaxDim; default 16
	Rate   float64 // of AdaGrad; default 0.3
	Decay  float64 // L2 on weights and vectors, for each time that they count; default 0.0005
	Spread float64 // standard deviation of what vectors begin with; default 0.1
}

func (o FMOptions) withDefaults() FMOptions {
	o.Dim = cmp.Or(o.Dim, 16)
	o.Rate, o.Decay, o.Spread = preset(o.Rate, 0.3), preset(o.Decay, 5e-4), preset(o.Spread, 0.1)
	return o
}

// FM learns a rank.FM row by row, by AdaGrad (Duchi, Hazan and Singer, "Adaptive Subgradient Methods
// for Online Learning and Stochastic Optimization", JMLR 2011, section 1.1, with a diagonal matrix).
// It departs from it in that the numbers of one vector share a rate, which goes by the sum of their
// mean squares: one root a vector instead of one a number. Use NewFM.
type FM struct {
	schema  *rank.Schema
	dim     int
	stride  int
	rate    float32
	decay   float32
	bias    [2]float32 // and its sum of squares
	records []float32  // by weight: the weight, its sum of squares, that of its vector, the vector
	sum     []float32  // of the vectors of a row
}

// The places in a record of an FM.
const (
	fmWeight = iota
	fmSquares
	fmVectorSquares
	fmVector
)

// fmBegin is what sums of squares begin with. It keeps the first step from being of full length
// whatever the gradient.
const fmBegin = 1e-2

// NewFM returns a learner of models with the schema. It needs 4·(dim + 3) bytes a weight.
func NewFM(schema *rank.Schema, o FMOptions) *FM {
	o = o.withDefaults()
	f := &FM{schema: schema, dim: o.Dim, stride: fmVector + o.Dim, rate: float32(o.Rate), decay: float32(o.Decay), sum: make([]float32, o.Dim)}
	f.records = make([]float32, schema.Weights()*f.stride)
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	for at := 0; at < len(f.records); at += f.stride {
		record := f.records[at:][:f.stride]
		record[fmSquares], record[fmVectorSquares] = fmBegin, fmBegin
		for d := range record[fmVector:] {
			record[fmVector+d] = float32(rng.NormFloat64() * o.Spread)
		}
	}
	f.bias[1] = fmBegin
	return f
}

// Learn implements Learner.
func (f *FM) Learn(b *rank.Batch, labels, weights []float32) (loss float64) {
	fields := len(f.schema.Fields)
	for row := range b.Rows(fields) {
		index, value := b.Row(fields, row)
		p, rowLoss := outcome(f.odds(index, value), labels[row])
		weight := weightOf(weights, row)
		loss += float64(weight) * rowLoss
		f.step(index, value, weight*(p-labels[row]), weight)
	}
	return loss
}

// odds are the log-odds of a row. The sum of its vectors is left in f.sum.
func (f *FM) odds(index []uint32, value []float32) float32 {
	sum := f.sum
	clear(sum)
	linear, squares := f.bias[0], float32(0)
	for i, at := range index {
		record := f.records[int(at)*f.stride:][:f.stride]
		x := value[i]
		linear += record[fmWeight] * x
		for d, v := range record[fmVector:][:len(sum)] {
			part := v * x
			sum[d] += part
			squares += part * part
		}
	}
	all := float32(0)
	for _, s := range sum {
		all += s * s
	}
	return linear + (all-squares)/2
}

// step takes one step of the weights of a row, whose sum of vectors is in f.sum. delta is the
// gradient of the loss at the log-odds; that at a vector is delta·x·(sum − x·v), and those of the L2
// are added (Rendle, section III-C).
func (f *FM) step(index []uint32, value []float32, delta, weight float32) {
	f.bias[1] += delta * delta
	f.bias[0] -= f.rate * delta / root(f.bias[1])
	decay := f.decay * weight
	for i, at := range index {
		record := f.records[int(at)*f.stride:][:f.stride]
		x := value[i]
		dx := delta * x
		g := dx + decay*record[fmWeight]
		record[fmSquares] += g * g
		record[fmWeight] -= f.rate * g / root(record[fmSquares])
		// The gradient at v is dx·sum − by·v.
		by := dx*x - decay
		vector, squares := record[fmVector:][:len(f.sum)], float32(0)
		for d, s := range f.sum {
			g := dx*s - by*vector[d]
			squares += g * g
		}
		record[fmVectorSquares] += squares / float32(f.dim)
		rate := f.rate / root(record[fmVectorSquares])
		for d, s := range f.sum {
			vector[d] -= rate * (dx*s - by*vector[d])
		}
	}
}

func root(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// Predict implements Learner.
func (f *FM) Predict(b *rank.Batch, odds []float32) {
	fields := len(f.schema.Fields)
	for row := range b.Rows(fields) {
		index, value := b.Row(fields, row)
		odds[row] = f.odds(index, value)
	}
}

// Model implements Learner. It is a *rank.FM.
func (f *FM) Model() rank.Model {
	n := f.schema.Weights()
	m := &rank.FM{LR: rank.LR{Fields: f.schema, Bias: f.bias[0], Weights: make([]float32, n)}, Dim: f.dim, Vectors: make([]float32, n*f.dim)}
	for i := range n {
		record := f.records[i*f.stride:][:f.stride]
		m.Weights[i] = record[fmWeight]
		copy(m.Vectors[i*f.dim:][:f.dim], record[fmVector:])
	}
	withinBounds(m.Weights, m.Vectors)
	return m
}
