package journal

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
)

// tight makes a disk that is full whenever full says so, but for the room of a ballast given up.
func tight(disk *fsys.Mem) (full *atomic.Bool) {
	full = &atomic.Bool{}
	var roomy atomic.Bool
	disk.Fail = func(op, name string) error {
		switch {
		case op == "remove" && name == ballastName:
			roomy.Store(true)
		case !full.Load() || op != "write" && op != "create" || name == markName: // the mark takes no more room
		case name == ballastName || !roomy.Load():
			return syscall.ENOSPC
		}
		if !full.Load() {
			roomy.Store(false)
		}
		return nil
	}
	return full
}

// reports keeps what a log reported.
type reports struct {
	mu   sync.Mutex
	list []string
}

func (r *reports) note(msg string, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, msg)
}

// TestGoalDiskFull fills the disk under a log again and again. What was taken is made safe in the
// room of the ballast, nothing new is taken, what is there can be read; and when there is room the
// log goes on by itself.
func TestGoalDiskFull(t *testing.T) {
	g := goal.Begin(t, "G20", "0 acknowledged lost, refused cleanly, heals by itself", goal.Sizes{Quick: 20, CI: 300})
	for seed := g.Seed(); g.More(); seed++ {
		rng := rand.New(rand.NewPCG(seed, 20))
		disk := fsys.NewMem()
		full := tight(disk)
		said := &reports{}
		ballast := int64(rng.IntN(2)) * 8192
		l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes, BallastBytes: ballast, retry: time.Millisecond / 4, Report: said.note})
		ok(t, err)
		for range 3 {
			ok(t, l.WaitDurable(t.Context(), put(t, l, 1+rng.IntN(8))))
			acked := l.Durable()
			full.Store(true)
			// With a ballast the group that finds the disk full is safe, without one it waits.
			recs := []Record{sample(l.Last() + 1), sample(l.Last() + 2)}
			last, err := l.Append(recs)
			ok(t, err)
			refused := false
			for !refused {
				_, err = l.Append([]Record{sample(l.Last() + 1)})
				refused = errors.Is(err, ErrNoSpace)
				if err == nil {
					last++
				} else if !refused {
					t.Fatalf("a full disk: %v", err)
				}
				time.Sleep(100 * time.Microsecond)
			}
			if err := l.Err(); err != nil || l.Full() == nil {
				t.Fatalf("failed %v, full %v", err, l.Full())
			}
			if err := l.WaitRoom(t.Context()); !errors.Is(err, ErrNoSpace) {
				t.Fatalf("WaitRoom: %v", err)
			}
			if ballast == 0 {
				if err := l.WaitDurable(t.Context(), last); !errors.Is(err, ErrNoSpace) {
					t.Fatalf("waited for what has no room: %v", err)
				}
			}
			if n, err := count(disk.Clone()); err != nil || n < acked {
				t.Fatalf("%d of %d records can be read: %v", n, acked, err)
			}
			if err := recovers(disk.Crash(rng), acked, last); err != nil {
				t.Fatalf("a power cut while the disk is full: %v", err)
			}
			full.Store(false)
			for i := 0; l.Full() != nil; i++ {
				if i == 10_000 {
					t.Fatal("there is room, and the log stays full")
				}
				time.Sleep(time.Millisecond)
			}
			ok(t, l.WaitDurable(t.Context(), last))
			if n, err := disk.Stat(ballastName); ballast > 0 && (err != nil || n != ballast) {
				t.Fatalf("the ballast has %d bytes again, %v", n, err)
			}
			if err := recovers(disk.Crash(rng), last, last); err != nil {
				t.Fatalf("after there was room again: %v", err)
			}
			g.Add(1)
		}
		ok(t, l.Close())
		if len(said.list) != 6 || !strings.Contains(said.list[0], "full") || !strings.Contains(said.list[5], "again") {
			t.Errorf("reported %q", said.list)
		}
	}
	g.End("0 lost")
}

// TestClosedWhileFull: what was never safe is given up, and that is said.
func TestClosedWhileFull(t *testing.T) {
	disk := fsys.NewMem()
	full := tight(disk)
	l, _, err := Open(Options{FS: disk, Now: clock, retry: time.Millisecond})
	ok(t, err)
	acked := put(t, l, 3)
	ok(t, l.WaitDurable(t.Context(), acked))
	full.Store(true)
	put(t, l, 2)
	for l.Full() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := l.Close(); !errors.Is(err, ErrFailed) || !fsys.IsNoSpace(err) {
		t.Errorf("Close: %v", err)
	}
	full.Store(false)
	if report, err := openClose(disk); err != nil || report.Last < acked || report.Last > acked+2 {
		t.Errorf("after it %+v, %v", report, err)
	}
}

// TestOpenOnAFullDisk: what is there can be read, and there is no room for more.
func TestOpenOnAFullDisk(t *testing.T) {
	disk, _, _ := build(t, 3, 1<<20)
	disk = disk.Clone()
	full := tight(disk)
	full.Store(true)
	l, report, err := Open(Options{FS: disk, Now: clock, BallastBytes: 4096, retry: time.Millisecond})
	if err != nil || report.Last != 9 {
		t.Fatalf("%+v, %v", report, err)
	}
	if _, err := l.Append([]Record{sample(10)}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("Append: %v", err)
	}
	full.Store(false)
	for l.Full() != nil {
		time.Sleep(time.Millisecond)
	}
	ok(t, l.WaitDurable(t.Context(), put(t, l, 1)))
	ok(t, l.Close())
}

// TestRelaxed acknowledges what is written; the sync follows by itself. A power cut leaves a
// whole journal, maybe a shorter one. Time is that of the test, and stands still until somebody
// waits for the sync.
func TestRelaxed(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	lost := false
	for range 30 {
		synctest.Test(t, func(t *testing.T) {
			disk := fsys.NewMem()
			var syncs atomic.Int64
			disk.Fail = func(op, name string) error {
				if op == "sync" && strings.HasSuffix(name, ".seg") {
					syncs.Add(1)
				}
				return nil
			}
			l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes, Relaxed: true})
			ok(t, err)
			before := syncs.Load()
			var told atomic.Uint64
			l.OnSafe(func(p freshet.Position) { told.Store(uint64(p)) })
			for range 5 {
				last := put(t, l, 1)
				ok(t, l.WaitSafe(t.Context(), last))
				if l.Safe() < last {
					t.Fatalf("%d is safe, after waiting for %d", l.Safe(), last)
				}
			}
			if n := syncs.Load() - before; n > 0 {
				t.Errorf("%d syncs for 5 records in a row", n)
			}
			proved := l.Durable()
			image := disk.Crash(rng)
			n, err := count(image)
			if err != nil || n < proved {
				t.Fatalf("after a power cut %d records are read, %d were durable: %v", n, proved, err)
			}
			lost = lost || n < 5
			if err := recovers(image, proved, 5); err != nil {
				t.Fatal(err)
			}
			ok(t, l.WaitDurable(t.Context(), 5))
			if syncs.Load() == before {
				t.Error("durable without a sync")
			}
			ok(t, l.Close())
			if told.Load() != 5 {
				t.Errorf("told of %d", told.Load())
			}
			if n, err := count(disk.Clone()); err != nil || n != 5 {
				t.Errorf("after Close %d records, %v", n, err)
			}
		})
	}
	if !lost {
		t.Error("no power cut took anything: it is not relaxed")
	}
}
