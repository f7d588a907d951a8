package learn

import (
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/rank"
)

// network is layers that are trained: W·x, brought to a mean of 0 and a variance of 1 over the batch
// and then scaled and shifted (Ioffe and Szegedy, "Batch Normalization", ICML 2015, Algorithm 1),
// max(0, ·), and dropout (Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
// Overfitting", JMLR 2014, with what is kept scaled up while training). The last layer, of one output,
// is W·x + b.
type network struct {
	layers  []layer
	keep    float32 // share of outputs that dropout keeps
	workers int
	input   []float32 // by row
	back    []float32 // the gradient of the loss there
}

// layer is one layer, with what it computed last: rows of out numbers.
type layer struct {
	in, out  int
	last     bool
	weights  parameters // by output, in numbers each
	shift    parameters // by output: β; of the last layer b
	scale    parameters // by output: γ
	mean     []float32  // of W·x by output, over the batches of late
	variance []float32
	normal   []float32 // W·x, normalised
	output   []float32
	back     []float32 // the gradient of the loss at output
	inverse  []float32 // by output: 1/√(variance + ε) of the batch
	sums     []float32 // by chunk of rows, twice by output
}

// normalEpsilon is the ε that is added to variances.
const normalEpsilon = 1e-5

// newNetwork returns a network of the widths, the first of which is that of the input. Its weights
// keep the variance of a signal through max(0, ·) (He et al., "Delving Deep into Rectifiers", ICCV
// 2015, equation 10).
func newNetwork(widths []int, dropout float64, workers int, rng *rand.Rand) *network {
	n := &network{keep: float32(1 - dropout), workers: workers}
	for l := 1; l < len(widths); l++ {
		in, out := widths[l-1], widths[l]
		ly := layer{in: in, out: out, last: l == len(widths)-1, weights: newParameters(in * out), shift: newParameters(out), scale: newParameters(out), mean: make([]float32, out), variance: make([]float32, out), inverse: make([]float32, out)}
		spread := math.Sqrt(2 / float64(in))
		for i := range ly.weights.weights {
			ly.weights.weights[i] = float32(rng.NormFloat64() * spread)
		}
		for i := range ly.scale.weights {
			ly.scale.weights[i] = 1
		}
		ly.weights.begin()
		ly.scale.begin()
		n.layers = append(n.layers, ly)
	}
	return n
}

// room returns n floats at the place of s, which it makes longer if need be.
func room(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	*s = (*s)[:n]
	return *s
}

// forward sends rows of input through the layers while training, and returns the outputs. seed
// decides what dropout drops; part is the share of the batch in the mean and variance of late.
func (n *network) forward(rows int, seed uint64, part float32) []float32 {
	x := n.input
	for l := range n.layers {
		ly := &n.layers[l]
		output := room(&ly.output, rows*ly.out)
		if ly.last {
			n.apply(ly, rows, x, ly.weights.weights, output)
			for i := range output {
				output[i] += ly.shift.weights[0]
			}
			return output
		}
		n.apply(ly, rows, x, ly.weights.weights, room(&ly.normal, rows*ly.out))
		n.measure(ly, rows, part)
		dense.Parallel(n.workers, chunks(rows), func(task int) {
			from, to := chunk(task, rows)
			ly.activate(from, to, n.keep, rand.NewPCG(seed+uint64(l), uint64(task)))
		})
		x = output
	}
	panic("BUG: a network without a last layer")
}

// apply is W·x of rows.
func (n *network) apply(ly *layer, rows int, x, weights, to []float32) {
	dense.Gemm(n.workers, false, true, rows, ly.out, ly.in, 1, x, ly.in, weights, ly.in, 0, to, ly.out)
}

// measure finds mean and variance of W·x by output, and takes them into those of late.
func (n *network) measure(ly *layer, rows int, part float32) {
	out := ly.out
	sums := room(&ly.sums, chunks(rows)*2*out)
	dense.Parallel(n.workers, chunks(rows), func(task int) {
		from, to := chunk(task, rows)
		sum, squares := sums[task*2*out:][:out], sums[task*2*out+out:][:out]
		clear(sum)
		clear(squares)
		for row := from; row < to; row++ {
			for o, z := range ly.normal[row*out:][:out] {
				sum[o] += z
				squares[o] += z * z
			}
		}
	})
	for o := range out {
		sum, squares := 0.0, 0.0
		for task := range chunks(rows) {
			sum += float64(sums[task*2*out+o])
			squares += float64(sums[task*2*out+out+o])
		}
		mean := sum / float64(rows)
		variance := max(0, squares/float64(rows)-mean*mean)
		sums[o], ly.inverse[o] = float32(mean), float32(1/math.Sqrt(variance+normalEpsilon))
		ly.mean[o] += part * (float32(mean) - ly.mean[o])
		ly.variance[o] += part * (float32(variance) - ly.variance[o])
	}
}

// activate makes the outputs of rows.
func (ly *layer) activate(from, to int, keep float32, lots *rand.PCG) {
	out := ly.out
	mean, inverse, scale, shift := ly.sums[:out], ly.inverse[:out], ly.scale.weights[:out], ly.shift.weights[:out]
	limit, up := uint64(keep*(1<<16)), 1/keep
	for row := from; row < to; row++ {
		normal, output := ly.normal[row*out:][:out], ly.output[row*out:][:out]
		bits := uint64(0)
		for o, z := range normal {
			if o&3 == 0 {
				bits = lots.Uint64()
			}
			x := (z - mean[o]) * inverse[o]
			normal[o] = x
			y := max(0, x*scale[o]+shift[o]) * up
			if bits&0xffff >= limit {
				y = 0
			}
			bits >>= 16
			output[o] = y
		}
	}
}

// backward sends the gradients of the loss at the outputs of rows back. It leaves those at the
// parameters, and those at the input in back.
func (n *network) backward(rows int, gradient []float32) {
	for l := len(n.layers) - 1; l >= 0; l-- {
		ly := &n.layers[l]
		x, back := n.input, &n.back
		if l > 0 {
			x, back = n.layers[l-1].output, &n.layers[l-1].back
		}
		if ly.last {
			ly.shift.gradient[0] = sumOf(gradient)
		} else {
			n.unmeasure(ly, rows, gradient)
		}
		dense.Gemm(n.workers, true, false, ly.out, ly.in, rows, 1, gradient, ly.out, x, ly.in, 0, ly.weights.gradient, ly.in)
		dense.Gemm(n.workers, false, false, rows, ly.in, ly.out, 1, gradient, ly.out, ly.weights.weights, ly.in, 0, room(back, rows*ly.in), ly.in)
		gradient = *back
	}
}

func sumOf(values []float32) float32 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return float32(sum)
}

// unmeasure turns the gradients at the outputs of a layer, in their place, into those at W·x (Ioffe
// and Szegedy, section 3), and leaves those at γ and β.
func (n *network) unmeasure(ly *layer, rows int, gradient []float32) {
	out, up := ly.out, 1/n.keep
	sums := room(&ly.sums, chunks(rows)*2*out)
	dense.Parallel(n.workers, chunks(rows), func(task int) {
		from, to := chunk(task, rows)
		shift, scale := sums[task*2*out:][:out], sums[task*2*out+out:][:out]
		clear(shift)
		clear(scale)
		for row := from; row < to; row++ {
			g, y, x := gradient[row*out:][:out], ly.output[row*out:][:out], ly.normal[row*out:][:out]
			for o, v := range g {
				v *= up
				if y[o] <= 0 { // below 0, or dropped
					v = 0
				}
				g[o] = v
				shift[o] += v
				scale[o] += v * x[o]
			}
		}
	})
	for task := 1; task < chunks(rows); task++ {
		for o, v := range sums[task*2*out:][:2*out] {
			sums[o] += v
		}
	}
	copy(ly.shift.gradient, sums[:out])
	copy(ly.scale.gradient, sums[out:2*out])
	dense.Parallel(n.workers, chunks(rows), func(task int) {
		from, to := chunk(task, rows)
		shift, scale, by := sums[:out], sums[out:2*out], ly.scale.weights
		inverse, each := ly.inverse, 1/float32(rows)
		for row := from; row < to; row++ {
			g, x := gradient[row*out:][:out], ly.normal[row*out:][:out]
			for o, v := range g {
				g[o] = (v - (shift[o]+x[o]*scale[o])*each) * by[o] * inverse[o]
			}
		}
	})
}

// step moves all parameters by their gradients.
func (n *network) step(step int, rate float32, a *averaging) {
	for l := range n.layers {
		ly := &n.layers[l]
		all := len(ly.weights.weights)
		dense.Parallel(n.workers, (all+movedTogether-1)/movedTogether, func(task int) {
			ly.weights.step(step, task*movedTogether, min(all, (task+1)*movedTogether), rate, a)
		})
		ly.shift.step(step, 0, ly.out, rate, a)
		if !ly.last {
			ly.scale.step(step, 0, ly.out, rate, a)
		}
	}
}

// movedTogether is how many parameters one task moves.
const movedTogether = 1 << 14

// folded is what a layer multiplies W·x by and adds to it when it serves: the normalisation by the
// mean and variance of late, γ and β in one.
func (ly *layer) folded(o int) (by, add float32) {
	if ly.last {
		return 1, ly.shift.mean[o]
	}
	by = ly.scale.mean[o] / root(ly.variance[o]+normalEpsilon)
	return by, ly.shift.mean[o] - by*ly.mean[o]
}

// predict sends rows of input through the layers as serving does, but for the rounding.
func (n *network) predict(rows int) []float32 {
	x := n.input
	for l := range n.layers {
		ly := &n.layers[l]
		n.apply(ly, rows, x, ly.weights.mean, room(&ly.output, rows*ly.out))
		fold := room(&ly.sums, 2*ly.out)
		for o := range ly.out {
			fold[o], fold[ly.out+o] = ly.folded(o)
		}
		dense.Parallel(n.workers, chunks(rows), func(task int) {
			from, to := chunk(task, rows)
			for row := from; row < to; row++ {
				y := ly.output[row*ly.out:][:ly.out]
				for o, z := range y {
					y[o] = z*fold[o] + fold[ly.out+o]
					if !ly.last {
						y[o] = max(0, y[o])
					}
				}
			}
		})
		x = ly.output
	}
	return x
}

// model is the layers as serving has them.
func (n *network) model() []rank.Layer {
	layers := make([]rank.Layer, len(n.layers))
	for l := range n.layers {
		ly := &n.layers[l]
		m := rank.Layer{In: ly.in, Out: ly.out, Weights: append([]float32{}, ly.weights.mean...), Bias: make([]float32, ly.out)}
		for o := range ly.out {
			var by float32
			by, m.Bias[o] = ly.folded(o)
			for i := range m.Weights[o*ly.in:][:ly.in] {
				m.Weights[o*ly.in+i] *= by
			}
		}
		layers[l] = m
		if l > 0 {
			equalise(&layers[l-1], &layers[l])
		}
	}
	return layers
}

// equalise makes the greatest weights of an output and of what it goes to about equally great (Nagel
// et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, section
// 4.1): max(0, ·) lets a positive factor through, so nothing else changes, and powers of two change no
// bit. Folding makes large weights out of inputs that vary little, and models have bounds.
func equalise(from, to *rank.Layer) {
	for o := range from.Out {
		in, out := float32(0), float32(0)
		for _, w := range from.Weights[o*from.In:][:from.In] {
			in = max(in, w, -w)
		}
		for next := range to.Out {
			w := to.Weights[next*to.In+o]
			out = max(out, w, -w)
		}
		if in == 0 || out == 0 {
			continue
		}
		_, by := math.Frexp(math.Sqrt(float64(out) / float64(in)))
		up, down := float32(math.Ldexp(1, by)), float32(math.Ldexp(1, -by))
		from.Bias[o] *= up
		for i := range from.In {
			from.Weights[o*from.In+i] *= up
		}
		for next := range to.Out {
			to.Weights[next*to.In+o] *= down
		}
	}
}
