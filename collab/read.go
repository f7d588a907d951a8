package collab

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Rows is a file of who took what: line after line a user's number and the items.
type Rows struct {
	Users []uint32   // as named, in the order of the lines, none twice
	Items [][]uint32 // of each user, none twice, in the order of the line
	Pairs int        // all items of all users
}

// MaxNumber bounds users and items of files: memory grows with the greatest item number.
const MaxNumber = 1<<26 - 1

// maxLineBytes bounds a line: a user with a million items takes some 8 MB.
const maxLineBytes = 64 << 20

// FileError is a fault of a file of rows.
type FileError struct {
	File string
	Line int // from 1; 0 for the file as a whole
	Err  error
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// ReadRows reads lines of a user and items, numbers of 0 to MaxNumber with blanks between, plain or
// gzip, which it tells apart by the first bytes. Empty lines are passed over; a user without items is
// a row. Every fault is a *FileError: what is no such number, an item or a user that comes twice, a
// line that is too long, damaged gzip, and a file without any row. file names the file in errors.
func ReadRows(r io.Reader, file string) (*Rows, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	var text io.Reader = buffered
	if magic, err := buffered.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, &FileError{File: file, Err: fmt.Errorf("read gzip: %w", err)}
		}
		text = z
	}
	rows := &Rows{}
	users := map[uint32]int{}     // the line of each
	seen := map[uint32]struct{}{} // items of the line
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, maxLineBytes)
	line := 0
	for lines.Scan() {
		line++
		fields := bytes.Fields(lines.Bytes())
		if len(fields) == 0 {
			continue
		}
		fail := func(format string, args ...any) error {
			return &FileError{File: file, Line: line, Err: fmt.Errorf(format, args...)}
		}
		user, err := number(fields[0])
		if err != nil {
			return nil, fail("user %w", err)
		}
		if first, twice := users[user]; twice {
			return nil, fail("user %d was in line %d already", user, first)
		}
		users[user] = line
		clear(seen)
		items := make([]uint32, 0, len(fields)-1)
		for k, field := range fields[1:] {
			item, err := number(field)
			if err != nil {
				return nil, fail("field %d: item %w", k+2, err)
			}
			if _, twice := seen[item]; twice {
				return nil, fail("field %d: item %d is in this line twice", k+2, item)
			}
			seen[item] = struct{}{}
			items = append(items, item)
		}
		rows.Users, rows.Items = append(rows.Users, user), append(rows.Items, items)
		rows.Pairs += len(items)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &FileError{File: file, Line: line + 1, Err: fmt.Errorf("a line of more than %d bytes", maxLineBytes)}
	case err != nil:
		return nil, &FileError{File: file, Line: line + 1, Err: fmt.Errorf("read: %w", err)}
	case len(rows.Users) == 0:
		return nil, &FileError{File: file, Err: errors.New("no line has a user; lines are a user and items, numbers with blanks between")}
	}
	return rows, nil
}

// number reads a number of 0 to MaxNumber.
func number(field []byte) (uint32, error) {
	n, err := strconv.ParseUint(string(field), 10, 64)
	if err != nil || n > MaxNumber {
		if len(field) > 40 {
			field = append(append([]byte{}, field[:40]...), "…"...)
		}
		return 0, fmt.Errorf("%q is no number of 0 to %d", field, MaxNumber)
	}
	return uint32(n), nil
}

// Problem is a train part as a matrix, whose users are the lines of its file, and what each of these
// users is wanted to be recommended.
type Problem struct {
	Train  *Matrix
	Wanted [][]uint32 // by user; none for those without a line in the test part
}

// NewProblem brings a train and a test part together. The catalogue is 0 to the greatest item of
// either. An item of a user in both parts is an error, and so is a user of the test part who is not
// in the train part.
func NewProblem(train, test *Rows) (*Problem, error) {
	items := 0
	for _, rows := range []*Rows{train, test} {
		for _, row := range rows.Items {
			for _, i := range row {
				items = max(items, int(i)+1)
			}
		}
	}
	m, err := NewMatrix(train.Items, items)
	if err != nil {
		return nil, err
	}
	if train.Pairs == 0 || test.Pairs == 0 {
		return nil, fmt.Errorf("%d pairs to train on and %d to test on; both are needed", train.Pairs, test.Pairs)
	}
	p := &Problem{Train: m, Wanted: make([][]uint32, m.Users)}
	place := make(map[uint32]int, len(train.Users))
	for row, user := range train.Users {
		place[user] = row
	}
	for k, user := range test.Users {
		row, known := place[user]
		if !known {
			return nil, fmt.Errorf("user %d of the test part is not in the train part", user)
		}
		taken := map[uint32]bool{}
		for _, i := range train.Items[row] {
			taken[i] = true
		}
		for _, i := range test.Items[k] {
			if taken[i] {
				return nil, fmt.Errorf("user %d has item %d in both parts", user, i)
			}
		}
		p.Wanted[row] = test.Items[k]
	}
	return p, nil
}
