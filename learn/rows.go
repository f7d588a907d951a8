package learn

import (
	"fmt"

	"github.com/freshet-rec/freshet/rank"
)

// MaxRows bounds the rows of one training.
const MaxRows = 20_000_000

// Rows are labelled rows in the order of time. Use NewRows.
type Rows struct {
	names  rank.Names
	values []float32 // numbers, row after row; NaN is no value
	words  []rank.Token
	ends   []int // by row, then by list: where in words it ends
	labels []bool
}

// NewRows returns an empty set of rows of what is named.
func NewRows(names rank.Names) *Rows { return &Rows{names: names} }

// Add appends a row, which must have what is named. Numbers are kept as float32.
func (r *Rows) Add(row *rank.Row, label bool) error {
	if len(row.Numbers) != len(r.names.Numbers) || len(row.Ends) != len(r.names.Words) {
		return fmt.Errorf("a row of %d numbers and %d lists of words, where %d and %d are named", len(row.Numbers), len(row.Ends), len(r.names.Numbers), len(r.names.Words))
	}
	if len(r.labels) == MaxRows {
		return fmt.Errorf("more than %d rows; train on a shorter history", MaxRows)
	}
	for _, v := range row.Numbers {
		r.values = append(r.values, float32(v))
	}
	for _, end := range row.Ends {
		r.ends = append(r.ends, len(r.words)+int(end))
	}
	r.words = append(r.words, row.Words...)
	r.labels = append(r.labels, label)
	return nil
}

// Len is the number of rows.
func (r *Rows) Len() int { return len(r.labels) }

// Positives is the number of rows with a positive label in [from, to).
func (r *Rows) Positives(from, to int) (n int) {
	for _, label := range r.labels[from:to] {
		if label {
			n++
		}
	}
	return n
}

// numbers are those of row i.
func (r *Rows) numbers(i int) []float32 {
	n := len(r.names.Numbers)
	return r.values[i*n : (i+1)*n]
}

// read makes row i the one given.
func (r *Rows) read(i int, row *rank.Row) {
	row.Reset()
	for _, v := range r.numbers(i) {
		row.Numbers = append(row.Numbers, float64(v))
	}
	lists, from := len(r.names.Words), 0
	if i > 0 && lists > 0 {
		from = r.ends[i*lists-1]
	}
	for _, end := range r.ends[i*lists : (i+1)*lists] {
		row.Ends = append(row.Ends, uint32(end-from))
	}
	if lists > 0 {
		row.Words = append(row.Words, r.words[from:r.ends[(i+1)*lists-1]]...)
	}
}

// Label sets the label of row i.
func (r *Rows) Label(i int, label bool) { r.labels[i] = label }

// Truncate keeps the first n rows.
func (r *Rows) Truncate(n int) {
	r.labels, r.values, r.ends = r.labels[:n], r.values[:n*len(r.names.Numbers)], r.ends[:n*len(r.names.Words)]
	words := 0
	if len(r.ends) > 0 {
		words = r.ends[len(r.ends)-1]
	}
	r.words = r.words[:words]
}
