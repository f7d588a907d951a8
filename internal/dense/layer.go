package dense

import "fmt"

// A layerFunc computes a layer for rows rows x, a multiple of layerRows or 1, and panels panels of its
// weights, k·panelCols floats each: for each row i and column j, sum = from[i·ldf+j], then for p < k
// fused sum = x[i·ldx+p]·w[p][j] + sum, and to[i·ldt+j] = sum; with cut, +0 where the sum is below 0. For 1 row there is room for layerRows.
type layerFunc func(rows, panels, k int, x *float32, ldx int, w *float32, from *float32, ldf int, to *float32, ldt int, cut bool)

// The sides of what kernels do at a time.
const (
	layerRows = 4
	panelCols = 32
)

// RowsOfLayer is what Layer.Apply rounds rows up to: x and to must have room for as many.
func RowsOfLayer(rows int) int { return roundUp(rows, layerRows) }

// Layer is the weights of one layer of a network, laid out for Apply. Use NewLayer. It is
// immutable, and safe for concurrent use.
type Layer struct {
	kernel *kernel
	in     int
	cols   int // a multiple of panelCols; those beyond the layer's own have weights of 0
	panels []float32
	bias   []float32
}

// NewLayer lays out a layer of out outputs: weights has in numbers for each, those of an output
// apart apart; bias one for each, or is nil for none.
func (k Kit) NewLayer(in, out int, weights []float32, apart int, bias []float32) *Layer {
	if in < 0 || out < 1 || apart < in || len(weights) < (out-1)*apart+in || bias != nil && len(bias) != out {
		panic(fmt.Sprintf("BUG: dense: a layer of %d × %d, %d apart, of %d weights and %d biases", out, in, apart, len(weights), len(bias)))
	}
	l := &Layer{kernel: k.of(), in: in, cols: roundUp(out, panelCols)}
	l.panels, l.bias = make([]float32, l.cols*in), make([]float32, l.cols)
	packRight(l.panels, panelCols, true, weights, apart, 0, in, 0, out)
	copy(l.bias, bias)
	return l
}

// Cols is how many floats an output row has: the outputs, and zeros up to a multiple of 32.
func (l *Layer) Cols() int { return l.cols }

// Bias is the bias, of Cols floats.
func (l *Layer) Bias() []float32 { return l.bias }

// Apply computes the layer for rows rows x, ldx apart, and writes them to to, Cols apart. from is
// what the sums begin with: the Bias for all rows, or Cols floats for each of the RowsOfLayer(rows),
// which may be to.
// With cut, what is below 0 becomes 0.
//
// A sum takes in the inputs in their order, each by a fused multiply-add, so its bits are the same
// for all kernels and do not depend on the other rows.
func (l *Layer) Apply(rows int, x []float32, ldx int, from, to []float32, cut bool) {
	all, ldf := RowsOfLayer(rows), l.cols
	if len(from) == l.cols {
		ldf = 0
	}
	if rows < 1 || ldx < l.in || len(x) < (all-1)*ldx+l.in || len(from) < (all-1)*ldf+l.cols || len(to) < all*l.cols {
		panic(fmt.Sprintf("BUG: dense: a layer of %d rows, %d apart, of %d floats, from %d to %d", rows, ldx, len(x), len(from), len(to)))
	}
	if l.in == 0 {
		x, ldx = to, 0 // it is not read, but has an address
	}
	panels := &l.bias[0]
	if l.in > 0 {
		panels = &l.panels[0]
	}
	if rows == 1 {
		all = 1
	}
	l.kernel.layer(all, l.cols/panelCols, l.in, &x[0], ldx, panels, &from[0], ldf, &to[0], l.cols, cut)
}
