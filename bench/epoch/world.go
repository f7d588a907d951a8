package epoch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// vocabularies are how many different words the ten fields of Frappe have.
var vocabularies = []int{957, 4082, 7, 7, 2, 3, 2, 9, 80, 233}

// world is invented rows: words by Zipf's law with exponent 1.1, a label by a linear rule of hidden
// weights and noise. It is a learn.Source that draws its rows anew each time.
type world struct {
	rows  int
	seed  uint64
	at    int
	rng   *rand.Rand
	draws []*rand.Zipf
}

// Names implements learn.Source.
func (w *world) Names() (names rank.Names) {
	for f := range vocabularies {
		names.Words = append(names.Words, fmt.Sprintf("field%d", f))
	}
	return names
}

// Reset implements learn.Source.
func (w *world) Reset() error {
	w.at, w.rng, w.draws = 0, rand.New(rand.NewPCG(w.seed, 0)), nil
	for _, n := range vocabularies {
		w.draws = append(w.draws, rand.NewZipf(w.rng, 1.1, 1, uint64(n-1)))
	}
	return nil
}

// Next implements learn.Source.
func (w *world) Next(row *rank.Row) (label, weight float32, err error) {
	if w.at == w.rows {
		return 0, 0, io.EOF
	}
	w.at++
	row.Reset()
	odds := -0.7
	for f, draw := range w.draws {
		word := draw.Uint64()
		token := rank.Token(uint64(f)<<32 | word)
		row.Words = append(row.Words, token)
		row.End()
		odds += float64(uint64(token)*0x9e3779b97f4a7c15>>11)*0x1p-53*2 - 1
	}
	if w.rng.Float64() < rank.Sigmoid(odds) {
		label = 1
	}
	return label, 1, nil
}

// schema has all words of all fields.
func (w *world) schema() (*rank.Schema, error) {
	var fields []rank.Field
	for f, name := range w.Names().Words {
		field := rank.Field{Name: name, Kind: rank.Category}
		for word := range vocabularies[f] {
			field.Tokens = append(field.Tokens, rank.Token(uint64(f)<<32|uint64(word)))
		}
		fields = append(fields, field)
	}
	return rank.NewSchema(fields)
}

// encoded are all rows as a model reads them.
func (w *world) encoded(schema *rank.Schema) (b *rank.Batch, labels []float32, err error) {
	b = &rank.Batch{}
	var row rank.Row
	if err := w.Reset(); err != nil {
		return nil, nil, err
	}
	for range w.rows {
		label, _, err := w.Next(&row)
		if err != nil {
			return nil, nil, err
		}
		schema.Encode(b, &row)
		labels = append(labels, label)
	}
	return b, labels, nil
}

// input is what the program in C reads: the settings of both learners, what vectors begin with, and
// the rows.
func input(b *rank.Batch, labels []float32, fm *rank.FM, settings []float32) ([]byte, error) {
	var ends []uint32
	for row := range labels {
		ends = append(ends, b.Ends[(row+1)*len(fm.Fields.Fields)-1])
	}
	var to bytes.Buffer
	sizes := []uint32{uint32(len(labels)), uint32(fm.Dim), uint32(len(fm.Weights)), uint32(len(b.Index))}
	for _, part := range []any{sizes, settings, fm.Vectors, b.Index, b.Value, ends, labels} {
		if err := binary.Write(&to, binary.LittleEndian, part); err != nil {
			return nil, err
		}
	}
	return to.Bytes(), nil
}

// parameters are those of a model as the program in C answers them.
func parameters(m rank.Model) []float32 {
	if fm, ok := m.(*rank.FM); ok {
		return append(parameters(&fm.LR), fm.Vectors...)
	}
	lr := m.(*rank.LR)
	return append([]float32{lr.Bias}, lr.Weights...)
}

// apart is how far numbers are from others, at most.
func apart(a, b []float32) (worst float64) {
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i]-b[i])))
	}
	return worst
}
