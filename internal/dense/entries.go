package dense

import "fmt"

// Entries are sparse rows, each with the same number of fields: number i of Index is that of a
// weight or of a vector, i of Value what it is multiplied by, and Ends has for each row and each of
// its fields where they end. Start is where those of the first row begin.
type Entries struct {
	Index  []uint32
	Value  []float32
	Ends   []uint32
	Fields int
	Start  uint32
}

// Rows is how many rows there are.
func (e *Entries) Rows() int { return len(e.Ends) / e.Fields }

// A linearFunc writes to to, for each row, Σ weights[index]·value: entry i of the row is added to the
// sum i mod 8 by a fused multiply-add, and the halves of the sums are added until one is left.
type linearFunc func(rows int, fields int, ends *uint32, start int, index *uint32, value *float32, weights *float32, to *float32)

// A pairsFunc writes to to, for each row, Σ_d (Σ v_d·x)² − Σ (v_d·x)², twice what a factorization
// machine adds for pairs. Over the entries each of the two is a sum in their order, v·x being
// rounded, and its square added by a fused multiply-add; the difference is fused too. Dimension d
// goes to the sum of d mod side, in order, and the halves are added until one is left.
type pairsFunc func(rows int, fields int, ends *uint32, start int, index *uint32, value *float32, vectors *float32, dim int, to *float32)

// A poolFunc is a pairsFunc that also writes the sum of v·x of each field, dim floats, to x, the
// rows of which are ldx apart, and to sums for each row and each side dimensions the two sums, side
// floats each. Those beyond dim are of zeros.
type poolFunc func(rows int, fields int, ends *uint32, start int, index *uint32, value *float32, vectors *float32, dim int, x *float32, ldx int, sums *float32, to *float32)

// A joinFunc writes to to max(floor, a+b) of wide floats, a multiple of side. Then it takes
// chunks pairs of side sums and side sums of squares, as a poolFunc writes them, that follow in a
// and b, and begin c; adds up those of a, b and c, in this order; and returns what a pairsFunc does.
type joinFunc func(wide int, chunks int, a *float32, b *float32, c *float32, floor float32, to *float32) float32

// A mostFunc returns the greatest of n numbers, 0 for none.
type mostFunc func(n int, p *uint32) uint32

// check panics unless there is a place for each row, and a row of numbers, of n, for each entry.
func (kn *kernel) check(e *Entries, n, places int) {
	if e.Fields < 1 || len(e.Ends)%e.Fields != 0 || len(e.Value) < len(e.Index) {
		panic(fmt.Sprintf("BUG: dense: %d ends of %d fields, %d entries with %d values", len(e.Ends), e.Fields, len(e.Index), len(e.Value)))
	}
	if places != e.Rows() {
		panic(fmt.Sprintf("BUG: dense: %d rows of entries into %d places", e.Rows(), places))
	}
	end := max(e.Start, kn.greatest(e.Ends))
	if int(end) > len(e.Index) {
		panic(fmt.Sprintf("BUG: dense: rows end at %d of %d entries", end, len(e.Index)))
	}
	if own := e.Index[e.Start:end]; len(own) > 0 && int(kn.greatest(own)) >= n {
		panic(fmt.Sprintf("BUG: dense: an entry of %d, of %d there are", kn.greatest(own), n))
	}
}

func (kn *kernel) greatest(p []uint32) uint32 {
	if len(p) == 0 {
		return 0
	}
	return kn.most(len(p), &p[0])
}

// Linear writes to to, one a row, the sum of the weights that count times how much they do.
func (k Kit) Linear(to, weights []float32, e *Entries) {
	kn := k.of()
	kn.check(e, len(weights), len(to))
	if len(to) == 0 || len(e.Index) == 0 {
		clear(to)
		return
	}
	kn.linear(len(to), e.Fields, &e.Ends[0], int(e.Start), &e.Index[0], &e.Value[0], &weights[0], &to[0])
}

// Pairs writes to to, one a row, twice the sum of the products of all pairs of vectors of dim floats,
// each times how much it counts.
func (k Kit) Pairs(to, vectors []float32, dim int, e *Entries) {
	kn := k.of()
	kn.check(e, len(vectors)/dim, len(to))
	if len(to) == 0 || len(e.Index) == 0 {
		clear(to)
		return
	}
	kn.pairs(len(to), e.Fields, &e.Ends[0], int(e.Start), &e.Index[0], &e.Value[0], &vectors[0], dim, &to[0])
}

// SumsOf is how many floats of sums Pool writes for each row of vectors of dim floats.
func SumsOf(dim int) int { return 2 * roundUp(dim, side) }

// Pool is Pairs, and writes to x, whose rows are ldx apart, for each field the sum of its vectors,
// each times how much it counts; and to sums what Join adds up, SumsOf(dim) floats a row.
func (k Kit) Pool(to, vectors []float32, dim int, e *Entries, x []float32, ldx int, sums []float32) {
	kn, rows := k.of(), len(to)
	kn.check(e, len(vectors)/dim, rows)
	if rows == 0 {
		return
	}
	if ldx < e.Fields*dim || len(x) < (rows-1)*ldx+e.Fields*dim || len(sums) < rows*SumsOf(dim) {
		panic(fmt.Sprintf("BUG: dense: %d rows of %d fields of %d floats, %d apart, into %d floats and %d sums", rows, e.Fields, dim, ldx, len(x), len(sums)))
	}
	if len(e.Index) == 0 {
		clear(to)
		clear(sums[:rows*SumsOf(dim)])
		for i := range rows {
			clear(x[i*ldx:][:e.Fields*dim])
		}
		return
	}
	kn.pool(rows, e.Fields, &e.Ends[0], int(e.Start), &e.Index[0], &e.Value[0], &vectors[0], dim, &x[0], ldx, &sums[0], &to[0])
}

// Totals takes apart what Pool wrote to sums for one row: it writes the sum of the vectors to sum, one a
// dimension, and returns the sum of their squares over all dimensions.
func Totals(sum, sums []float32) (squares float32) {
	for d := range sum {
		at := d/side*2*side + d%side
		sum[d] = sums[at]
		squares += sums[at+side]
	}
	return squares
}

// Join adds up what was computed apart of the fields of a row. a and b are floats that begin with the
// sums of a layer, len(to) of them, a multiple of 16 or none, and end with what Pool wrote to sums; c is such
// sums alone. It writes to to the layer's, not less than floor, and returns what Pairs gives.
func (k Kit) Join(a, b, c []float32, floor float32, to []float32) float32 {
	if len(to)%side != 0 || len(c) == 0 || len(c)%(2*side) != 0 || len(a) != len(to)+len(c) || len(b) != len(a) {
		panic(fmt.Sprintf("BUG: dense: %d, %d and %d sums join to %d", len(a), len(b), len(c), len(to)))
	}
	first := &a[0] // where nothing is written it is but an address
	if len(to) > 0 {
		first = &to[0]
	}
	return k.of().join(len(to), len(c)/(2*side), &a[0], &b[0], &c[0], floor, first)
}

// Dots is [Dots] with the kit's kernel.
func (k Kit) Dots(to, rows, z []float32) { k.of().allDots(to, rows, z) }
