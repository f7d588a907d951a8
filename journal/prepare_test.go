package journal

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// spied makes disk count how often a name was given to a segment that had been filled.
func spied(disk *fsys.Mem) (began *atomic.Int64) {
	began = &atomic.Int64{}
	before := disk.Fail
	disk.Fail = func(op, name string) error {
		if op == "rename" && name == nextName {
			began.Add(1)
		}
		if before == nil {
			return nil
		}
		return before(op, name)
	}
	return began
}

// TestSegmentsAreFilled goes through many segments, in groups short and long, on a disk that
// forgets what was not synced and on a real one; a reader follows, and a crash comes at the end.
func TestSegmentsAreFilled(t *testing.T) {
	real, err := fsys.Dir(t.TempDir())
	ok(t, err)
	t.Cleanup(func() { ok(t, real.Close()) })
	mem := fsys.NewMem()
	began := spied(mem)
	for name, disk := range map[string]fsys.FS{"mem": mem, "os": real} {
		t.Run(name, func(t *testing.T) {
			const total = 20_000
			l, _ := startSized(t, disk, 256<<10)
			rng := rand.New(rand.NewPCG(7, 1))
			for l.Last() < total {
				n := 1 + rng.IntN(4)
				if rng.IntN(5) == 0 {
					n = 1 + rng.IntN(500) // up to 100 KB: longer than what goes to the disk past the memory
				}
				last := put(t, l, min(n, int(total-l.Last())))
				if rng.IntN(8) > 0 {
					ok(t, l.WaitDurable(t.Context(), last))
				}
			}
			ok(t, l.WaitDurable(t.Context(), total))
			if n, err := count(disk); err != nil || n != total {
				t.Fatalf("read up to %d beside the writer: %v", n, err)
			}
			if name == "mem" {
				if began.Load() < 5 {
					t.Errorf("%d segments were begun in a file that had been filled, of some %d", began.Load(), len(segmentsOf(t, disk)))
				}
				if n, err := count(mem.Crash(rng)); err != nil || n != total {
					t.Errorf("after a power cut: read up to %d, %v", n, err)
				}
			}
			ok(t, l.Close())
			if _, err := disk.Stat(nextName); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s after Close: %v, want none", nextName, err)
			}
			if report, err := openClose(disk); err != nil || report.Last != total {
				t.Fatalf("open again: %+v, %v", report, err)
			}
			if n, err := count(disk); err != nil || n != total {
				t.Fatalf("read up to %d afterwards: %v", n, err)
			}
		})
	}
}

// TestSmallJournalsTakeNoRoom: nothing is filled before a segment is half full.
func TestSmallJournalsTakeNoRoom(t *testing.T) {
	disk := fsys.NewMem()
	var filled atomic.Bool
	disk.Fail = func(_, name string) error {
		if name == nextName {
			filled.Store(true)
		}
		return nil
	}
	l, _ := startSized(t, disk, 1<<20)
	for range 10 {
		ok(t, l.WaitDurable(t.Context(), put(t, l, 100)))
	}
	ok(t, l.Close())
	if filled.Load() {
		t.Error("a segment was filled after the first fifth of the one before")
	}
}

// TestFillingMakesRoom: when the disk is full of zeros that were to be the next segment, they go
// first, and nobody is refused anything.
func TestFillingMakesRoom(t *testing.T) {
	disk := fsys.NewMem()
	var full, gone atomic.Bool
	disk.Fail = func(op, name string) error {
		switch {
		case op == "remove" && name == nextName:
			gone.Store(true)
		case op == "write" && strings.HasSuffix(name, ".seg") && full.Load() && !gone.Load():
			return syscall.ENOSPC
		}
		return nil
	}
	said := &reports{}
	l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes, Report: said.note})
	ok(t, err)
	for size := int64(0); size < minSizeBytes; size, _ = disk.Stat(nextName) { // 0 while there is none
		ok(t, l.WaitDurable(t.Context(), put(t, l, 1)))
	}
	full.Store(true)
	last := put(t, l, 2)
	ok(t, l.WaitDurable(t.Context(), last))
	ok(t, l.WaitDurable(t.Context(), put(t, l, 100)))
	ok(t, l.Close())
	if !gone.Load() || len(said.list) > 0 {
		t.Errorf("the zeros were given up: %t; reported: %q", gone.Load(), said.list)
	}
	if n, err := count(disk); err != nil || n != last+100 {
		t.Errorf("read up to %d, %v", n, err)
	}
}

// TestFillingFails: a disk that refuses to be filled holds nothing up.
func TestFillingFails(t *testing.T) {
	for _, op := range []string{"create", "write", "sync"} {
		disk := fsys.NewMem()
		disk.Fail = func(o, name string) error {
			if o == op && name == nextName {
				return syscall.EIO
			}
			return nil
		}
		began := spied(disk)
		l, _ := start(t, disk)
		for range 30 {
			ok(t, l.WaitDurable(t.Context(), put(t, l, 5)))
		}
		ok(t, l.Close())
		if n, err := count(disk); err != nil || n != 150 || began.Load() > 0 {
			t.Errorf("%s fails: read up to %d, %v; %d segments begun in what could not be filled", op, n, err, began.Load())
		}
	}
}

// TestFilledLeftover: what a crash leaves of a segment that was being filled is removed.
func TestFilledLeftover(t *testing.T) {
	disk, _, _ := build(t, 10, minSizeBytes)
	f, err := disk.Create(nextName)
	ok(t, err)
	_, err = f.Write(make([]byte, 100))
	ok(t, errors.Join(err, f.Close()))
	report, err := openClose(disk)
	ok(t, err)
	if len(report.Removed) != 1 || report.Removed[0] != nextName {
		t.Errorf("removed %q, want %s", report.Removed, nextName)
	}
	if _, err := disk.Stat(nextName); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// TestWaitEndsWithItsContext: whoever waits for a disk that stands still can give up.
func TestWaitEndsWithItsContext(t *testing.T) {
	disk, hold, begun, free := slowSyncs()
	l, _ := startSized(t, disk, 1<<20)
	hold.Store(true)
	first := put(t, l, 1)
	<-begun
	second := put(t, l, 1) // of the group that gathers
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, p := range []freshet.Position{first, second, second + 10} {
		wg.Go(func() {
			if err := l.WaitDurable(ctx, p); !errors.Is(err, context.Canceled) {
				t.Errorf("position %d: %v, want that the wait was given up", p, err)
			}
		})
	}
	cancel()
	wg.Wait() // the disk still stands
	if l.Durable() >= first {
		t.Errorf("position %d is durable and no sync has returned", l.Durable())
	}
	close(free)
	ok(t, l.WaitDurable(t.Context(), second))
}

// TestExpiredCountsRecords: room that waits for records is none of what is to be kept.
func TestExpiredCountsRecords(t *testing.T) {
	disk := fsys.NewMem()
	l, _ := startSized(t, disk, 64<<10)
	for len(segmentsOf(t, disk)) < 4 {
		ok(t, l.WaitDurable(t.Context(), put(t, l, 20)))
	}
	firsts := segmentsOf(t, disk)
	l.mu.Lock()
	end := l.durable.at.end
	l.mu.Unlock()
	if size, err := disk.Stat(segmentName(firsts[3])); err != nil || size < 2*end {
		t.Fatalf("the last segment has %d bytes, %v, of which %d are records: it was not filled", size, err, end)
	}
	for bytes, want := range map[int64]freshet.Position{end: firsts[3], end + 1: firsts[2]} {
		if got, err := l.Expired(Retention{Bytes: bytes}, clock()); err != nil || got != want {
			t.Errorf("keep %d bytes: from %d, %v, want %d", bytes, got, err, want)
		}
	}
}

// TestFilledButNoRoomToBegin: where a disk has no room to make a segment of what was filled, that is
// given up and the segment made without; nobody is refused anything.
func TestFilledButNoRoomToBegin(t *testing.T) {
	for _, step := range []string{"write", "rename"} {
		disk := fsys.NewMem()
		var full, gone atomic.Bool
		disk.Fail = func(op, name string) error {
			switch {
			case op == "remove" && name == nextName:
				gone.Store(true)
			case op == step && name == nextName && full.Load():
				return syscall.ENOSPC
			}
			return nil
		}
		said := &reports{}
		l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: 2 * minSizeBytes, BallastBytes: minSizeBytes, Report: said.note})
		ok(t, err)
		for size := int64(0); size < 2*minSizeBytes; size, _ = disk.Stat(nextName) { // 0 while there is none
			ok(t, l.WaitDurable(t.Context(), put(t, l, 1)))
		}
		full.Store(true)
		last := put(t, l, 100)
		ok(t, l.WaitDurable(t.Context(), last))
		if !gone.Load() || len(said.list) > 0 {
			t.Errorf("no room for a %s: the zeros were given up: %t; reported: %q", step, gone.Load(), said.list)
		}
		ok(t, l.Close())
		if n, err := count(disk); err != nil || n != last {
			t.Errorf("no room for a %s: read up to %d, %v", step, n, err)
		}
	}
}

// TestPagesKeepLittle: the memory in which a very long group was written is not kept.
func TestPagesKeepLittle(t *testing.T) {
	disk := fsys.NewMem()
	f, err := disk.Create("x")
	ok(t, err)
	direct, err := fsys.OpenDirect(disk, "x", f)
	ok(t, err)
	var p pages
	p.begin(direct, make([]byte, segmentHeaderBytes))
	const long = 3 * spareBytes
	off := int64(segmentHeaderBytes)
	for _, n := range []int{100, long, 100} {
		ok(t, p.write(f, make([]byte, n), off, 2*long))
		off += int64(n)
		if len(p.buffer) > spareBytes {
			t.Errorf("after a group of %d bytes %d are kept", n, len(p.buffer))
		}
	}
	ok(t, errors.Join(p.close(), f.Close()))
}
