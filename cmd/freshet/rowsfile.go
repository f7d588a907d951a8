package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/freshet-rec/freshet/backfill"
)

// rowsFile is a file of rows under way.
type rowsFile struct {
	out    *bufio.Writer
	writer *backfill.Writer // nil until begun
}

// begin says what the columns are. It is called once, before the first row.
func (f *rowsFile) begin(l *backfill.Layout) { f.writer = backfill.NewWriter(f.out, l) }

// write writes rows.
func (f *rowsFile) write(rows []backfill.Encoded) error { return outError(f.writer.Write(rows)) }

// outError says that an error is about the file of rows, and not about the data directory.
func outError(err error) error {
	if err == nil {
		return nil
	}
	return &failure{code: exitCode(err), err: fmt.Errorf("--out: %w", err)}
}

// writeWhole gives a file the rows that fill writes, or leaves it as it was: they are written
// beside it, under its name and .tmp, which is gone afterwards unless the process was killed.
func writeWhole(name string, fill func(*rowsFile) error) (err error) {
	temp := name + ".tmp"
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("--out: %w", err)} // a name that is no good
	}
	whole := false
	defer func() {
		if !whole {
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	f := &rowsFile{out: bufio.NewWriterSize(file, 1<<20)}
	if err = fill(f); err == nil {
		err = outError(errors.Join(f.writer.Close(), f.out.Flush(), file.Sync()))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(temp, name); err != nil {
		return outError(err)
	}
	whole = true
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
