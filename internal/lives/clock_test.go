package lives

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/clock"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
	"github.com/freshet-rec/freshet/stream"
)

// leaps are what a clock is set ahead by.
var leaps = []time.Duration{time.Second, -time.Second, time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour, 10 * 365 * 24 * time.Hour, -10 * 365 * 24 * time.Hour}

// most is the greatest step that the machines follow.
const most = time.Minute

// tower is a system whose clock is set now and then.
type tower struct {
	passed, set atomic.Int64 // what has truly passed since t0, and what the clock is ahead
}

func (c *tower) truth() time.Time       { return time.UnixMilli(t0).Add(time.Duration(c.passed.Load())) }
func (c *tower) wall() time.Time        { return c.truth().Add(time.Duration(c.set.Load())) }
func (c *tower) elapsed() time.Duration { return time.Duration(c.passed.Load()) }

// TestGoalClock sets the clock of a machine ahead and back while it lives, between two records and in
// the middle of a sync, and starts it with a clock that is wrong. A machine that was started with a
// right clock and not behind what had come stays by the true time to a minute, whatever its system says. Wherever it is, the
// journal makes the same of it, from snapshots and from its beginning; and once the clock is right
// again nothing that happens is late, and nothing that is sent again counts twice.
func TestGoalClock(t *testing.T) {
	g := goal.Begin(t, "G21", "0 hash mismatches, 0 late once the clock is right, 0 counted twice", goal.Sizes{Quick: 100, CI: 2000})
	steps, wrongStarts := 0, 0
	for seed := g.Seed(); g.More(); seed++ {
		rng := rand.New(rand.NewPCG(seed, 21))
		var sys tower
		var inSync atomic.Int64 // what the next sync sets the clock to be ahead, plus 1
		var c *clock.Clock
		var m *machine
		wrong := false // the process began with a clock that was wrong, or behind what had come
		up := func(disk *fsys.Mem) {
			disk.Fail = func(op, _ string) error {
				if op == "sync" {
					if set := inSync.Swap(0); set != 0 {
						sys.set.Store(set - 1)
					}
				}
				return nil
			}
			c = clock.New(clock.Options{Wall: sys.wall, Elapsed: sys.elapsed, Most: most})
			wrong = time.Duration(sys.set.Load()).Abs() > most
			m = bootAt(t, disk, c.Now)
			if newest, ok := m.stream.Watermarks()[stream.SourceHTTP]; ok { // as a server does
				now := c.Now()
				c.Expect(time.UnixMilli(newest))
				if time.UnixMilli(newest).Sub(now) > most {
					wrong = true // or it was then; either way a step there is followed
					if err := m.stream.SetBack(t.Context(), now.UnixMilli(), stream.SourceHTTP, now.UnixMilli()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		n := 0
		ever := false // wrong in this or an earlier start
		var all []freshet.Event
		post := func(e freshet.Event) stream.Outcome {
			out, err := m.stream.Events(t.Context(), stream.SourceHTTP, c.Now().UnixMilli(), []freshet.Event{e}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		act := func(must bool) {
			n++
			sys.passed.Add(rng.Int64N(int64(time.Minute)))
			e := randomEvent(rng, n, c.Now().UnixMilli())
			e.Time = c.Now().UnixMilli() - rng.Int64N(int64(lifeLateness)/2) // what a sender with a right clock says, or none
			out := post(e)
			if must && (out.Late > 0 || out.Accepted != 1) {
				t.Fatalf("seed %d: with a right clock an event of now is late: %+v", seed, out)
			}
			if all = append(all, e); ever {
				return // what was forgotten by a clock that was ahead stays forgotten
			}
			old := all[max(0, len(all)-1-rng.IntN(20))]
			if out := post(old); out.Duplicate != 1 {
				t.Fatalf("seed %d: sent again it is %+v", seed, out)
			}
		}
		up(fsys.NewMem())
		for range 50 {
			ever = ever || wrong
			act(!wrong)
			if off := c.Now().Sub(sys.truth()).Abs(); !wrong && off > most+time.Second {
				t.Fatalf("seed %d: the machine's clock is off by %s, the system's by %s", seed, off, time.Duration(sys.set.Load()))
			}
			switch rng.IntN(6) {
			case 0:
				steps++
				sys.set.Store(int64(leaps[rng.IntN(len(leaps))]))
			case 1:
				steps++
				inSync.Store(int64(leaps[rng.IntN(len(leaps))]) + 1)
			case 2:
				sys.set.Store(0)
			case 3:
				if rng.IntN(3) == 0 {
					if rng.IntN(2) == 0 {
						m.snap(t)
					}
					want := m.packed()
					m.down()
					disk := m.disk.Clone()
					if rng.IntN(2) == 0 {
						sys.set.Store(0)
					}
					again := bootAt(t, disk.Clone(), c.Now)
					if got := again.packed(); !bytes.Equal(got, want) {
						t.Fatalf("seed %d: after a restart the machine knows other things", seed)
					}
					again.down()
					up(disk)
					if wrong {
						wrongStarts++
					}
				}
			}
		}
		// The clock is right again: in this process if it began so, else after a restart.
		sys.set.Store(0)
		inSync.Store(0)
		if wrong {
			m.down()
			up(m.disk.Clone())
		}
		for range 10 {
			act(true)
			if out := post(all[len(all)-1]); out.Duplicate != 1 {
				t.Fatalf("seed %d: sent again it is %+v", seed, out)
			}
		}
		want, export := m.packed(), m.export(t)
		m.down()
		for _, disk := range []*fsys.Mem{m.disk.Clone(), withoutSnapshots(t, m.disk.Clone())} {
			again := bootAt(t, disk, c.Now)
			if got := again.packed(); !bytes.Equal(got, want) || again.export(t) != export {
				t.Fatalf("seed %d: the journal makes something else", seed)
			}
			again.down()
		}
		g.Add(1)
	}
	if wrongStarts == 0 || steps < 5*g.N() {
		t.Errorf("%d steps and %d starts with a wrong clock in %d lives", steps, wrongStarts, g.N())
	}
	g.End("0, 0 and 0, with %d steps and %d starts with a wrong clock", steps, wrongStarts)
}

func withoutSnapshots(t *testing.T, disk *fsys.Mem) *fsys.Mem {
	t.Helper()
	list, err := disk.ReadDir("snapshots")
	if err != nil {
		return disk // there are none
	}
	for _, e := range list {
		if err := disk.Remove(fmt.Sprintf("snapshots/%s", e.Name)); err != nil {
			t.Fatal(err)
		}
	}
	return disk
}
