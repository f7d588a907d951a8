package learn

import (
	"github.com/freshet-rec/freshet/internal/dense"
	"github.com/freshet-rec/freshet/rank"
)

// glance is what a Shadow found out of some rows of a batch at once: what the model and what is
// published say of them, and what all variants of a row begin with. What was learned changes with every
// row that is learned from, so it is asked about row by row, for what it deviates by.
type glance struct {
	batch      *rank.Batch // nil of none
	from, rows int
	odds       [2][glanceRows]float32 // by variant, frozen and published
	linear     [glanceRows]float32    // of the model: the log-odds without vectors,
	sum        []float32              // the sums of the vectors, dim numbers a row,
	squares    [glanceRows]float32    // and those of their squares

	input  []float32 // room: of the network,
	pooled []float32 // and for sums as the kernel writes them
	pairs  [glanceRows]float32
}

// glanceRows is how many rows are looked at at once: as many as the kernels multiply at a time. Those
// beside the one that is asked about are on the same slate, and mostly asked about next.
const glanceRows = 12

// look finds out of the rows about one of a batch, unless that is known, and returns its place in glance.
func (s *Shadow) look(b *rank.Batch, row int) int {
	g := &s.glance
	if g.batch == b && row >= g.from && row < g.from+g.rows {
		return row - g.from
	}
	s.known = nil
	g.batch, g.from = b, row/glanceRows*glanceRows
	g.rows = min(glanceRows, b.Rows(s.fields)-g.from)
	s.begin(b)
	for variant := range g.odds {
		if variant == published && !s.live {
			g.odds[published] = g.odds[frozen]
			break
		}
		odds := g.odds[variant][:g.rows]
		for i := range odds {
			odds[i] = s.away(variant, b, i, i)
		}
		if s.network != nil {
			for i, deep := range s.network.forward(0, g.rows) {
				odds[i] += deep
			}
		}
	}
	return row - g.from
}

// begin works out what all variants begin with.
func (s *Shadow) begin(b *rank.Batch) {
	g, rows := &s.glance, s.glance.rows
	e := dense.Entries{Index: b.Index, Value: b.Value, Ends: b.Ends[g.from*s.fields:][:rows*s.fields], Fields: s.fields}
	if g.from > 0 {
		e.Start = b.Ends[g.from*s.fields-1]
	}
	var kit dense.Kit
	kit.Linear(g.linear[:rows], s.lr.Weights, &e)
	for i := range rows {
		g.linear[i] += s.lr.Bias
	}
	if s.fm == nil {
		return
	}
	wide, sums := s.fields*s.dim, dense.SumsOf(s.dim)
	kit.Pool(g.pairs[:rows], s.fm.Vectors, s.dim, &e, g.input, wide, g.pooled)
	for i := range rows {
		g.squares[i] = dense.Totals(g.sum[i*s.dim:][:s.dim], g.pooled[i*sums:][:sums])
	}
	if s.network != nil {
		s.network.begin(rows, g.input, wide)
	}
}

// away is what a variant says of row i of the glance, but for the network: for that it leaves what the
// variant deviates by, as row at. It leaves the sum of the row's vectors in s.sum.
func (s *Shadow) away(variant int, b *rank.Batch, i, at int) float32 {
	g, row := &s.glance, s.glance.from+i
	odds := g.linear[i]
	if variant != frozen {
		odds += s.linear(variant, b, row)
	}
	if s.fm == nil {
		return odds
	}
	copy(s.sum, g.sum[i*s.dim:][:s.dim])
	pairs, away := -g.squares[i], s.input(at)
	clear(away)
	if variant != frozen {
		pairs -= s.vectors(variant, b, row, away)
	}
	for _, v := range s.sum {
		pairs += v * v
	}
	return odds + pairs/2
}

// input is where row at of what comes into the network is to deviate; without a network it is of no use.
func (s *Shadow) input(at int) []float32 {
	if s.network == nil {
		return s.glance.input[:(s.fields-s.from)*s.dim]
	}
	return s.network.away(at)
}

// linear is by how much the log-odds without vectors deviate.
func (s *Shadow) linear(variant int, b *rank.Batch, row int) (odds float32) {
	index, value := b.Row(s.fields, row)
	if variant == published {
		odds = s.out.weights[0]
		for i, at := range index {
			if p := s.place[at]; p != 0 {
				odds += s.out.weights[p] * value[i]
			}
		}
		return odds
	}
	odds = s.moved[0].w
	for i, at := range index {
		if p := s.place[at]; p != 0 {
			odds += s.moved[p].w * value[i]
		}
	}
	return odds
}

// vectors adds what vectors deviate by to s.sum and, by field, to away, and returns by how much the sum of
// their squares does.
func (s *Shadow) vectors(variant int, b *rank.Batch, row int, away []float32) (squares float32) {
	for field := s.from; field < s.fields; field++ {
		index, value := b.Entries(s.fields, row, field)
		for i, weight := range index {
			p := int(s.place[weight])
			if p == 0 {
				continue
			}
			x, by := value[i], s.vector(variant, p)
			own, sum, to := s.fm.Vectors[int(weight)*s.dim:][:len(by)], s.sum[:len(by)], away[(field-s.from)*s.dim:][:len(by)]
			for d, v := range by {
				v *= x
				squares += v * (v + 2*own[d]*x)
				sum[d] += v
				to[d] += v
			}
		}
	}
	return squares
}
