package backfill

import (
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// UserVector is a row of a file of users' vectors.
type UserVector struct {
	User   string    `parquet:"user_id"`
	Kind   string    `parquet:"kind,dict"` // user, anonymous or session: what User is an id of
	Vector []float32 `parquet:"vector,list"`
}

// ItemVector is a row of a file of items' vectors.
type ItemVector struct {
	Item   string    `parquet:"item_id"`
	Vector []float32 `parquet:"vector,list"`
}

// vectorsAtOnce bounds the rows that are in memory until they are written.
const vectorsAtOnce = 1 << 14

// WriteVectors writes rows as a Parquet file, and returns how many there were. A vector is its row's
// until the next one comes. Equal rows make equal bytes.
func WriteVectors[T UserVector | ItemVector](out io.Writer, rows iter.Seq2[T, error]) (n int, err error) {
	w := parquet.NewGenericWriter[T](out, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}))
	for row, err := range rows {
		if err != nil {
			return n, err
		}
		if _, err := w.Write([]T{row}); err != nil {
			return n, fmt.Errorf("row %d: %w", n+1, err)
		}
		if n++; n%vectorsAtOnce == 0 {
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
