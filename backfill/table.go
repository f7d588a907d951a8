package backfill

import (
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// rowsAtOnce bounds the rows of a table that are in memory until they are written.
const rowsAtOnce = 1 << 14

// WriteTable writes rows as a Parquet file whose columns are the fields of a struct, and returns how
// many there were. What a row points to is its own until the next one comes. Equal rows make equal
// bytes.
func WriteTable[T any](out io.Writer, rows iter.Seq2[T, error]) (n int, err error) {
	w := parquet.NewGenericWriter[T](out, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}))
	for row, err := range rows {
		if err != nil {
			return n, err
		}
		if _, err := w.Write([]T{row}); err != nil {
			return n, fmt.Errorf("row %d: %w", n+1, err)
		}
		if n++; n%rowsAtOnce == 0 {
			if err := w.Flush(); err != nil {
				return n, fmt.Errorf("row group up to row %d: %w", n, err)
			}
		}
	}
	if err := w.Close(); err != nil {
		return n, fmt.Errorf("the end of the file: %w", err)
	}
	return n, nil
}
