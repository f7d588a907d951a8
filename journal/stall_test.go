package journal

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
)

// TestGoalHungDisk hangs a call of the disk for five seconds, each in turn, under eight who append and
// wait. Whatever hangs: within a second the journal says so and lets nobody new in, who waits is told
// within some two seconds, what is acknowledged is durable, and all goes on when the call returns.
// Time is that of the test.
func TestGoalHungDisk(t *testing.T) {
	g := goal.Begin(t, "G4", "not ready ≤ 1 s into a stall of 5 s, nobody waits longer than 3 s, heals by itself", goal.Sizes{Quick: 16, CI: 200})
	const calls = 40 // the last of them comes within two seconds, so that what hangs does while they post
	worst, longest := time.Duration(0), time.Duration(0)
	for nth := int64(1); g.More(); nth = nth%calls + 1 {
		for _, call := range [][2]string{{"sync", ".seg"}, {"write", ".seg"}, {"write", "durable"}, {"sync", "durable"}} {
			for _, relaxed := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					disk := fsys.NewMem()
					began := time.Now()
					l, _, err := Open(Options{FS: disk, Now: time.Now, SegmentBytes: 16 << 10, Relaxed: relaxed})
					ok(t, err)
					ok(t, l.Close())
					var hung atomic.Int64 // when the call began, since began; 0 is never
					var called atomic.Int64
					disk.Fail = func(op, name string) error {
						if op == call[0] && strings.Contains(name, call[1]) && called.Add(1) == 2+nth {
							hung.Store(int64(time.Since(began)))
							time.Sleep(5 * time.Second)
						}
						if op == "sync" || op == "write" {
							time.Sleep(2 * time.Millisecond)
						}
						return nil
					}
					l, _, err = Open(Options{FS: disk, Now: time.Now, SegmentBytes: 16 << 10, Relaxed: relaxed})
					ok(t, err)
					var said, waited atomic.Int64
					stop := make(chan struct{})
					done := make(chan struct{})
					for range 8 {
						go func() {
							defer func() { done <- struct{}{} }()
							for {
								select {
								case <-stop:
									return
								default:
								}
								asked := time.Now()
								err := l.WaitRoom(t.Context())
								var last freshet.Position
								if err == nil {
									if last, err = l.Append([]Record{sample(1)}); err == nil {
										err = l.WaitSafe(t.Context(), last)
									}
								}
								if took := int64(time.Since(asked)); took > waited.Load() {
									waited.Store(took)
								}
								switch {
								case errors.Is(err, ErrStalled):
									time.Sleep(50 * time.Millisecond)
								case err != nil:
									t.Errorf("%v", err)
									return
								case !relaxed && l.Durable() < last:
									t.Errorf("position %d is acknowledged, %d is durable", last, l.Durable())
								}
							}
						}()
					}
					for range 1000 { // 10 s
						time.Sleep(10 * time.Millisecond)
						if l.Stalled() != nil && said.Load() == 0 {
							said.Store(int64(time.Since(began)))
						}
						if hung.Load() == 0 && time.Since(began) > 4*time.Second {
							break
						}
					}
					close(stop)
					for range 8 {
						<-done
					}
					if hung.Load() > 0 {
						after := time.Duration(said.Load() - hung.Load())
						// A write of the zeros kept ready, or a sync of the mark, holds up nobody while it
						// is the only thing that hangs.
						if said.Load() == 0 && time.Duration(waited.Load()) > time.Second {
							t.Errorf("%s of %s, call %d, relaxed %v: nobody said that the disk hangs, and one waited %s", call[0], call[1], nth, relaxed, time.Duration(waited.Load()))
						} else if said.Load() > 0 {
							worst = max(worst, after)
						}
					}
					longest = max(longest, time.Duration(waited.Load()))
					if err := l.Stalled(); err != nil {
						t.Errorf("afterwards: %v", err)
					}
					last := put(t, l, 1)
					ok(t, l.WaitDurable(t.Context(), last))
					ok(t, l.Close())
					r, err := OpenReader(disk)
					ok(t, err)
					n := freshet.Position(0)
					for _, err = r.Next(); err == nil; _, err = r.Next() {
						n++
					}
					ok(t, r.Close())
					if n != last || !errors.Is(err, io.EOF) {
						t.Errorf("%d records of %d: %v", n, last, err)
					}
				})
				g.Add(1)
			}
		}
	}
	if worst > time.Second || worst == 0 {
		t.Errorf("it was said after %s", worst)
	}
	if longest > 3*time.Second {
		t.Errorf("somebody waited %s", longest)
	}
	g.End("said after %s, waited at most %s", worst.Round(time.Millisecond), longest.Round(time.Millisecond))
}

// TestStallBesideWrites: that groups are still written, because somebody waits for that alone, does
// not hide that none of them becomes durable.
func TestStallBesideWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fsys.NewMem()
		var hangs atomic.Bool
		disk.Fail = func(op, name string) error {
			if op == "sync" && strings.HasSuffix(name, ".seg") && hangs.Load() {
				time.Sleep(5 * time.Second)
			}
			return nil
		}
		l, _, err := Open(Options{FS: disk, Now: time.Now})
		ok(t, err)
		hangs.Store(true)
		began := time.Now()
		for l.Stalled() == nil && time.Since(began) < 2*time.Second {
			ok(t, l.WaitWritten(t.Context(), put(t, l, 1)))
			time.Sleep(lookEvery / 2)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("said after %s: %v", took, l.Stalled())
		}
		hangs.Store(false)
		ok(t, l.Close())
	})
}
