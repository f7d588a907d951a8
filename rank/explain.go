package rank

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
		linear, squares := 0.0, 0.0
		for i, at := range index {
			x := float64(value[i])
			linear += x * float64(m.Weights[at])
			if dim == 0 {
				continue
			}
			own := vectors[int(at)*dim:][:len(sum)]
			even, odd := 0.0, 0.0 // two sums that need not wait for one another
			for d, v := range own {
				part := x * float64(v)
				sum[d] += share * part
				even, odd = odd, even+part*part
			}
			squares += even + odd
		}
		s.linear[f] += share * linear
		s.squares[f] += share * squares
	}
}

func (s *sums) clear() {
	clear(s.linear)
	clear(s.squares)
	clear(s.vectors)
}

// meanRows is of how many rows of a batch the mean is taken, evenly among all: it is what a row is
// compared with, and that need not be exact to the last candidate.
const meanRows = 64

// meanOf are the sums of the mean of a batch.
func meanOf(b *Batch, m *LR, vectors []float32, dim int) sums {
	fields := len(m.Fields.Fields)
	mean, all := newSums(fields, dim), b.Rows(fields)
	n := min(all, meanRows)
	for i := range n {
		mean.add(b, i*all/n, 1/float64(n), m, vectors, dim)
	}
	return mean
}

// explain is Model.Explain of a model that is m, plus the products of pairs of vectors of so many
// numbers each, plus a network, nil for none.
//
// The parts are those of Aumann and Shapley along the straight line from the mean of the batch to the
// row, where both stand for their sums: of each field the integral, over the line, of the derivative
// by what the field comes to, times how far it goes. They are the one way to share out a difference
// that asks for no order of the fields and gives all of it away (Sundararajan, Taly and Yan,
// "Axiomatic Attribution for Deep Networks", ICML 2017, §3). Of LR the derivative is the same
// everywhere, and of an FM it changes evenly, so that its value half-way is the integral; of the
// network see shares.
func explain(b *Batch, rows []int, parts []float32, m *LR, vectors []float32, dim int, n *layered) {
	fields := len(m.Fields.Fields)
	mean := meanOf(b, m, vectors, dim)
	own, half := newSums(fields, dim), make([]float64, dim)
	inputs := make([]float32, 0, min(len(rows), pathRows)*len(own.vectors))
	var path *path
	if n != nil {
		path = n.path(mean.vectors)
	}
	deep := make([]float64, min(len(rows), pathRows)*fields)
	for from := 0; from < len(rows); from += pathRows {
		some := rows[from:min(from+pathRows, len(rows))]
		into := parts[from*fields:]
		inputs = inputs[:0]
		for i, row := range some {
			own.clear()
			own.add(b, row, 1, m, vectors, dim)
			clear(half) // the sum of all vectors, half-way
			for f := range fields {
				ours, theirs := own.vectors[f*dim:][:dim], mean.vectors[f*dim:][:dim]
				for d := range half {
					half[d] += (ours[d] + theirs[d]) / 2
					inputs = append(inputs, float32(ours[d]))
				}
			}
			for f := range fields {
				part := own.linear[f] - mean.linear[f] - (own.squares[f]-mean.squares[f])/2
				ours, theirs := own.vectors[f*dim:][:dim], mean.vectors[f*dim:][:dim]
				for d, h := range half {
					part += (ours[d] - theirs[d]) * h
				}
				into[i*fields+f] = float32(part)
			}
		}
		if path != nil {
			path.shares(len(some), inputs, deep[:len(some)*fields])
			for i, part := range deep[:len(some)*fields] {
				into[i] += float32(part)
			}
		}
	}
}
