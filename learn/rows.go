package learn

import "fmt"

// MaxRows bounds the rows of one training.
const MaxRows = 20_000_000

// Rows are labelled rows in the order of time. Use NewRows.
type Rows struct {
	names  []string
	values []float32 // row after row; NaN is no value
	labels []bool
}

// NewRows returns an empty set of rows with the given fields.
func NewRows(names []string) *Rows { return &Rows{names: names} }

// Add appends a row. len(row) must be the number of fields. Values are kept as float32.
func (r *Rows) Add(row []float64, label bool) error {
	if len(row) != len(r.names) {
		return fmt.Errorf("a row of %d values for %d fields", len(row), len(r.names))
	}
	if len(r.labels) == MaxRows {
		return fmt.Errorf("more than %d rows; train on a shorter history", MaxRows)
	}
	for _, v := range row {
		r.values = append(r.values, float32(v))
	}
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

func (r *Rows) row(i int) []float32 { return r.values[i*len(r.names) : (i+1)*len(r.names)] }

// Label sets the label of row i.
func (r *Rows) Label(i int, label bool) { r.labels[i] = label }

// Truncate keeps the first n rows.
func (r *Rows) Truncate(n int) {
	r.labels, r.values = r.labels[:n], r.values[:n*len(r.names)]
}
