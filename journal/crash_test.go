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
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
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

// TestGoalPowerCuts cuts the power at the file operations of a busy log, at each when there is time
// for that, and again at random operations of the recovery. Nothing durable may be lost, nothing
// invented, and no cut may look like damage.
func TestGoalPowerCuts(t *testing.T) {
	enough := 2000
	if raceDetector {
		enough = 300
	}
	g := goal.Begin(t, "G2", "0 lost, 0 invented", goal.Sizes{Quick: enough, CI: 24_000})
	every := 4
	if !g.Quick() {
		every = 1
	}
	images, cuts, again := 0, 0, 0
	for seed := g.Seed(); g.More(); seed++ {
		before := images + again
		rng, load := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
		disk := fsys.NewMem()
		var live atomic.Pointer[Log]
		var appended atomic.Uint64
		var hook sync.Mutex
		var inHook atomic.Bool
		disk.Fail = func(op, name string) error {
			hook.Lock()
			defer hook.Unlock()
			if rng.IntN(every) != 0 || t.Failed() || inHook.Load() {
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
			if cutBytes(image) > 0 {
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
		g.Add(images + again - before)
	}
	if cuts < images/50 || again < images/10 {
		t.Errorf("of %d images only %d had a torn end, %d were second cuts", images, cuts, again)
	}
	g.End("0 lost, 0 invented (%d images, %d of them torn, %d cut again during recovery)", images, cuts, again)
}

// cutBytes is how much recovery of a copy would cut.
func cutBytes(image *fsys.Mem) int64 {
	copied := image.Clone()
	if copied.MkdirAll(dirName) != nil {
		return 0
	}
	v, err := verify(copied, 0)
	if err != nil {
		return 0
	}
	return v.report.CutBytes
}

// TestGoalDiskErrors fails each file operation of a run in turn, for good and once only, and checks
// that no acknowledgement was false and that a restart finds everything acknowledged, whether
// the machine went down or not.
func TestGoalDiskErrors(t *testing.T) {
	g := goal.Begin(t, "G4", "0 false acknowledgements at 100 % of the calls", goal.Sizes{Quick: 10, CI: 360})
	run := func(fail func(step int, op string) error) (disk *fsys.Mem, steps int, acked freshet.Position, failed bool) {
		disk = fsys.NewMem()
		var step, faults atomic.Int64
		var off atomic.Bool
		disk.Fail = func(op, name string) error {
			if off.Load() {
				return nil
			}
			err := fail(int(step.Add(1)), op)
			if err != nil {
				faults.Add(1)
			}
			return err
		}
		l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes, retry: time.Millisecond})
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
				if errors.Is(err, ErrNoSpace) {
					// Not a failure: it waits for room. When there is some, maybe by now, it is as if nothing
					// had been; a disk that refuses 20 calls more has none.
					err = nil
					for enough := faults.Load() + 20; last > 0; time.Sleep(time.Millisecond) { // 0: Append was refused, nothing is on its way
						if err = l.WaitDurable(t.Context(), last); err == nil || l.Err() != nil || faults.Load() >= enough {
							break
						}
					}
					for err == nil && l.Full() != nil && l.Err() == nil {
						time.Sleep(time.Millisecond)
					}
					if err != nil {
						failed = true
						break
					}
					if last == 0 { // Append itself was refused
						if last, err = l.Append(recs); err == nil {
							err = l.WaitDurable(t.Context(), last)
						}
					}
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
				g.Add(1)
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
	g.End("0 false acknowledgements at %d calls, each with EIO, ENOSPC and a short write, once and for good", total)
}

// TestGoalStalls lets each file operation of a run hang. Meanwhile nothing is acknowledged that a
// power cut would take away, and what is durable can be read; after it everything goes on.
func TestGoalStalls(t *testing.T) {
	g := goal.Begin(t, "G4", "0 false acknowledgements while a call hangs", goal.Sizes{Quick: 10, CI: 60})
	rng := rand.New(rand.NewPCG(4, 4))
	for at, total := 1, 2; at < total; at++ {
		disk := fsys.NewMem()
		var live atomic.Pointer[Log]
		var step, appended atomic.Int64
		hangs, goOn := make(chan struct{}), make(chan struct{})
		disk.Fail = func(string, string) error {
			if int(step.Add(1)) == at {
				close(hangs)
				<-goOn
			}
			return nil
		}
		done := make(chan error, 1)
		go func() {
			l, _, err := Open(Options{FS: disk, Now: clock, SegmentBytes: minSizeBytes})
			if err != nil {
				done <- err
				return
			}
			live.Store(l)
			for range 12 {
				recs := []Record{sample(l.Last() + 1), sample(l.Last() + 2), sample(l.Last() + 3)}
				appended.Add(3)
				last, err := l.Append(recs)
				if err == nil {
					err = l.WaitDurable(t.Context(), last)
				}
				if err != nil {
					done <- errors.Join(err, l.Close())
					return
				}
			}
			done <- l.Close()
		}()
		select {
		case <-hangs:
			var acked freshet.Position
			if l := live.Load(); l != nil {
				acked = l.Durable()
			}
			image := disk.Crash(rng)
			if n, err := count(disk.Clone()); err != nil && !isMissing(err) || n < acked {
				t.Errorf("while operation %d hangs %d of %d records can be read: %v", at, n, acked, err)
			}
			if err := recovers(image, acked, freshet.Position(appended.Load())); err != nil {
				t.Errorf("operation %d hangs, then a power cut: %v", at, err)
			}
			close(goOn)
		case err := <-done:
			done <- err // it took fewer operations
		}
		if err := <-done; err != nil {
			t.Fatalf("after operation %d had hung: %v", at, err)
		}
		if n, err := count(disk.Clone()); err != nil || n != 36 {
			t.Fatalf("after operation %d had hung %d records are there: %v", at, n, err)
		}
		total = int(step.Load())
		g.Add(1)
	}
	g.End("0 false acknowledgements")
}
