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
	all := b.Rows(fields)
	mean, own := newSums(fields, dim), newSums(fields, dim)
	for row := range all {
		mean.add(b, row, 1/float64(all), m, vectors, dim)
	}
	half, deep := make([]float64, dim), make([]float64, fields) // half-way the sum of all vectors; of the network
	var path *path
	if n != nil {
		path = n.path(mean.vectors)
	}
	for i, row := range rows {
		clear(own.linear)
		clear(own.squares)
		clear(own.vectors)
		own.add(b, row, 1, m, vectors, dim)
		clear(half)
		for at := range own.vectors {
			half[at%dim] += (own.vectors[at] + mean.vectors[at]) / 2
		}
		if path != nil {
			path.shares(own.vectors, deep)
		}
		for f := range fields {
			part := own.linear[f] - mean.linear[f] - (own.squares[f]-mean.squares[f])/2 + deep[f]
			for d, h := range half {
				part += (own.vectors[f*dim+d] - mean.vectors[f*dim+d]) * h
			}
			parts[i*fields+f] = float32(part)
		}
	}
}
