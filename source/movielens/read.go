package movielens

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// films is the configuration that suits ratings of films.
//
//go:embed films.yaml
var films []byte

// ErrNotMovieLens says that a folder has none of the layouts.
var ErrNotMovieLens = errors.New("not a MovieLens folder: it needs u.data, u.item and u.genre, or ratings.csv and movies.csv (each may end in .gz)")

// maxAhead is how far past now a rating's time may lie, as for any event.
const maxAhead = freshet.Minute

// Read reads the folder. now is the time of the import in Unix milliseconds: ratings of a
// later minute are refused. progress, unless nil, is told the stored bytes read so far and in
// all, about once per MiB and at the end of each file, on the calling goroutine.
//
// The ID is the SHA-256 over films, then ratings: `cat u.genre u.item u.data` or `cat
// movies.csv ratings.csv`, unpacked. u.user is not part of it: whether it is there changes nothing
// of the events. Errors: ErrNotMovieLens, a byte order mark, a header or
// u.genre that cannot be used, and those of file.Read. With an error there is no Import.
func Read(ctx context.Context, dir fs.FS, now int64, progress func(done, total int64)) (*source.Import, error) {
	layout, ok := Detect(dir)
	if !ok {
		return nil, ErrNotMovieLens
	}
	paths, err := layout.locate(dir)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", layout, err)
	}
	r := &reader{dir: dir, hash: sha256.New(), progress: progress, im: &source.Import{Config: films}}
	for _, path := range paths {
		size, err := source.FileSize(dir, path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", layout, err)
		}
		r.total += size
	}
	visitors := layout.locateUsers(dir)
	if visitors != "" {
		size, err := source.FileSize(dir, visitors)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", layout, err)
		}
		r.total += size
	}
	rows := ratingRows{now: now}
	if layout == Classic {
		var genres genreList
		err = r.scanAll(ctx, paths, genres.row, func(line []byte) (*codec.Problem, error) {
			return r.film(genres.film(line))
		}, func(line []byte) (*codec.Problem, error) {
			return r.rating(rows.tabbed(line))
		})
	} else {
		movies, ratings := table{want: movieColumns}, table{want: ratingColumns}
		err = r.scanAll(ctx, paths, movies.rows(func(fields []string) (*codec.Problem, error) {
			return r.film(listedFilm(fields))
		}), ratings.rows(func(fields []string) (*codec.Problem, error) {
			return r.rating(rows.event(fields[0], fields[1], fields[2], fields[3]))
		}))
	}
	if err == nil && visitors != "" {
		err = r.scan(ctx, visitors, io.Discard, func(line []byte) (*codec.Problem, error) {
			return r.user(barredUser(line))
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", layout, err)
	}
	r.im.Seal([sha256.Size]byte(r.hash.Sum(nil)))
	return r.im, nil
}

// reader reads the files of one folder into one import.
type reader struct {
	dir      fs.FS
	hash     hash.Hash
	done     int64 // stored bytes of the files before the present one
	total    int64
	progress func(done, total int64)
	im       *source.Import

	file string // the present place
	line int
}

// row takes one line that is neither blank nor too long. It returns what is wrong with the
// line, or an error that ends the import.
type row func(line []byte) (*codec.Problem, error)

// scanAll reads each file with the row function in the same place.
func (r *reader) scanAll(ctx context.Context, paths []string, rows ...row) error {
	for i, path := range paths {
		if err := r.scan(ctx, path, r.hash, rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// scan reads one file; what it holds goes to hash too.
func (r *reader) scan(ctx context.Context, path string, hash io.Writer, row row) error {
	size, err := source.FileSize(r.dir, path)
	if err != nil {
		return err
	}
	r.file = path
	if err := source.Scan(ctx, r.dir, path, hash, r.report, func(line source.Line) error {
		return r.take(line, row)
	}); err != nil {
		return err
	}
	r.done += size
	return nil
}

func (r *reader) report(done int64) {
	if r.progress != nil {
		r.progress(r.done+done, r.total)
	}
}

var byteOrderMark = []byte("\uFEFF")

func (r *reader) take(line source.Line, row row) error {
	r.im.Lines++
	r.line = line.Number
	var problem *codec.Problem
	switch {
	case line.Long:
		problem = &codec.Problem{Code: codec.CodeTooLong, Message: fmt.Sprintf("the line is longer than %d bytes", source.MaxLineBytes)}
	case line.Blank():
		return nil
	case line.Number == 1 && bytes.HasPrefix(line.Text, byteOrderMark):
		return fmt.Errorf("%s:1: the file begins with a byte order mark, so it is not as it was published; save it without", r.file)
	default:
		var err error
		if problem, err = row(line.Text); err != nil {
			return fmt.Errorf("%s:%d: %w", r.file, line.Number, err)
		}
	}
	if problem == nil {
		return nil
	}
	problem.Line = line.Number
	return r.im.Refuse(source.Refused{Problem: *problem, File: r.file, Raw: line.Text, Cut: line.Long})
}

// film keeps a film unless something is wrong with it.
func (r *reader) film(item freshet.Item, problem *codec.Problem) (*codec.Problem, error) {
	if problem == nil {
		// The limits on items are those of every other way in.
		if _, problems := codec.DecodeItem(codec.AppendItem(nil, &item)); len(problems) > 0 {
			problem = &problems[0]
			problem.Pointer = "" // it points into our JSON, not into the row
		}
	}
	if problem == nil {
		r.im.Items = append(r.im.Items, item)
	}
	return problem, nil
}

// user keeps a user unless something is wrong with it.
func (r *reader) user(user freshet.User, problem *codec.Problem) (*codec.Problem, error) {
	if problem == nil {
		if _, problems := codec.DecodeUser(codec.AppendUser(nil, &user)); len(problems) > 0 {
			problem = &problems[0]
			problem.Pointer = ""
		}
	}
	if problem == nil {
		r.im.Users = append(r.im.Users, user)
	}
	return problem, nil
}

// rating keeps an event unless something is wrong with it.
func (r *reader) rating(event freshet.Event, problem *codec.Problem) (*codec.Problem, error) {
	if problem == nil {
		r.im.Events = append(r.im.Events, source.Event{Event: event, File: r.file, Line: r.line})
	}
	return problem, nil
}
