package journal

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// recovers opens what a crash left and checks that records 1 to n are there for some n between
// acked and appended, that they are all readable, and that the log goes on from there.
func recovers(image *fsys.Mem, acked, appended freshet.Position) (err error) {
	if _, err := count(image); err != nil && !isMissing(err) {
		return fmt.Errorf("read before recovery: %w", err)
	}
	l, report, err := Open(Options{FS: image, Now: clock, SegmentBytes: minSizeBytes})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if report.Last < acked || report.Last > appended || report.Proved > report.Last {
		return fmt.Errorf("%d records recovered, %d proved, %d were acknowledged and %d appended", report.Last, report.Proved, acked, appended)
	}
	if report.CutBytes > 0 && (report.CutFile == "" || report.CutZeros > report.CutBytes) {
		return fmt.Errorf("cut badly reported: %+v", report)
	}
	if n, err := count(image); err != nil || n != report.Last {
		return fmt.Errorf("%d of %d records read: %w", n, report.Last, err)
	}
	next := sample(report.Last + 1)
	last, err := l.Append([]Record{next})
	if err != nil || last != report.Last+1 {
		return fmt.Errorf("append after recovery: position %d, %w", last, err)
	}
	return nil
}

// isMissing is the error of a reader before the journal was made.
func isMissing(err error) bool { return errors.Is(err, syscall.ENOENT) || errors.Is(err, errNotExist) }

// TestPowerCuts cuts the power at random file operations of a busy log, and again at random
// operations of the recovery. Nothing durable may be lost, nothing invented, and no cut may look
// like damage.
func TestPowerCuts(t *testing.T) {
	images, cuts, again, enough := 0, 0, 0, 2000
	if raceDetector {
		enough = 300
	}
	for seed := uint64(0); images < enough || again < enough/2; seed++ {
		rng, load := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
		disk := fsys.NewMem()
		var live atomic.Pointer[Log]
		var appended atomic.Uint64
		var hook sync.Mutex
		var inHook atomic.Bool
		disk.Fail = func(op, name string) error {
			hook.Lock()
			defer hook.Unlock()
			if rng.IntN(4) != 0 || t.Failed() || inHook.Load() {
				return nil
			}
			var acked freshet.Position
			if l := live.Load(); l != nil {
				acked = l.Durable()
			}
			image := disk.Crash(rng)
			upTo := freshet.Position(appended.Load())
			images++
			second := image.Clone()
			second.Fail = func(string, string) error {
				if rng.IntN(12) == 0 {
					again++
					if err := recovers(second.Crash(rng), acked, upTo+1); err != nil {
						t.Errorf("seed %d, second cut after the one at %s %s: %v", seed, op, name, err)
					}
				}
				return nil
			}
			before := cutBytes(image)
			if before > 0 {
				cuts++
			}
			if err := recovers(image, acked, upTo); err != nil {
				t.Errorf("seed %d, cut at %s %s: %v", seed, op, name, err)
			}
			if rng.IntN(4) == 0 {
				l, _, err := Open(Options{FS: second, Now: clock, SegmentBytes: minSizeBytes})
				if err == nil {
					err = l.Close()
				}
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			return nil
		}
		l, _ := start(t, disk)
		live.Store(l)
		for range 12 {
			n := 1 + load.IntN(5)
			appended.Add(uint64(n))
			last := put(t, l, n)
			if seed%3 > 0 {
				ok(t, l.WaitDurable(t.Context(), last))
			}
		}
		ok(t, l.Close())
		inHook.Store(true)
		if t.Failed() {
			t.FailNow()
		}
	}
	if cuts < enough/50 {
		t.Errorf("of %d images only %d had a torn end, %d second cuts", images, cuts, again)
	}
	t.Logf("%d images, %d with a torn end, %d more cut during recovery", images, cuts, again)
}

// cutBytes is how much recovery of a copy would cut.
func cutBytes(image *fsys.Mem) int64 {
	copied := image.Clone()
	if copied.MkdirAll(dirName) != nil {
		return 0
	}
	v, err := verify(copied)
	if err != nil {
		return 0
	}
	return v.report.CutBytes
}

// TestDiskErrors fails each file operation of a run in turn, for good and once only, and checks
// that no acknowledgement was false and that a restart finds everything acknowledged, whether
// the machine went down or not.
func TestDiskErrors(t *testing.T) {
	run := func(fail func(step int, op string) error) (disk *fsys.Mem, steps int, acked freshet.Position, failed bool) {
		disk = fsys.NewMem()
		var step atomic.Int64
		var off atomic.Bool
		disk.Fail = func(op, name string) error {
			if off.Load() {
				return nil
			}
			return fail(int(step.Add(1)), op)
		}
		l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes})
		if err == nil {
			for range 12 {
				recs := make([]Record, 3)
				from := l.Last()
				for i := range recs {
					recs[i] = sample(from + freshet.Position(i) + 1)
				}
				last, err := l.Append(recs)
				if err == nil {
					err = l.WaitDurable(t.Context(), last)
				}
				if err != nil {
					if !errors.Is(err, ErrFailed) || l.Err() == nil || l.Durable() > acked+3 {
						t.Errorf("after an error of the disk: %v, Err %v, durable %d", err, l.Err(), l.Durable())
					}
					if _, err := l.Append(recs); !errors.Is(err, ErrFailed) {
						t.Errorf("Append after the failure: %v", err)
					}
					if err := l.WaitRoom(t.Context()); !errors.Is(err, ErrFailed) {
						t.Errorf("WaitRoom after the failure: %v", err)
					}
					failed = true
					break
				}
				acked = last
			}
			if err := l.Close(); err != nil {
				failed = true
			} else if failed {
				t.Error("Close of a failed log returned nil")
			}
		} else {
			failed = true
		}
		off.Store(true)
		return disk, int(step.Load()), acked, failed
	}
	_, total, acked, failed := run(func(int, string) error { return nil })
	if failed || acked != 36 || total < 60 {
		t.Fatalf("without faults: failed %v, %d acked in %d steps", failed, acked, total)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for name, cause := range map[string]error{"EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC, "short write": io.ErrShortWrite} {
		for _, forGood := range []bool{true, false} {
			refused := 0
			step := 1
			if raceDetector {
				step = 5
			}
			for at := 1; at <= total; at += step {
				disk, _, acked, failed := run(func(step int, op string) error {
					if step == at || (forGood && step > at && op != "read" && op != "close") {
						return cause
					}
					return nil
				})
				if failed {
					refused++
				}
				about := fmt.Sprintf("%s at step %d, for good %v", name, at, forGood)
				for range 2 {
					if err := recovers(disk.Crash(rng), acked, 36); err != nil {
						t.Fatalf("%s, then a power cut: %v", about, err)
					}
				}
				// The same machine goes on: what its memory holds is acknowledged anew, so from then
				// on it must survive even if the failed sync never wrote it.
				l, report, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes})
				if err != nil || report.Last < acked {
					t.Fatalf("%s: reopened with %d of %d records: %v", about, report.Last, acked, err)
				}
				for range 2 {
					if err := recovers(disk.Crash(rng), report.Last, report.Last); err != nil {
						t.Fatalf("%s, reopened, then a power cut: %v", about, err)
					}
				}
				more := put(t, l, 3)
				ok(t, l.WaitDurable(t.Context(), more))
				for range 2 {
					if err := recovers(disk.Crash(rng), more, more); err != nil {
						t.Fatalf("%s, reopened and appended to, then a power cut: %v", about, err)
					}
				}
				ok(t, l.Close())
			}
			if refused < total/step/2 {
				t.Errorf("%s: only %d of %d faults were noticed", name, refused, total)
			}
		}
	}
}
