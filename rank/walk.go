package rank

import "github.com/freshet-rec/freshet/internal/dense"

// walkSteps is on how many points of the line from the mean of a batch to a row the derivative of the
// network is looked at: the midpoints of as many equal steps. What their sum misses is measured in
// TestStepsSeeMostOfANetwork.
const walkSteps = 16

// walk is room for walks along the lines from the mean to rows.
//
// What comes into the units of the first layer changes evenly along the line, so that it is computed at
// both ends only, and the steps, all of a row at a time, cost the further layers alone.
type walk struct {
	first []float32   // what comes into the first layer: of the rows, and then of the mean
	input []float32   // of the mean, as rows of a layer
	units [][]float32 // by layer but the last: what its units give, step by step
	slope []float32   // the derivative of the output by what comes into a layer's units, step by step
	below []float32   // the same of the layer below
	total []float32   // by row: the mean of those of the first layer
	fall  []float32   // by row: the derivative by the input
}

// walk writes what each field does for the output of the network in so many rows, whose inputs are in
// e.x, to e.deep. Those of a row sum to its output less that for the mean. They are integrated gradients
// (Sundararajan, Taly and Yan, ICML 2017, eq. 1) with walkSteps midpoints; what the sum of those lacks
// is given to the fields in proportion to the size of their parts, and evenly where all parts are 0.
func (m *DeepFM) walk(e *explanation, rows, apart int) {
	n, back := m.packed, m.back
	if n == nil {
		n, back = m.pack(), m.packBack()
	}
	w := &e.walk
	fields, in := len(m.Fields.Fields), m.Layers[0].In
	deep := sized(&e.deep, rows*fields)
	last := len(n.layers)
	fall, totals := n.last, 0
	if last > 0 {
		first, cols := n.layers[0], n.layers[0].Cols()
		w.first = sized(&w.first, (dense.RowsOfLayer(rows)+dense.RowsOfLayer(1))*cols)
		mean := w.first[dense.RowsOfLayer(rows)*cols:]
		if rows > 0 {
			first.Apply(rows, e.x, apart, first.Bias(), w.first[:dense.RowsOfLayer(rows)*cols], false)
		}
		input := sized(&w.input, dense.RowsOfLayer(1)*apart)
		clear(input)
		copy(input, e.pooled)
		first.Apply(1, input, apart, first.Bias(), mean, false)
		total := sized(&w.total, dense.RowsOfLayer(rows)*cols)
		clear(total)
		for i := range rows {
			m.steps(n, back, w, mean[:cols], w.first[i*cols:][:cols], total[i*cols:][:cols])
		}
		totals = back[0].Cols()
		fall = sized(&w.fall, dense.RowsOfLayer(rows)*totals)
		if rows > 0 {
			back[0].Apply(rows, total, cols, back[0].Bias(), fall, false)
		}
	}
	for i := range rows {
		own, x, slope := deep[i*fields:][:fields], e.x[i*apart:][:in], fall[i*totals:][:in]
		for f := range own {
			part := 0.0
			for at := f * m.Dim; at < (f+1)*m.Dim; at++ {
				part += float64(float64(slope[at]) * (float64(x[at]) - float64(e.pooled[at])))
			}
			own[f] = part
		}
		if last > 0 {
			cols := n.layers[0].Cols()
			giveAway(own, m.ends(n, w, w.first[i*cols:][:cols], w.first[dense.RowsOfLayer(rows)*cols:][:cols]))
		}
	}
}

// steps adds to total the mean, over the steps of a row, of the derivative of the output by what comes
// into the first layer.
func (m *DeepFM) steps(n *network, back []*dense.Layer, w *walk, mean, row, total []float32) {
	place := func(step int) float32 { return (float32(step) + 0.5) / walkSteps }
	m.run(n, w, mean, row, walkSteps, place)
	top := len(n.layers) - 1
	cols := n.layers[top].Cols()
	slope := sized(&w.slope, walkSteps*n.widest)
	for step := range walkSteps {
		past(slope[step*cols:][:cols], n.last, w.units[top][step*cols:][:cols])
	}
	for l := top; l > 0; l-- {
		under := n.layers[l-1].Cols()
		below := sized(&w.below, walkSteps*n.widest)
		back[l].Apply(walkSteps, slope, cols, back[l].Bias(), below, false)
		for step := range walkSteps {
			at := below[step*under:][:under]
			past(at, at, w.units[l-1][step*under:][:under])
		}
		w.slope, w.below = w.below, w.slope
		slope, cols = below, under
	}
	for step := range walkSteps {
		for o, v := range slope[step*cols:][:cols] {
			total[o] += v * (1.0 / walkSteps) // a power of two: exact, fused or not
		}
	}
}

// past is the derivative before a unit's max(0, ·), given the one after it and what the unit gives.
func past(to, from, units []float32) {
	for o, u := range units {
		if u > 0 {
			to[o] = from[o]
		} else {
			to[o] = 0
		}
	}
}

// run computes the units of all layers but the last at some places of the way from the mean to the row.
func (m *DeepFM) run(n *network, w *walk, mean, row []float32, places int, place func(i int) float32) {
	for len(w.units) < len(n.layers) {
		w.units = append(w.units, nil)
	}
	for l, layer := range n.layers {
		units := sized(&w.units[l], dense.RowsOfLayer(places)*layer.Cols())
		if l > 0 {
			layer.Apply(places, w.units[l-1], n.layers[l-1].Cols(), layer.Bias(), units, true)
			continue
		}
		for i := range places {
			t := place(i)
			at := units[i*layer.Cols():][:len(mean)]
			for o, from := range mean {
				at[o] = max(0, from+float32(t*(row[o]-from)))
			}
		}
	}
}

// ends is the output of the network for the row less that for the mean.
func (m *DeepFM) ends(n *network, w *walk, row, mean []float32) float64 {
	m.run(n, w, mean, row, 2, func(i int) float32 { return float32(i) })
	top := len(n.layers) - 1
	cols := n.layers[top].Cols()
	out := sized(&w.slope, 2)
	n.kit.Dots(out, w.units[top][:2*cols], n.last)
	return float64(out[1]) - float64(out[0])
}

// giveAway makes parts sum to a total.
func giveAway(parts []float64, total float64) {
	size := 0.0
	for _, part := range parts {
		total -= part
		size += max(part, -part)
	}
	for f, part := range parts {
		if size > 0 {
			parts[f] += float64(total * max(part, -part) / size)
		} else {
			parts[f] = total / float64(len(parts))
		}
	}
}

// packBack lays out the layers but the last the other way round: from the derivative by what comes
// into the units of a layer to that by the layer's input.
func (m *DeepFM) packBack() []*dense.Layer {
	var back []*dense.Layer
	for _, l := range m.Layers[:len(m.Layers)-1] {
		turned := make([]float32, len(l.Weights))
		for o := range l.Out {
			for i, w := range l.Weights[o*l.In:][:l.In] {
				turned[i*l.Out+o] = w
			}
		}
		back = append(back, m.kit.NewLayer(l.Out, l.In, turned, l.Out, nil))
	}
	return back
}
