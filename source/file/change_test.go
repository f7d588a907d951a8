package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/source"
)

// A file on a real disk that is changed by somebody while it is read gives no import.
func TestReadOfAFileThatChangesUnderneath(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 { // over 3 MiB
		b.WriteString(click("ada", "b-1", 1_700_000_000+i) + "\n")
	}
	text := []byte(b.String())
	for name, change := range map[string]func(path string) error{
		"is cut":           func(path string) error { return os.Truncate(path, 1<<20) },
		"is emptied":       func(path string) error { return os.Truncate(path, 0) },
		"grows":            func(path string) error { return appendTo(path, "{}\n") },
		"is written over":  func(path string) error { return os.WriteFile(path, text, 0o600) },
		"vanishes":         os.Remove,
		"becomes a folder": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "in")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			// So that writing it over now changes its time, however coarse the clock of the disk.
			if err := os.Chtimes(path, time.Time{}, time.Unix(1_700_000_000, 0)); err != nil {
				t.Fatal(err)
			}
			changed := false
			im, err := Read(context.Background(), os.DirFS(dir), "in", &rules, func(done, total int64) {
				if !changed && done < total {
					changed = true
					if err := change(path); err != nil {
						t.Fatal(err)
					}
				}
			})
			if !changed || im != nil || !errors.Is(err, source.ErrChanged) {
				t.Errorf("changed %v, import %v, error %v", changed, im != nil, err)
			}
		})
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// endless is a file system whose one file holds a line of x of a size, and then a good line.
type endless struct{ size int64 }

const goodLine = "\n" + `{"user_id":"ada","item_id":"b-1","event":"click","ts":1700000000}` + "\n"

func (e endless) Stat(string) (fs.FileInfo, error) { return e, nil }
func (e endless) Open(string) (fs.File, error) {
	return &endlessFile{endless: e, left: e.size, tail: strings.NewReader(goodLine)}, nil
}

func (e endless) Name() string     { return "in" }
func (e endless) Size() int64      { return e.size + int64(len(goodLine)) }
func (endless) Mode() fs.FileMode  { return 0o600 }
func (endless) ModTime() time.Time { return time.Time{} }
func (endless) IsDir() bool        { return false }
func (endless) Sys() any           { return nil }

type endlessFile struct {
	endless
	left int64
	tail io.Reader
}

func (f *endlessFile) Stat() (fs.FileInfo, error) { return f.endless, nil }
func (f *endlessFile) Close() error               { return nil }

var manyX = []byte(strings.Repeat("x", 64<<10))

func (f *endlessFile) Read(p []byte) (int, error) {
	if f.left == 0 {
		return f.tail.Read(p)
	}
	n := copy(p, manyX[:min(int64(len(manyX)), f.left)])
	f.left -= int64(n)
	return n, nil
}

// A line of 1 GiB costs itself, and no more memory than one of 1 MiB.
func TestALineOf1GiBCostsOnlyItself(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	im, err := Read(context.Background(), endless{size: 1 << 30}, "in", &rules, nil)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if got := told(im); got != "2 u:ada click b-1, refused 1 too_long" {
		t.Errorf("got %s", got)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("%d bytes allocated", allocated)
	}
}
