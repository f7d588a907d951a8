package learn

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/rank"
)

// MaxRows bounds the rows of one training.
const MaxRows = 50_000_000

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
	hidden         []string   // what rows are read without
	written        rank.Names // what they were written with, where that is more than Names
}

// blockRows is how many rows are found together.
const blockRows = 512

const (
	rowsName     = "rows"
	outcomesName = "outcomes"
	sealName     = "sealed"
)

// NewSamples returns no samples, in files of a directory that it makes; files of an earlier training
// there are overwritten.
func NewSamples(disk fsys.FS, dir string, names rank.Names) (*Samples, error) {
	s := &Samples{Names: names, disk: disk, dir: dir}
	if err := disk.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("rows for training: %w", err)
	}
	if err := disk.Remove(dir + "/" + sealName); err != nil && !errors.Is(err, fs.ErrNotExist) {
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

// Seal writes what is not written yet, so that a training which is cut off finds the rows again: see
// OpenSamples. Rows that are not settled are left out; no more can be appended.
func (s *Samples) Seal() error {
	if err := errors.Join(s.rows.flush(), s.outcomes.flush()); err != nil {
		return err
	}
	if err := errors.Join(s.rows.file.Sync(), s.outcomes.file.Sync()); err != nil {
		return fmt.Errorf("rows for training: %w", err)
	}
	text, err := json.Marshal(sealed{s.Names, s.starts, s.settled, s.rows.gone, s.outcomes.gone})
	if err == nil {
		err = fsys.Replace(s.disk, s.dir+"/"+sealName, text)
	}
	if err != nil {
		return fmt.Errorf("rows for training: %w", err)
	}
	return nil
}

// sealed is what is needed to read rows that were sealed.
type sealed struct {
	Names    rank.Names `json:"names"`
	Starts   []int64    `json:"starts"`
	Rows     int        `json:"rows"`
	Bytes    int64      `json:"bytes"`
	Outcomes int64      `json:"outcomes"` // bytes of them
}

// OpenSamples opens rows that were sealed. The error wraps fs.ErrNotExist when there are none whole.
func OpenSamples(disk fsys.FS, dir string) (*Samples, error) {
	text, err := fsys.ReadFile(disk, dir+"/"+sealName, maxSealBytes)
	if err != nil {
		return nil, err
	}
	var of sealed
	if err := json.Unmarshal(text, &of); err != nil {
		return nil, fmt.Errorf("rows for training: %w", err)
	}
	s := &Samples{Names: of.Names, disk: disk, dir: dir, starts: of.Starts, appended: of.Rows, settled: of.Rows}
	for name, to := range map[string]*appender{rowsName: &s.rows, outcomesName: &s.outcomes} {
		if to.file, err = disk.Open(dir + "/" + name); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.rows.gone, s.outcomes.gone = of.Bytes, of.Outcomes
	for _, a := range []*appender{&s.rows, &s.outcomes} {
		if size, err := a.file.Size(); err != nil || size != a.gone {
			return nil, errors.Join(fmt.Errorf("rows for training: a file has %d bytes of %d: %w", size, a.gone, fs.ErrNotExist), err, s.Close())
		}
	}
	return s, nil
}

const maxSealBytes = 16 << 20

// Len is the number of rows that are settled.
func (s *Samples) Len() int { return s.settled }

// Close lets go of the files and leaves them where they are.
func (s *Samples) Close() error { return errors.Join(s.rows.close(), s.outcomes.close()) }

// RemoveSamples removes the files of rows that are closed, and their directory.
func RemoveSamples(disk fsys.FS, dir string) (err error) {
	for _, name := range []string{dir + "/" + sealName, dir + "/" + rowsName, dir + "/" + outcomesName, dir} {
		if gone := disk.Remove(name); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// without are the same rows without some of their numbers and lists of words.
func (s *Samples) without(names []string) *Samples {
	view := *s
	view.hidden = names
	keep := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(names, name) })
	}
	view.written = s.Names
	view.Names = rank.Names{Numbers: keep(s.Names.Numbers), Words: keep(s.Names.Words)}
	return &view
}

// hide takes from a row what is hidden.
func (s *Samples) hide(row, shown *rank.Row) {
	shown.Reset()
	for i, name := range s.written.Numbers {
		if !slices.Contains(s.hidden, name) {
			shown.Numbers = append(shown.Numbers, row.Numbers[i])
		}
	}
	for i, name := range s.written.Words {
		if !slices.Contains(s.hidden, name) {
			shown.Words = append(shown.Words, row.List(i)...)
			shown.End()
		}
	}
}

// Each reads rows [from, to), in their order; visit must not keep the sample. Its errors are those
// of visit and of the disk.
func (s *Samples) Each(from, to int, visit func(i int, sample *Sample) error) error {
	r := s.reader(from, to)
	var sample Sample
	for i := from; i < to; i++ {
		if err := r.next(&sample); err != nil {
			return err
		}
		if err := visit(i, &sample); err != nil {
			return err
		}
	}
	return nil
}

// sampleReader reads rows one after the other.
type sampleReader struct {
	of       *Samples
	rows     rowReader
	outcomes *bufio.Reader
	at, to   int
	row      rank.Row // as written
}

// reader returns one of rows [from, to).
func (s *Samples) reader(from, to int) *sampleReader {
	r := &sampleReader{of: s, at: from, to: to}
	if from >= to {
		return r
	}
	first := from / blockRows
	r.rows = rowReader{from: s.rows.reader(s.starts[first]), names: s.Names}
	if s.hidden != nil {
		r.rows.names = s.written
	}
	r.outcomes = s.outcomes.reader(int64(from) * outcomeBytes)
	r.at = first * blockRows
	for r.at < from { // rows of the block that are before
		if err := r.rows.read(&r.row); err != nil {
			break // and again, with the first row that is asked for
		}
		r.at++
	}
	return r
}

// next reads the next row, or returns io.EOF.
func (r *sampleReader) next(sample *Sample) error {
	if r.at == r.to {
		return io.EOF
	}
	var outcome [outcomeBytes]byte
	err := r.rows.read(&r.row)
	if err == nil {
		_, err = io.ReadFull(r.outcomes, outcome[:])
	}
	if err != nil {
		return fmt.Errorf("row %d for training: %w", r.at, err)
	}
	r.at++
	sample.readOutcome(outcome[:])
	if r.of.hidden != nil {
		r.of.hide(&r.row, &sample.Row)
	} else {
		sample.Row = r.row
	}
	return nil
}

// eachOutcome reads what came of all rows, in their order. The samples have no rows.
func (s *Samples) eachOutcome(visit func(i int, sample *Sample)) error {
	r := s.outcomes.reader(0)
	var sample Sample
	var outcome [outcomeBytes]byte
	for i := range s.settled {
		if _, err := io.ReadFull(r, outcome[:]); err != nil {
			return fmt.Errorf("row %d for training: %w", i, err)
		}
		sample.readOutcome(outcome[:])
		visit(i, &sample)
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
