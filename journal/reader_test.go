package journal

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// TestReaderBesideWriter follows a log through many segments while it is written.
func TestReaderBesideWriter(t *testing.T) {
	real, err := fsys.Dir(t.TempDir())
	ok(t, err)
	t.Cleanup(func() { ok(t, real.Close()) })
	for name, disk := range map[string]fsys.FS{"mem": fsys.NewMem(), "os": real} {
		t.Run(name, func(t *testing.T) {
			const total = 3000
			l, _ := startSized(t, disk, 4*minSizeBytes)
			var wg sync.WaitGroup
			for range 3 {
				r, err := OpenReader(disk)
				ok(t, err)
				wg.Go(func() {
					for next := freshet.Position(1); next <= total; {
						record, err := r.Next()
						if errors.Is(err, io.EOF) {
							runtime.Gosched()
							continue
						}
						if err == nil {
							err = same(record, next)
						}
						if err != nil {
							t.Errorf("at %d: %v", next, err)
							break
						}
						next++
					}
					if err := r.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			rng := rand.New(rand.NewPCG(1, 1))
			for l.Last() < total {
				last := put(t, l, min(int(total-l.Last()), 1+rng.IntN(12)))
				if rng.IntN(3) == 0 {
					ok(t, l.WaitDurable(t.Context(), last))
				}
			}
			ok(t, l.WaitDurable(t.Context(), total))
			wg.Wait()
			ok(t, l.Close())
		})
	}
}

// TestReaderStopsAtTheMark reads while nothing new can become durable.
func TestReaderStopsAtTheMark(t *testing.T) {
	disk, free := fsys.NewMem(), make(chan struct{})
	var hold atomic.Bool
	disk.Fail = func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".seg") && hold.Load() {
			<-free
		}
		return nil
	}
	l, _ := start(t, disk)
	ok(t, l.WaitDurable(t.Context(), put(t, l, 2)))
	r, err := OpenReader(disk)
	ok(t, err)
	next := func() freshet.Position {
		t.Helper()
		record, err := r.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		return record.Position
	}
	if got := next(); got != 1 { // the reader has now seen the file end after record 2
		t.Fatalf("read %d, want 1", got)
	}
	hold.Store(true)
	ok(t, l.WaitWritten(t.Context(), put(t, l, 2)))
	ok(t, l.WaitWritten(t.Context(), put(t, l, 1)))
	for _, want := range []freshet.Position{2, 0, 0} {
		if got := next(); got != want {
			t.Fatalf("read %d, want %d", got, want)
		}
	}
	close(free)
	ok(t, l.WaitDurable(t.Context(), 5))
	for _, want := range []freshet.Position{3, 4, 5, 0} {
		if got := next(); got != want {
			t.Fatalf("read %d, want %d", got, want)
		}
	}
	ok(t, r.Close())
	ok(t, l.Close())
}

func TestSeek(t *testing.T) {
	disk, _, _ := build(t, 24, minSizeBytes)
	r, err := OpenReader(disk)
	ok(t, err)
	for _, p := range []freshet.Position{72, 1, 40, 41, 39, 2, 73, 1000, 5} {
		ok(t, r.Seek(p))
		record, err := r.Next()
		if p > 72 {
			if !errors.Is(err, io.EOF) {
				t.Errorf("Seek(%d): %d, %v", p, record.Position, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("Seek(%d): %v", p, err)
		} else if err := same(record, p); err != nil {
			t.Error(err)
		}
	}
	if err := r.Seek(0); err == nil {
		t.Error("Seek(0): no error")
	}
	if r.Durable() != 72 {
		t.Errorf("durable %d, want 72", r.Durable())
	}
	ok(t, r.Close())
}

// TestReaderChangesNothing reads a log whose writer was killed, marks and tail as they were.
func TestReaderChangesNothing(t *testing.T) {
	disk, ends, marks := build(t, 9, 1<<20)
	overwrite(t, disk, markName, marks[5])
	disk.Fail = func(op, name string) error {
		switch op {
		case "open", "read", "size", "stat", "readdir", "close":
			return nil
		}
		return errors.New("a reader may not " + op + " " + name)
	}
	// The mark says 18, the last group's own mark says that the one before it was durable.
	if n, err := count(disk); err != nil || n != ends[7].position {
		t.Errorf("%d records, %v, want %d", n, err, ends[7].position)
	}
}

func TestNoJournal(t *testing.T) {
	if _, err := OpenReader(fsys.NewMem()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenReader of nothing: %v", err)
	}
}

// TestReaderPassesOnErrorsOfTheDisk fails each operation of a reader in turn, once: the error is
// that of the disk and never taken for damage, and the next call goes on where it was.
func TestReaderPassesOnErrorsOfTheDisk(t *testing.T) {
	disk := fsys.NewMem()
	l, _ := start(t, disk)
	read := func(failAt int) (steps, failures int) {
		t.Helper()
		image, step := disk.Clone(), 0
		image.Fail = func(op, name string) error {
			if op == "close" {
				return nil
			}
			if step++; step == failAt {
				return syscall.EIO
			}
			return nil
		}
		r, err := OpenReader(image)
		if errors.Is(err, syscall.EIO) {
			return step, 1
		}
		ok(t, err)
		n := freshet.Position(0)
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if errors.Is(err, syscall.EIO) {
				if failures++; failures > 1 {
					t.Fatalf("step %d: told twice", failAt)
				}
				continue
			}
			if err != nil {
				t.Fatalf("step %d: %v", failAt, err)
			}
			n++
			ok(t, same(rec, n))
		}
		if n != 60 {
			t.Fatalf("step %d: %d records", failAt, n)
		}
		ok(t, r.Close())
		return step, failures
	}
	ok(t, l.WaitDurable(t.Context(), put(t, l, 20)))
	ok(t, l.WaitDurable(t.Context(), put(t, l, 20)))
	ok(t, l.WaitDurable(t.Context(), put(t, l, 20)))
	total, _ := read(0)
	told := 0
	for at := 1; at <= total; at++ {
		_, failures := read(at)
		told += failures
	}
	if told < total*3/4 {
		t.Errorf("of %d failures %d were told", total, told)
	}
}
