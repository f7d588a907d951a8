package learn

import (
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// vectors are the weights and vectors of an FM as a DeepFM trains them, by Adam: for each weight of
// the schema a record, of the weight and its vector. Only the records that a batch has entries of
// are moved, by the gradients and the L2 alike, so a step costs what the batch has, however many
// weights there are. (Adam would go on to move the others by what is left of their moments.)
type vectors struct {
	dim, stride   int
	weights       []float32 // by record, stride numbers each, and so the next three
	first, second []float32 // moments
	mean          []float32 // over the steps of late; of a record that was not moved lately as of its last step
	moved         []uint32  // by record: its last step
	slots         []uint32  // by record: 1 + its place among those that the batch touches, 0 for none
	touched       []touched // by field
	meanOf        int       // the step that all means are of
}

// touched are the records of one field that a batch has entries of, in the order of their first
// entries, and the gradients there.
type touched struct {
	records  []uint32
	gradient []float32
}

func newVectors(schema *rank.Schema, dim int, spread float64, rng *rand.Rand) *vectors {
	n, stride := schema.Weights(), dim+1
	t := &vectors{dim: dim, stride: stride, weights: make([]float32, n*stride), first: make([]float32, n*stride), second: make([]float32, n*stride), mean: make([]float32, n*stride), moved: make([]uint32, n), slots: make([]uint32, n), touched: make([]touched, len(schema.Fields))}
	for i := range t.weights {
		if i%stride != 0 {
			t.weights[i] = float32(rng.NormFloat64() * spread)
		}
	}
	copy(t.mean, t.weights)
	return t
}

// gather goes through rows from up to to of a batch by a table of records. It leaves in odds what an
// FM makes of a row, but for the bias; in sums the sum of a row's vectors; and in input the sum of
// the vectors of each field.
func (t *vectors) gather(table []float32, b *rank.Batch, from, to int, input, sums, odds []float32) {
	fields, dim := len(t.touched), t.dim
	for row := from; row < to; row++ {
		sum := sums[row*dim:][:dim]
		clear(sum)
		linear, squares := float32(0), float32(0)
		for f := range fields {
			index, value := b.Entries(fields, row, f)
			pooled := input[(row*fields+f)*dim:][:dim]
			clear(pooled)
			for e, at := range index {
				record, x := table[int(at)*t.stride:][:t.stride], value[e]
				linear += record[0] * x
				for d, w := range record[1:][:dim] {
					part := w * x
					pooled[d] += part
					squares += part * part
				}
			}
			for d, v := range pooled {
				sum[d] += v
			}
		}
		all := float32(0)
		for _, s := range sum {
			all += s * s
		}
		odds[row] = linear + (all-squares)/2
	}
}

// scatter adds up the gradients of the records of one field over the rows of a batch, in their
// order: at a vector delta·x·(sum − x·v) for its part in the pairs, and x·back for the network's.
func (t *vectors) scatter(b *rank.Batch, f, rows int, sums, delta, back []float32) {
	fields, dim := len(t.touched), t.dim
	mine := &t.touched[f]
	mine.records, mine.gradient = mine.records[:0], mine.gradient[:0]
	for row := range rows {
		index, value := b.Entries(fields, row, f)
		sum, input := sums[row*dim:][:dim], back[(row*fields+f)*dim:][:dim]
		for e, at := range index {
			slot := t.slots[at]
			if slot == 0 {
				mine.records = append(mine.records, at)
				slot = uint32(len(mine.records))
				t.slots[at] = slot
				for range t.stride {
					mine.gradient = append(mine.gradient, 0)
				}
			}
			gradient := mine.gradient[int(slot-1)*t.stride:][:t.stride]
			x, dx := value[e], delta[row]*value[e]
			gradient[0] += dx
			to := gradient[1:][:dim]
			for d, v := range t.weights[int(at)*t.stride+1:][:dim] {
				to[d] += dx*(sum[d]-x*v) + x*input[d]
			}
		}
	}
}

// step moves the records of one field that the batch touches.
func (t *vectors) step(f, step int, rate, decay float32, a *averaging) {
	mine := &t.touched[f]
	for i, at := range mine.records {
		t.slots[at] = 0
		from, to := int(at)*t.stride, (int(at)+1)*t.stride
		weights, gradient := t.weights[from:to], mine.gradient[i*t.stride:][:t.stride]
		for d, w := range weights {
			gradient[d] += decay * w
		}
		t.remember(int(at), step-1, a)
		adamMove(rate, weights, t.first[from:to], t.second[from:to], gradient)
		a.follow(step, t.mean[from:to], weights)
		t.moved[at] = uint32(step)
	}
}

// remember brings the mean of a record, whose weights stood still since it was moved, up to a step.
func (t *vectors) remember(at, step int, a *averaging) {
	since := int(t.moved[at])
	if since >= step {
		return
	}
	kept, mean := a.kept(since, step), t.mean[at*t.stride:][:t.stride]
	for d, w := range t.weights[at*t.stride:][:t.stride] {
		mean[d] = w + kept*(mean[d]-w)
	}
	t.moved[at] = uint32(step)
}

// means are the means of all records up to the step.
func (t *vectors) means(step int, a *averaging) []float32 {
	if t.meanOf != step {
		for at := range t.moved {
			t.remember(at, step, a)
		}
		t.meanOf = step
	}
	return t.mean
}
