package journal

import (
	"errors"
	"io"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// TestMakeRoom: while somebody makes room the ballast is not taken again, and afterwards it is.
func TestMakeRoom(t *testing.T) {
	disk := fsys.NewMem()
	full := tight(disk)
	l, _, err := Open(Options{FS: disk, Now: clock, BallastBytes: 4096, retry: time.Millisecond / 4})
	ok(t, err)
	ok(t, l.WaitDurable(t.Context(), put(t, l, 1)))
	full.Store(true)
	put(t, l, 1)
	for l.Full() == nil {
		time.Sleep(time.Millisecond)
	}
	done := l.MakeRoom()
	full.Store(false)
	time.Sleep(20 * time.Millisecond)
	if _, err := disk.Stat(ballastName); err == nil || l.Full() == nil {
		t.Errorf("the ballast has taken the room: %v, %v", err, l.Full())
	}
	done()
	done()
	for i := 0; l.Full() != nil; i++ {
		if i == 10_000 {
			t.Fatal("there is room, and the log stays full")
		}
		time.Sleep(time.Millisecond)
	}
	ok(t, l.WaitDurable(t.Context(), put(t, l, 1)))
	ok(t, l.Close())
}

// TestUntil: a reader ends where it is told to.
func TestUntil(t *testing.T) {
	disk, _, _ := build(t, 3, 1<<20)
	r, err := OpenReader(disk)
	ok(t, err)
	r.Until(4)
	ok(t, r.Seek(3))
	for _, want := range []uint64{3, 4} {
		if rec, err := r.Next(); err != nil || uint64(rec.Position) != want {
			t.Errorf("position %d, %v; want %d", rec.Position, err, want)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after it %v", err)
	}
	r.Until(5)
	if rec, err := r.Next(); err != nil || rec.Position != 5 {
		t.Errorf("then %d, %v", rec.Position, err)
	}
	ok(t, r.Close())
}

// TestFailureIsToldOnce, however many ask for what cannot come.
func TestFailureIsToldOnce(t *testing.T) {
	disk := fsys.NewMem()
	var broken atomic.Bool
	disk.Fail = func(op, _ string) error {
		if op == "sync" && broken.Load() {
			return errors.New("the disk is gone")
		}
		return nil
	}
	said := &reports{}
	l, _, err := Open(Options{FS: disk, Now: clock, Report: said.note})
	ok(t, err)
	broken.Store(true)
	last := put(t, l, 1)
	for range 5 {
		if err := l.WaitDurable(t.Context(), last); !errors.Is(err, ErrFailed) {
			t.Errorf("WaitDurable: %v", err)
		}
		if _, err := l.Append([]Record{sample(last)}); !errors.Is(err, ErrFailed) {
			t.Errorf("Append: %v", err)
		}
	}
	if err := l.Close(); !errors.Is(err, ErrFailed) {
		t.Errorf("Close: %v", err)
	}
	if len(said.list) != 1 {
		t.Errorf("told %q", said.list)
	}
}

// TestBallastIsNotForZeros: a segment that is begun in the room of the ballast takes none of it for
// what may come.
func TestBallastIsNotForZeros(t *testing.T) {
	disk := fsys.NewMem()
	var full atomic.Bool
	disk.Fail = func(op, name string) error {
		switch {
		case name == nextName:
			return syscall.EIO // nothing is filled beforehand
		case full.Load() && op == "remove" && name == ballastName:
			full.Store(false)
		case full.Load() && op == "write":
			return syscall.ENOSPC
		}
		return nil
	}
	l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: 256 << 10, BallastBytes: minSizeBytes, retry: time.Hour})
	ok(t, err)
	for n := int64(0); n < 255<<10; {
		ok(t, l.WaitDurable(t.Context(), put(t, l, 1)))
		l.mu.Lock()
		n = l.durable.at.end
		l.mu.Unlock()
	}
	full.Store(true)
	for last := put(t, l, 30); l.Durable() < last; {
		time.Sleep(time.Millisecond)
	}
	l.mu.Lock()
	at := l.durable.at
	l.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	if size, err := disk.Stat(segmentName(at.segment)); err != nil || size != at.end || at.segment == 1 || l.Full() == nil {
		t.Errorf("segment %d has %d bytes, %v, %d of them records; full: %v", at.segment, size, err, at.end, l.Full())
	}
	ok(t, l.Close())
}
