package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Line is one line of a file.
type Line struct {
	Number int    // 1-based
	Text   []byte // without "\n" or "\r\n"; valid until the next line is read
	Long   bool   // longer than MaxLineBytes: Text is its first KeptBytes
}

// Blank reports whether the line holds nothing but spaces and tabs.
func (l Line) Blank() bool { return len(bytes.Trim(l.Text, " \t")) == 0 }

// FileSize returns the size in bytes of a regular file, as it is stored.
func FileSize(fsys fs.FS, name string) (int64, error) {
	info, err := stat(fsys, name)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Scan reads the file from its first to its last line and calls each for every one. An error
// of each ends the scan and is returned as it is. The unpacked bytes are written to hash.
// progress, unless nil, is told the stored bytes read so far, about once per MiB and at the
// end. Scan needs about 130 KiB plus the longest line, whatever the file holds.
//
// A file compressed with gzip is recognised by its first bytes, not its name. Errors: what
// fsys returns; ErrArchive for an archive, or what is not text; ErrNotRegular for a directory, pipe or device, which is not opened (as
// long as fsys implements fs.StatFS); ErrChanged if size or modification time are not
// what they were, or fewer or more bytes arrive; ErrTooLarge beyond MaxLines,
// MaxUnpackedBytes or MaxRatio; damaged gzip; the error of ctx.
func Scan(ctx context.Context, fsys fs.FS, name string, hash io.Writer, progress func(done int64), each func(Line) error) error {
	return scan(ctx, fsys, name, hash, progress, MaxLines, each)
}

func scan(ctx context.Context, fsys fs.FS, name string, hash io.Writer, progress func(done int64), maxLines int, each func(Line) error) (err error) {
	f, err := open(fsys, name, progress)
	if err != nil {
		return err
	}
	defer func() {
		if closing := f.file.Close(); err == nil && closing != nil {
			err = fmt.Errorf("close %s: %w", name, closing)
		}
	}()
	text, err := f.unpack()
	if err != nil {
		return f.explain(err)
	}
	lines := newLines(io.TeeReader(text, hash))
	for {
		line, err := lines.next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return f.unchanged()
		case ctx.Err() != nil:
			return fmt.Errorf("read %s: stopped at line %d: %w", name, lines.number+1, ctx.Err())
		case err != nil:
			return f.explain(err)
		}
		if line.Number > maxLines {
			return fmt.Errorf("%s has more than %d lines; split it: %w", name, maxLines, ErrTooLarge)
		}
		if err := each(line); err != nil {
			return err
		}
	}
}

// lines cuts a stream into lines.
type lines struct {
	r      *bufio.Reader
	number int
	buf    []byte
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns io.EOF after the last line, and the error of ctx once it has ended. A stream that ends without a line end has its
// remaining bytes, if any, as its last line.
func (l *lines) next(ctx context.Context) (Line, error) {
	l.buf = l.buf[:0]
	length := 0 // of the line so far, its end included
	var last [2]byte
	for {
		if err := ctx.Err(); err != nil {
			return Line{}, err
		}
		part, err := l.r.ReadSlice('\n')
		if room := MaxLineBytes + len("\r\n") - len(l.buf); room > 0 {
			l.buf = append(l.buf, part[:min(len(part), room)]...)
		}
		length += len(part)
		for _, b := range part[max(0, len(part)-2):] {
			last[0], last[1] = last[1], b
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && length > 0 {
			err = nil
		}
		if err != nil {
			return Line{}, err
		}
		break
	}
	l.number++
	end := 0
	switch {
	case last == [2]byte{'\r', '\n'}:
		end = 2
	case last[1] == '\n' || last[1] == '\r':
		end = 1
	}
	if length-end > MaxLineBytes {
		return Line{Number: l.number, Text: l.buf[:KeptBytes], Long: true}, nil
	}
	return Line{Number: l.number, Text: l.buf[:length-end]}, nil
}
