package learn

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
)

// Samples are rows with what came of each, in the order in which they were appended. They lie in two
// files: memory holds 8 bytes for blockRows of them, and for each what is not known to be final. A
// row is appended when it is read, and settled when nothing can come of it any more, in the same
// order. Rows that were never settled are none. One goroutine at a time, and after Seal any number
// of readers.
type Samples struct {
	Names rank.Names

	disk           fsys.FS
	dir            string
	rows, outcomes appender
	starts         []int64 // by block of blockRows rows: where the first begins
	appended       int
	settled        int
}

// blockRows is how many rows are found together.
const blockRows = 512

const (
	rowsName     = "rows"
	outcomesName = "outcomes"
)

// NewSamples returns no samples, in files of a directory that it makes; files of an earlier training
// there are overwritten.
func NewSamples(disk fsys.FS, dir string, names rank.Names) (*Samples, error) {
	s := &Samples{Names: names, disk: disk, dir: dir}
	if err := disk.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("rows for training: %w", err)
	}
	for name, to := range map[string]*appender{rowsName: &s.rows, outcomesName: &s.outcomes} {
		f, err := disk.Create(dir + "/" + name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("rows for training: %w", err), s.Close())
		}
		to.file = f
	}
	return s, nil
}

// Append appends a row, which is copied, and returns its number. Errors are those of the disk, and
// one of more than MaxRows rows.
func (s *Samples) Append(row *rank.Row) (int, error) {
	switch {
	case len(row.Numbers) != len(s.Names.Numbers) || len(row.Ends) != len(s.Names.Words):
		panic(fmt.Sprintf("BUG: a row of %d numbers and %d lists for %d and %d", len(row.Numbers), len(row.Ends), len(s.Names.Numbers), len(s.Names.Words)))
	case s.appended == MaxRows:
		return 0, fmt.Errorf("more than %d rows; train on a shorter history", MaxRows)
	}
	if s.appended%blockRows == 0 {
		s.starts = append(s.starts, s.rows.size())
	}
	s.rows.room = appendRow(s.rows.room, row)
	s.appended++
	return s.appended - 1, s.rows.written()
}

// Settle says what came of the oldest row that is not settled. The row of the sample does not count.
func (s *Samples) Settle(of *Sample) error {
	if s.settled == s.appended {
		panic("BUG: a row is settled that was never appended")
	}
	s.outcomes.room = of.appendOutcome(s.outcomes.room)
	s.settled++
	return s.outcomes.written()
}

// Seal writes what is not written yet. Rows that are not settled are left out; no more can be
// appended.
func (s *Samples) Seal() error { return errors.Join(s.rows.flush(), s.outcomes.flush()) }

// Len is the number of rows that are settled.
func (s *Samples) Len() int { return s.settled }

// Close lets go of the files and leaves them where they are.
func (s *Samples) Close() error { return errors.Join(s.rows.close(), s.outcomes.close()) }

// Remove closes and removes the files, and their directory.
func (s *Samples) Remove() error {
	err := s.Close()
	for _, name := range []string{s.dir + "/" + rowsName, s.dir + "/" + outcomesName, s.dir} {
		if gone := s.disk.Remove(name); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// Each reads rows [from, to), in their order; visit must not keep the sample. Its errors are those
// of visit and of the disk.
func (s *Samples) Each(from, to int, visit func(i int, sample *Sample) error) error {
	if from >= to {
		return nil
	}
	first := from / blockRows
	r := rowReader{from: s.rows.reader(s.starts[first]), names: s.Names}
	outcomes := s.outcomes.reader(int64(first) * blockRows * outcomeBytes)
	var sample Sample
	var outcome [outcomeBytes]byte
	for i := first * blockRows; i < to; i++ {
		err := r.read(&sample.Row)
		if err == nil {
			_, err = io.ReadFull(outcomes, outcome[:])
		}
		if err != nil {
			return fmt.Errorf("row %d for training: %w", i, err)
		}
		if i < from {
			continue
		}
		sample.readOutcome(outcome[:])
		if err := visit(i, &sample); err != nil {
			return err
		}
	}
	return nil
}

// appender appends to a file by way of some room in memory.
type appender struct {
	file fsys.File
	room []byte
	gone int64 // bytes written
}

// appendRoom is how much is written at a time.
const appendRoom = 1 << 20

func (a *appender) size() int64 { return a.gone + int64(len(a.room)) }

// written writes the room once it is full.
func (a *appender) written() error {
	if len(a.room) < appendRoom {
		return nil
	}
	return a.flush()
}

func (a *appender) flush() error {
	n, err := a.file.Write(a.room)
	a.gone, a.room = a.gone+int64(n), a.room[:0]
	if err != nil {
		return fmt.Errorf("rows for training: %w", err)
	}
	return nil
}

// reader reads from an offset on what was flushed.
func (a *appender) reader(offset int64) *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(a.file, offset, a.gone-offset), 1<<16)
}

func (a *appender) close() (err error) {
	if a.file != nil {
		err, a.file = a.file.Close(), nil
	}
	return err
}
