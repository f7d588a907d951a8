package rank

import (
	"slices"
	"sync"

	"github.com/freshet-rec/freshet/internal/dense"
)

// explanation is room for what Explain computes on its way: all that a model reads of a row, of the
// rows that are explained and of the mean of the batch.
type explanation struct {
	mean, own fieldSums
	x         []float32 // pooled vectors of a block of rows, and then of the rows that are explained
	pooled    []float32 // of the mean
	pairs     []float32
	sums      []float32
	half      []float64 // half-way from the mean to the row the sum of all vectors
	deep      []float64 // by row and field: of the network
	walk      walk
}

// fieldSums are sums over the entries of each field.
type fieldSums struct {
	linear  []float64 // of its weights, each times how much it counts
	squares []float64 // of the squares of its vectors, likewise
}

// explanations are kept between calls.
var explanations = sync.Pool{New: func() any { return new(explanation) }}

// sized is a slice of n elements, in the room of s if that is enough. What they hold is not stated.
func sized[T any](s *[]T, n int) []T {
	*s = slices.Grow((*s)[:0], n)[:n]
	return *s
}

// add adds those of a row.
func (s *fieldSums) add(b *Batch, row int, m *LR, fm *FM) {
	fields := len(s.linear)
	at := uint32(0)
	if row > 0 {
		at = b.Ends[row*fields-1]
	}
	for f, end := range b.Ends[row*fields:][:fields] {
		for ; at < end; at++ {
			x := float64(b.Value[at])
			s.linear[f] += float64(x * float64(m.Weights[b.Index[at]]))
			switch i := int(b.Index[at]); {
			case fm == nil:
			case fm.squares != nil:
				s.squares[f] += float64(x * x * float64(fm.squares[i]))
			default:
				s.squares[f] += float64(x * x * float64(fm.square(i)))
			}
		}
	}
}

func (s *fieldSums) clear(fields int) {
	clear(sized(&s.linear, fields))
	clear(sized(&s.squares, fields))
}

// explain is Model.Explain of a model that is m, plus the pairs of fm and the network of deep, nil for
// none.
//
// The parts are those of Aumann and Shapley along the straight line from the mean of the batch to the
// row, where both stand for their sums: of each field the integral, over the line, of the derivative
// by what the field comes to, times how far it goes. They are the one way to share out a difference
// that asks for no order of the fields and gives all of it away (Sundararajan, Taly and Yan,
// "Axiomatic Attribution for Deep Networks", ICML 2017, §3). Of LR the derivative is the same
// everywhere, and of an FM it changes evenly, so that its value half-way is the integral; of the
// network see walk.
func explain(b *Batch, rows []int, parts []float32, m *LR, fm *FM, deep *DeepFM) {
	fields := len(m.Fields.Fields)
	all := b.Rows(fields)
	e := explanations.Get().(*explanation)
	defer explanations.Put(e)
	e.mean.clear(fields)
	for row := range all {
		e.mean.add(b, row, m, fm)
	}
	for f := range fields {
		e.mean.linear[f] /= float64(all)
		e.mean.squares[f] /= float64(all)
	}
	dim, apart := 0, 0
	if fm != nil {
		dim, apart = fm.Dim, apartFor(fields*fm.Dim)
		e.pool(b, rows, fm, apart)
	}
	if deep != nil {
		deep.walk(e, len(rows), apart)
	}
	half := sized(&e.half, dim)
	for i, row := range rows {
		e.own.clear(fields)
		e.own.add(b, row, m, fm)
		clear(half)
		x := e.x[min(i*apart, len(e.x)):]
		for at := range fields * dim {
			half[at%dim] += (float64(x[at]) + float64(e.pooled[at])) / 2
		}
		for f := range fields {
			part := e.own.linear[f] - e.mean.linear[f] - (e.own.squares[f]-e.mean.squares[f])/2
			for d, h := range half {
				part += float64((float64(x[f*dim+d]) - float64(e.pooled[f*dim+d])) * h)
			}
			if deep != nil {
				part += e.deep[i*fields+f]
			}
			parts[i*fields+f] = float32(part)
		}
	}
}

// pool makes the pooled vectors of the mean of a batch, and of some of its rows.
func (e *explanation) pool(b *Batch, rows []int, fm *FM, apart int) {
	fields := len(fm.Fields.Fields)
	all := b.Rows(fields)
	x := sized(&e.x, dense.RowsOfLayer(max(block, len(rows)))*apart)
	clear(x) // between rows it is added, too
	mean := sized(&e.pooled, apart)
	clear(mean)
	pairs, sums := sized(&e.pairs, block), sized(&e.sums, block*dense.SumsOf(fm.Dim))
	for from := 0; from < all; from += block {
		n := min(block, all-from)
		entries := rowsOf(b, fields, from, n)
		fm.kit.Pool(pairs[:n], fm.Vectors, fm.Dim, &entries, x, apart, sums)
		fm.kit.AddRows(mean, x[:n*apart])
	}
	for at := range mean {
		mean[at] /= float32(all)
	}
	for i, row := range rows {
		entries := rowsOf(b, fields, row, 1)
		fm.kit.Pool(pairs[:1], fm.Vectors, fm.Dim, &entries, x[i*apart:], apart, sums)
	}
}
