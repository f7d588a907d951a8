package rank

import (
	"math"

	"github.com/freshet-rec/freshet/internal/dense"
)

// layered is the layers of a DeepFM, for Explain.
type layered struct {
	layers []Layer
	dim    int // numbers of the input that are of one field
}

// pathSteps is on how many points of the line from the mean of a batch to a row the derivative of the
// network is looked at: the midpoints of as many equal steps. What their sum misses is measured in
// TestStepsSeeMostOfANetwork.
const pathSteps = 16

// pathRows is how many rows are explained at a time, so that what is computed on the way stays small.
const pathRows = 16

// path is what is computed of lines from the mean of a batch to rows. What comes into the units of the
// first layer changes evenly along a line, so that it is computed at both ends only, and the steps
// cost the further layers alone.
type path struct {
	*layered
	mean  []float32   // input
	units [][]float32 // by layer, then by point of a line: what its units give
	back  [][]float32 // likewise the derivative of the output by what comes into them
	ends  []float32   // what comes into the first layer, of the rows and then of the mean
	total []float64   // by row: the output less that of the mean
}

func (n *layered) path(mean []float64) *path {
	p := &path{layered: n, mean: make([]float32, len(mean)), total: make([]float64, pathRows)}
	for i, x := range mean {
		p.mean[i] = float32(x)
	}
	const points = pathRows*(pathSteps+1) + 1
	for _, layer := range n.layers {
		p.units, p.back = append(p.units, make([]float32, points*layer.Out)), append(p.back, make([]float32, points*layer.Out))
	}
	p.ends = make([]float32, (pathRows+1)*n.layers[0].Out)
	return p
}

// into computes what comes into the units of a layer, for so many inputs.
func into(layer *Layer, n int, input, units []float32) {
	dense.Gemm(1, false, true, n, layer.Out, layer.In, 1, input, layer.In, layer.Weights, layer.In, 0, units, layer.Out)
	for i := range units[:n*layer.Out] {
		units[i] += layer.Bias[i%layer.Out]
	}
}

// shares writes what each field does for the outputs of rows, at most pathRows of them, to parts: row by
// row, the input likewise. Those of a row sum to its output less that of the mean. These are
// integrated gradients (Sundararajan, Taly and Yan, ICML 2017, eq. 1) with pathSteps midpoints; what
// the sum of those lacks is given to the fields in proportion to the size of their parts, and evenly
// where all parts are 0.
func (p *path) shares(rows int, input []float32, parts []float64) {
	p.gradients(rows, input, parts)
	fields := len(parts) / rows
	for row := range rows {
		own, rest, size := parts[row*fields:(row+1)*fields], p.total[row], 0.0
		for _, part := range own {
			rest -= part
			size += math.Abs(part)
		}
		for f, part := range own {
			if size > 0 {
				own[f] += rest * math.Abs(part) / size
			} else {
				own[f] = rest / float64(fields)
			}
		}
	}
}

// gradients are the shares before the remainder, and fill in total.
func (p *path) gradients(rows int, input []float32, parts []float64) {
	first, wide := &p.layers[0], p.layers[0].Out
	into(first, rows, input, p.ends)
	into(first, 1, p.mean, p.ends[rows*wide:])
	mean := p.ends[rows*wide:][:wide]

	// The points: all steps of the first row, those of the next, and so on; then the rows, then the mean.
	steps := rows * pathSteps
	units := p.units[0]
	for row := range rows {
		end := p.ends[row*wide:][:wide]
		for step := range pathSteps {
			part := (float32(step) + 0.5) / pathSteps
			for o, x := range mean {
				units[(row*pathSteps+step)*wide+o] = x + part*(end[o]-x)
			}
		}
	}
	copy(units[steps*wide:], p.ends[:(rows+1)*wide])
	all, last := steps+rows+1, len(p.layers)-1
	for l := range p.layers {
		if l > 0 {
			into(&p.layers[l], all, p.units[l-1], p.units[l])
		}
		if l < last {
			for i, x := range p.units[l][:all*p.layers[l].Out] {
				p.units[l][i] = max(0, x)
			}
		}
	}
	for row := range rows {
		p.total[row] = float64(p.units[last][steps+row]) - float64(p.units[last][steps+rows])
	}

	for i := range p.back[last][:steps] {
		p.back[last][i] = 1
	}
	for l := last; l > 0; l-- {
		layer, below := &p.layers[l], p.back[l-1]
		dense.Gemm(1, false, false, steps, layer.In, layer.Out, 1, p.back[l], layer.Out, layer.Weights, layer.In, 0, below, layer.In)
		for i, x := range p.units[l-1][:steps*layer.In] {
			if x <= 0 {
				below[i] = 0
			}
		}
	}
	mid := make([]float32, rows*wide) // of back, over the steps of a row
	for row := range rows {
		for step := range pathSteps {
			for o, g := range p.back[0][(row*pathSteps+step)*wide:][:wide] {
				mid[row*wide+o] += g / pathSteps
			}
		}
	}
	slope := make([]float32, rows*first.In)
	dense.Gemm(1, false, false, rows, first.In, wide, 1, mid, wide, first.Weights, first.In, 0, slope, first.In)
	clear(parts)
	fields := first.In / p.dim
	for row := range rows {
		for i, g := range slope[row*first.In:][:first.In] {
			parts[row*fields+i/p.dim] += float64(g) * float64(input[row*first.In+i]-p.mean[i])
		}
	}
}
