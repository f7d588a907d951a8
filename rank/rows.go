package rank

// Rows keeps rows, all of the same names, one behind the other. The zero Rows is empty and ready.
type Rows struct {
	numbers []float64
	words   []Token
	ends    []uint32 // by row, then by list, counted from the first word of the row
	starts  []int    // by row: of its words; there is one more, the end of the last
	n       int
}

// Reset empties the rows and keeps their room.
func (r *Rows) Reset() {
	r.numbers, r.words, r.ends, r.starts, r.n = r.numbers[:0], r.words[:0], r.ends[:0], r.starts[:0], 0
}

// Len is how many rows there are.
func (r *Rows) Len() int { return r.n }

// Append copies a row.
func (r *Rows) Append(row *Row) {
	if r.n == 0 {
		r.starts = append(r.starts[:0], 0)
	}
	r.numbers, r.words, r.ends = append(r.numbers, row.Numbers...), append(r.words, row.Words...), append(r.ends, row.Ends...)
	r.starts = append(r.starts, len(r.words))
	r.n++
}

// Row is the i-th row. Its slices are those of the rows, and valid until the next Append or Reset.
func (r *Rows) Row(i int) Row {
	numbers, lists := len(r.numbers)/r.n, len(r.ends)/r.n
	return Row{Numbers: r.numbers[i*numbers : (i+1)*numbers : (i+1)*numbers], Words: r.words[r.starts[i]:r.starts[i+1]:r.starts[i+1]], Ends: r.ends[i*lists : (i+1)*lists : (i+1)*lists]}
}

// number is one number of the i-th row.
func (r *Rows) number(i, place int) float64 { return r.numbers[i*(len(r.numbers)/r.n)+place] }
