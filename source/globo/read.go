package globo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// ErrNotGlobo says that a folder has no file of clicks.
var ErrNotGlobo = errors.New("not a folder of Globo clicks: it needs files clicks_….csv (each may end in .gz)")

// Read reads the folder, its files by name. now is the time of the import in Unix
// milliseconds: clicks of a later minute are refused. progress, unless nil, is told the
// stored bytes read so far and in all, about once per MiB and at the end of each file, on the
// calling goroutine.
//
// The ID is the SHA-256 over the files one after the other, unpacked. Errors: ErrNotGlobo, a
// header that cannot be used, and those of file.Read. With an error there is no Import.
func Read(ctx context.Context, dir fs.FS, now int64, progress func(done, total int64)) (*source.Import, error) {
	paths, err := locate(dir)
	if err != nil {
		return nil, fmt.Errorf("read clicks: %w", err)
	}
	if len(paths) == 0 {
		return nil, ErrNotGlobo
	}
	var done, total int64
	sizes := make([]int64, len(paths))
	for i, path := range paths {
		if sizes[i], err = source.FileSize(dir, path); err != nil {
			return nil, fmt.Errorf("read clicks: %w", err)
		}
		total += sizes[i]
	}
	im, hash, rows := &source.Import{}, sha256.New(), clicks{now: now}
	for i, path := range paths {
		report := func(part int64) {
			if progress != nil {
				progress(done+part, total)
			}
		}
		err := source.Scan(ctx, dir, path, hash, report, func(line source.Line) error { return take(im, &rows, path, line) })
		if err != nil {
			return nil, fmt.Errorf("read clicks: %w", err)
		}
		done += sizes[i]
	}
	im.Seal([sha256.Size]byte(hash.Sum(nil)))
	return im, nil
}

// byteOrderMark is U+FEFF in UTF-8.
var byteOrderMark = []byte("\uFEFF")

// take puts one line where it belongs. The first one is the header.
func take(im *source.Import, rows *clicks, path string, line source.Line) error {
	im.Lines++
	var problem *codec.Problem
	switch {
	case line.Number == 1:
		if bytes.HasPrefix(line.Text, byteOrderMark) {
			return fmt.Errorf("%s:1: the file begins with a byte order mark, so it is not as it was published; save it without", path)
		}
		if err := rows.header(line.Text); err != nil {
			return fmt.Errorf("%s:1: %w", path, err)
		}
		return nil
	case line.Long:
		problem = &codec.Problem{Code: codec.CodeTooLong, Message: fmt.Sprintf("the line is longer than %d bytes", source.MaxLineBytes)}
	case line.Blank():
		return nil
	default:
		event, bad := rows.row(line.Text)
		if bad == nil {
			im.Events = append(im.Events, source.Event{Event: event, File: path, Line: line.Number})
			return nil
		}
		problem = bad
	}
	problem.Line = line.Number
	return im.Refuse(source.Refused{Problem: *problem, File: path, Raw: line.Text, Cut: line.Long})
}
