package learn

import (
	"errors"
	"io"

	"github.com/freshet-rec/freshet/rank"
)

// Source is labelled rows that can be read again: those of a file, of a journal, of memory. It has
// one reader at a time.
type Source interface {
	// Names says what the rows consist of.
	Names() rank.Names

	// Reset goes back to the first row.
	Reset() error

	// Next puts the next row in the place of row, which is the caller's, and returns its label, from
	// 0 to 1, and its weight, at least 0. After the last row it returns io.EOF. The order is the same
	// every time.
	Next(row *rank.Row) (label, weight float32, err error)
}

// Each visits all rows of a source. The row is the same each time.
func Each(s Source, visit func(row *rank.Row)) error {
	if err := s.Reset(); err != nil {
		return err
	}
	var row rank.Row
	for {
		if _, _, err := s.Next(&row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		visit(&row)
	}
}

// A block is rows as a model reads them, as many as are mixed with each other before a pass learns
// from them.
type block struct {
	batch   rank.Batch
	labels  []float32
	weights []float32
}

func (b *block) reset() {
	b.batch.Reset()
	b.labels, b.weights = b.labels[:0], b.weights[:0]
}

// The bounds of a block that is mixed: 8 bytes an entry, 8 a row and 4 a field of a row, 72 MiB and 8 a row.
const (
	mixedRows    = 1 << 18
	mixedEntries = 1 << 23
)

// read fills the block with the next rows of a source, and reports whether there may be more.
func (b *block) read(s Source, schema *rank.Schema, row *rank.Row) (more bool, err error) {
	return b.readUpTo(mixedRows, s, schema, row)
}

func (b *block) readUpTo(rows int, s Source, schema *rank.Schema, row *rank.Row) (more bool, err error) {
	b.reset()
	for len(b.labels) < rows && len(b.batch.Index) < mixedEntries {
		label, weight, err := s.Next(row)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		schema.Encode(&b.batch, row)
		b.labels, b.weights = append(b.labels, label), append(b.weights, weight)
	}
	return true, nil
}

// pick puts the rows of that order in the place of to.
func (b *block) pick(to *block, fields int, order []int) {
	to.reset()
	for _, row := range order {
		for f := range fields {
			index, value := b.batch.Entries(fields, row, f)
			to.batch.Index, to.batch.Value = append(to.batch.Index, index...), append(to.batch.Value, value...)
			to.batch.Ends = append(to.batch.Ends, uint32(len(to.batch.Index)))
		}
		to.labels, to.weights = append(to.labels, b.labels[row]), append(to.weights, b.weights[row])
	}
}
