package rank

// The parts in plain loops of float64: what Explain is held against.

// sums are what the fields of a row come to: all that a model reads of a row.
type sums struct {
	linear  []float64 // by field: of its weights that count, each times how much
	squares []float64 // by field: of the squares of its vectors, likewise
	vectors []float64 // by field, dim numbers each: of its vectors, likewise
}

func newSums(fields, dim int) sums {
	return sums{make([]float64, fields), make([]float64, fields), make([]float64, fields*dim)}
}

// add adds those of a row, times a share.
func (s *sums) add(b *Batch, row int, share float64, m *LR, vectors []float32, dim int) {
	fields := len(s.linear)
	for f := range fields {
		index, value := b.Entries(fields, row, f)
		sum := s.vectors[f*dim:][:dim]
		for i, at := range index {
			x := float64(value[i])
			s.linear[f] += share * x * float64(m.Weights[at])
			squares := 0.0
			for d, v := range vectors[int(at)*dim:][:dim] {
				part := x * float64(v)
				sum[d] += share * part
				squares += part * part
			}
			s.squares[f] += share * squares
		}
	}
}

// layered is the layers of a DeepFM, for Explain.
type layered struct {
	layers []Layer
	dim    int // numbers of the input that are of one field
}

const pathSteps = walkSteps

// path shares out how a network's outputs differ from that for the mean of a batch. What comes into the
// units of the first layer changes evenly along the line, so that it is computed at both ends only,
// and the steps cost the further layers alone.
type path struct {
	*layered
	mean  []float64   // input
	first []float64   // what comes into the units of the first layer for it
	out   float64     // of the network for it
	ends  []float64   // what comes into the first layer for the row
	units [][]float64 // by layer: what its units give
	back  [][]float64 // by layer: the derivative of the output by what comes into its units
	sum   []float64   // of back[0], over the steps
}

func (n *layered) path(mean []float64) *path {
	p := &path{layered: n, mean: append([]float64(nil), mean...)}
	for _, layer := range n.layers {
		p.units, p.back = append(p.units, make([]float64, layer.Out)), append(p.back, make([]float64, layer.Out))
	}
	p.first, p.ends, p.sum = make([]float64, n.layers[0].Out), make([]float64, n.layers[0].Out), make([]float64, n.layers[0].Out)
	into(&n.layers[0], p.mean, p.first)
	p.out = p.run(0)
	return p
}

// into computes what comes into the units of a layer.
func into(layer *Layer, input, units []float64) {
	for o := range units {
		sum := float64(layer.Bias[o])
		for i, w := range layer.Weights[o*layer.In:][:layer.In] {
			sum += float64(w) * input[i]
		}
		units[o] = sum
	}
}

// run computes all units a part of the way from the mean to the row, and returns the output.
func (p *path) run(part float64) float64 {
	for o := range p.first {
		p.units[0][o] = p.first[o] + part*(p.ends[o]-p.first[o])
	}
	last := len(p.layers) - 1
	for l := range p.layers {
		if l > 0 {
			into(&p.layers[l], p.units[l-1], p.units[l])
		}
		if l < last {
			for o, x := range p.units[l] {
				p.units[l][o] = max(0, x)
			}
		}
	}
	return p.units[last][0]
}

// derive computes back where run has been.
func (p *path) derive() {
	last := len(p.layers) - 1
	p.back[last][0] = 1
	for l := last; l > 0; l-- {
		layer, below := &p.layers[l], p.back[l-1]
		clear(below)
		for o, g := range p.back[l] {
			if g == 0 {
				continue
			}
			for i, w := range layer.Weights[o*layer.In:][:layer.In] {
				below[i] += g * float64(w)
			}
		}
		for i, x := range p.units[l-1] {
			if x <= 0 {
				below[i] = 0
			}
		}
	}
}

// shares writes what each field does for the output of a row, to parts. They sum to the output less
// that of the mean. These are integrated gradients (Sundararajan, Taly and Yan, ICML 2017, eq. 1)
// with pathSteps midpoints; what the sum of those lacks is given to the fields in proportion to the
// size of their parts, and evenly where all parts are 0.
func (p *path) shares(input, parts []float64) {
	into(&p.layers[0], input, p.ends)
	total := p.run(1) - p.out
	p.gradients(input, parts)
	size := 0.0
	for _, part := range parts {
		total -= part
		size += abs(part)
	}
	for f, part := range parts {
		if size > 0 {
			parts[f] += total * abs(part) / size
		} else {
			parts[f] = total / float64(len(parts))
		}
	}
}

// gradients are the shares before the remainder. ends must be those of the input.
func (p *path) gradients(input, parts []float64) {
	clear(p.sum)
	for step := range pathSteps {
		p.run((float64(step) + 0.5) / pathSteps)
		p.derive()
		for o, g := range p.back[0] {
			p.sum[o] += g / pathSteps
		}
	}
	clear(parts)
	first := &p.layers[0]
	for o, g := range p.sum {
		if g == 0 {
			continue
		}
		weights := first.Weights[o*first.In:][:first.In]
		for f := range parts {
			part := 0.0
			for d := f * p.dim; d < (f+1)*p.dim; d++ {
				part += float64(weights[d]) * (input[d] - p.mean[d])
			}
			parts[f] += g * part
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }
