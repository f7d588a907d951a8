package learn

import (
	"math"

	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/rank"
)

// shadowNetwork is the network of a DeepFM, which stays as it is. Vectors of numbers stay too, so what
// variants deviate by comes into it by the fields behind those, and goes back through it no further: of
// the first layer, which is most of a network, what the model's own vectors do is computed for several
// rows at once, and what they deviate by is added.
type shadowNetwork struct {
	from   int            // of its inputs, the first that deviates
	whole  *dense.Layer   // the first layer
	hidden []*dense.Layer // the layers but the last; of the first what is behind from
	back   []*dense.Layer // by layer: from the gradient by what comes into its units to that by its inputs
	last   []float32      // the weights of the last layer, as long as a row of its input
	bias   float32        // of the last layer
	cut    bool           // units give 0 where they would give less

	first  []float32   // by row: what comes into the first layer's units, by the model
	input  []float32   // by row: what the inputs behind from deviate by
	units  [][]float32 // by layer and row: what it gave last
	output []float32   // by row
	falls  [2][]float32
}

func newShadowNetwork(layers []rank.Layer, from int) *shadowNetwork {
	var kit dense.Kit
	l := &layers[0]
	n := &shadowNetwork{from: from, whole: kit.NewLayer(l.In, l.Out, l.Weights, l.In, l.Bias), cut: len(layers) > 1}
	if !n.cut { // of one layer: one is put behind it that passes it on
		layers = append(layers[:1:1], rank.Layer{In: 1, Out: 1, Weights: []float32{1}, Bias: []float32{0}})
	}
	n.input, n.output = make([]float32, glanceRows*(l.In-from)), make([]float32, glanceRows)
	n.first = make([]float32, glanceRows*n.whole.Cols())
	widest := 0
	for i := range layers[:len(layers)-1] {
		l, in, weights := &layers[i], layers[i].In, layers[i].Weights
		if i == 0 {
			in, weights = in-from, weights[from:]
		}
		n.hidden = append(n.hidden, kit.NewLayer(in, l.Out, weights, l.In, l.Bias))
		turned := make([]float32, in*l.Out)
		for o := range l.Out {
			for j := range in {
				turned[j*l.Out+o] = weights[o*l.In+j]
			}
		}
		n.back = append(n.back, kit.NewLayer(l.Out, in, turned, l.Out, nil))
		n.units = append(n.units, make([]float32, glanceRows*n.hidden[i].Cols()))
		widest = max(widest, n.hidden[i].Cols(), n.back[i].Cols())
	}
	for i := range n.falls {
		n.falls[i] = make([]float32, dense.RowsOfLayer(1)*widest)
	}
	last := &layers[len(layers)-1]
	n.last, n.bias = make([]float32, n.hidden[len(n.hidden)-1].Cols()), last.Bias[0]
	copy(n.last, last.Weights)
	return n
}

// begin works out what the model's own vectors do, in so many rows that are so far apart.
func (n *shadowNetwork) begin(rows int, input []float32, apart int) {
	n.whole.Apply(rows, input, apart, n.whole.Bias(), n.first, false)
}

// away is what the inputs of a row deviate by, to be filled in.
func (n *shadowNetwork) away(row int) []float32 {
	wide := len(n.input) / glanceRows
	return n.input[row*wide:][:wide]
}

// forward sends rows through the network, those that begin was told of from the one of a number on, with
// what the first of away deviate by. It returns the outputs, which are valid until the next call.
func (n *shadowNetwork) forward(from, rows int) []float32 {
	begin := n.first[from*n.whole.Cols():]
	if rows == 1 {
		begin = begin[:n.whole.Cols()]
	}
	x, apart := n.input, len(n.input)/glanceRows
	for l, layer := range n.hidden {
		if l > 0 {
			begin = layer.Bias()
		}
		layer.Apply(rows, x, apart, begin, n.units[l], n.cut)
		x, apart = n.units[l], layer.Cols()
	}
	output := n.output[:rows]
	dense.Dots(output, x[:rows*apart], n.last)
	for i := range output {
		output[i] += n.bias
	}
	return output
}

// backward returns the gradient, by the inputs that deviate, of the output that forward gave for its
// first row. It is valid until the next call.
func (n *shadowNetwork) backward() []float32 {
	fall, next := n.falls[0], n.falls[1]
	clear(fall) // rows that are computed beside the one: what is left there would go round and round
	copy(fall, n.last)
	for l := len(n.hidden) - 1; l >= 0; l-- {
		back, cols := n.back[l], n.hidden[l].Cols()
		if n.cut {
			for o, unit := range n.units[l][:cols] { // which is +0 or above; without a branch, as half of them are 0
				above := uint32(-int32(math.Float32bits(unit)) >> 31)
				fall[o] = math.Float32frombits(math.Float32bits(fall[o]) & above)
			}
		}
		back.Apply(1, fall, cols, back.Bias(), next, false)
		fall, next = next, fall
	}
	return fall
}
