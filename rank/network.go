package rank

import (
	"sync"

	"github.com/freshet-rec/freshet/internal/dense"
)

// network is the layers of a DeepFM, laid out for the kernels.
type network struct {
	kit    dense.Kit
	apart  int // how far the rows of the input are; beyond it they are 0
	widest int // of the rows between layers
	layers []*dense.Layer
	last   []float32 // the weights of the last layer, as long as a row of its input
	bias   float32   // of the last layer
	rooms  sync.Pool // of *room, which are all of one size
}

// room is what a call writes to on its way.
type room struct {
	x     []float32 // inputs, a row apart; beyond in always 0
	sums  []float32 // of vectors
	a, b  []float32 // what one layer gives and the next takes
	pairs []float32
	deep  []float32
}

// apartFor is how far rows of so many floats are laid: they begin at whole lines, and not all at the
// same place of a page, since they would share a set of the cache.
func apartFor(floats int) int { return (floats+15)/16*16 + 16 }

// newNetwork lays layers out for an input whose rows are so far apart, a multiple of 16.
func newNetwork(kit dense.Kit, layers []Layer, apart int) *network {
	n := &network{kit: kit, apart: apart}
	for _, l := range layers[:len(layers)-1] {
		packed := kit.NewLayer(l.In, l.Out, l.Weights, l.In, l.Bias)
		n.layers = append(n.layers, packed)
		apart = packed.Cols()
		n.widest = max(n.widest, apart)
	}
	last := layers[len(layers)-1]
	n.last = make([]float32, apart)
	copy(n.last, last.Weights[:last.In])
	n.bias = last.Bias[0]
	return n
}

// take returns room for a block of rows with vectors of dim numbers.
func (n *network) take(dim int) *room {
	if r, _ := n.rooms.Get().(*room); r != nil {
		return r
	}
	rows := dense.RowsOfLayer(block)
	return &room{
		x: make([]float32, rows*n.apart), sums: make([]float32, rows*dense.SumsOf(dim)),
		a: make([]float32, rows*n.widest), b: make([]float32, rows*n.widest),
		pairs: make([]float32, rows), deep: make([]float32, rows),
	}
}

// output is what the network gives for so many rows x.
func (n *network) output(rows int, x []float32, r *room) []float32 {
	apart, to, next := n.apart, r.a, r.b
	for _, l := range n.layers {
		l.Apply(rows, x, apart, l.Bias(), to, true)
		x, apart = to, l.Cols()
		to, next = next, to
	}
	deep := r.deep[:rows]
	n.kit.Dots(deep, x[:rows*apart], n.last)
	for i := range deep {
		deep[i] += n.bias
	}
	return deep
}
