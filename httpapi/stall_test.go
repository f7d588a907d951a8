package httpapi_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/goal"
)

// TestGoalStalledServer hangs the disk of a whole server for five seconds, in the middle of a sync
// and in the middle of a write. Within a second it is not ready, events are answered within some two
// seconds and then at once, slates are served all the time, and when the disk is back it is ready and
// the same bytes are in. Time is that of the test.
func TestGoalStalledServer(t *testing.T) {
	g := goal.Begin(t, "G4", "/ready false ≤ 1 s, posts answered ≤ 3 s, slates go on, heals by itself", goal.Sizes{Quick: 2, CI: 2})
	var falseAfter, answered, slate time.Duration
	for _, call := range []string{"sync", "write"} {
		synctest.Test(t, func(t *testing.T) {
			disk := fsys.NewMem()
			var hang atomic.Bool
			disk.Fail = func(op, name string) error {
				if op == call && strings.HasSuffix(name, ".seg") && hang.CompareAndSwap(true, false) {
					time.Sleep(5 * time.Second)
				}
				return nil
			}
			r := newRig(t, plan{disk: disk, now: time.Now})
			now := time.Now().UnixMilli()
			r.stock(t, 20)
			r.post(t, act("ada", "click", "i-1", now))
			hang.Store(true)
			began := time.Now()
			var posts sync.WaitGroup
			var late atomic.Int64
			events := "[" + withID("one", now) + "," + withID("two", now) + "]"
			for range 20 { // many wait when it begins
				posts.Go(func() {
					got := r.do(t, "POST", "/v1/events", events)
					late.Store(max(late.Load(), int64(time.Since(began))))
					var p problemDoc
					got.into(t, &p)
					if got.status != 503 || p.Code != "disk_stalled" || !strings.Contains(p.Detail, "send the same bytes again") {
						t.Errorf("a post in the middle of a stall: %d %s", got.status, got.body)
					}
				})
			}
			for time.Since(began) < 4900*time.Millisecond {
				time.Sleep(50 * time.Millisecond)
				asked := time.Now()
				r.do(t, "POST", "/v1/recommend", `{"user_id":"ada","timeout_ms":100}`).want(t, 200, &struct{}{})
				slate = max(slate, time.Since(asked))
				ready := r.do(t, "GET", "/ready", "").status == 200
				if into := time.Since(began); ready {
					falseAfter = max(falseAfter, into)
					if into > time.Second {
						t.Fatalf("%s into the stall it is ready", into)
					}
				} else { // then nobody waits any more
					asked := time.Now()
					if got := r.do(t, "POST", "/v1/events", events); got.status != 503 || time.Since(asked) > 0 {
						t.Fatalf("a post when it is known: %d after %s", got.status, time.Since(asked))
					}
					if s := r.status(t); s.Stalled == "" {
						t.Fatal("/status says nothing of it")
					}
				}
			}
			posts.Wait()
			answered = max(answered, time.Duration(late.Load()))
			time.Sleep(time.Second)
			if got := r.do(t, "GET", "/ready", ""); got.status != 200 {
				t.Errorf("afterwards: %d %s", got.status, got.body)
			}
			var out outcome
			r.do(t, "POST", "/v1/events", events).want(t, 200, &out)
			if out.Duplicate != 2 { // they were taken when it began
				t.Errorf("the same bytes again: %+v", out)
			}
			if l := r.status(t).Ledger; l.Applied != 3 || l.Pending != 0 {
				t.Errorf("the books %+v", l)
			}
		})
		g.Add(1)
	}
	if answered > 3*time.Second || slate > time.Second {
		t.Errorf("a post waited %s, a slate %s", answered, slate)
	}
	g.End("/ready true until %s, posts answered by %s, slates in %s", falseAfter, answered, slate)
}

// withID is an event with an id.
func withID(id string, at int64) string {
	return strings.Replace(act("ada", "click", "i-2", at), "{", `{"event_id":"`+id+`",`, 1)
}
