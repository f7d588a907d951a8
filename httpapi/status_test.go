package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/stream"
)

// statusDoc is the reply of /status.
type statusDoc struct {
	Durable, Applied string
	Ledger           stream.Ledger
	Watermarks       map[string]string
	Durability       string
	Versions         map[string]any
	State            struct {
		Items, Visitors int
		Known           int `json:"items_known"`
		Users           int `json:"users_known"`
		Keys            int `json:"feature_keys"`
	}
	UptimeMS int64 `json:"uptime_ms"`
	Failed   string
	Full     string
	Stalled  string
}

func (r *rig) status(t *testing.T) *statusDoc {
	t.Helper()
	var s statusDoc
	r.do(t, "GET", "/status", "").want(t, 200, &s)
	return &s
}

func TestStatus(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 3)
	r.post(t, act("ada", "click", "i-1", t0), act("bob", "view", "i-9", t0-1))
	r.clock.Add(5000)
	s := r.status(t)
	if s.Durable != "5" || s.Applied != "5" || s.Watermarks["http"] != "2026-11-20T15:04:05.000Z" || s.Durability != "fsync" || s.UptimeMS != 5000 || s.Failed != "" {
		t.Errorf("status %+v", s)
	}
	if s.State.Items != 4 || s.State.Known != 3 || s.State.Visitors != 2 || s.State.Keys == 0 || s.Versions["freshet"] != "test" {
		t.Errorf("state %+v, versions %v", s.State, s.Versions)
	}
	if s.Ledger.Received != 2 || s.Ledger.Applied != 2 || s.Ledger.Unkeyed != 2 {
		t.Errorf("ledger %+v", s.Ledger)
	}
	var out outcome
	r.do(t, "POST", "/v1/users", `[{"user_id":"ada"},{"user_id":"quiet"}]`).want(t, 200, &out)
	if s := r.status(t); s.State.Users != 2 || s.State.Visitors != 3 || s.Ledger.Received != 2 {
		t.Errorf("with two users: state %+v, ledger %+v", s.State, s.Ledger)
	}
	for _, path := range []string{"/live", "/ready"} {
		if got := r.do(t, "GET", path, ""); got.status != 200 {
			t.Errorf("%s: status %d", path, got.status)
		}
	}
}

// TestTheBooksBalance posts from many sides at once and compares, all the while, what the
// server counts with itself and, in the end, with what the clients were told.
func TestTheBooksBalance(t *testing.T) {
	const clients, posts = 6, 40
	r := newRig(t, plan{})
	var accepted, duplicate, refused, late, wrong atomic.Int64
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range posts {
				events := []string{
					fmt.Sprintf(`{"event_id":"%d-%d","user_id":"u%d","event":"click","item_id":"i","ts":%d}`, c, i, c, t0),
					fmt.Sprintf(`{"event_id":"%d-%d","user_id":"u%d","event":"click","item_id":"i","ts":%d}`, c, i-1, c, t0),        // sent before
					fmt.Sprintf(`{"event_id":"shared-%d","user_id":"u%d","event":"click","item_id":"i","ts":%d}`, i, c%2, t0),       // twins: duplicates and conflicts
					fmt.Sprintf(`{"user_id":"u%d","event":"click","item_id":"i","ts":%d}`, c, t0-int64(i%3)*3_600_001), `{"bad":1}`, // late, refused
				}
				var out outcome
				got := r.do(t, "POST", "/v1/events", "["+strings.Join(events, ",")+"]")
				if got.status != http.StatusMultiStatus {
					t.Errorf("status %d: %s", got.status, got.body)
					return
				}
				got.into(t, &out)
				if out.Accepted+out.Duplicate+out.Refused != len(events) || len(out.Errors) < out.Refused || got.header.Get("Freshet-Refused") != fmt.Sprint(out.Refused) {
					wrong.Add(1)
				}
				accepted.Add(int64(out.Accepted))
				duplicate.Add(int64(out.Duplicate))
				refused.Add(int64(out.Refused))
				late.Add(int64(out.Late))
			}
		})
	}
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			default:
				balance(t, r.status(t).Ledger)
			}
		}
	}()
	wg.Wait()
	close(stop)
	<-watched
	r.settled(t)
	l := r.status(t).Ledger
	balance(t, l)
	got := []int64{int64(l.Received), int64(l.Accepted), int64(l.Duplicate), int64(l.Refused), int64(l.Late), int64(l.Pending), wrong.Load()}
	want := []int64{clients * posts * 5, accepted.Load(), duplicate.Load(), refused.Load(), late.Load(), 0, 0}
	if !slices.Equal(got, want) {
		t.Errorf("received, accepted, duplicate, refused, late, pending, wrong replies: the server says %v, the clients %v", got, want)
	}
	if late.Load() == 0 || duplicate.Load() == 0 || refused.Load() <= clients*posts {
		t.Errorf("nothing late, duplicate or in conflict: the test proves too little: %v", want)
	}
}

// TestDiskFull: while there is no room events are refused with 507 and reads go on; once there is,
// events are taken again, and those sent again count once.
func TestDiskFull(t *testing.T) {
	var full atomic.Bool
	disk := fsys.NewMem()
	disk.Fail = func(op, _ string) error {
		if full.Load() && (op == "write" || op == "create") {
			return syscall.ENOSPC
		}
		return nil
	}
	r := newRig(t, plan{disk: disk})
	r.stock(t, 5)
	r.post(t, act("ada", "click", "i-1", t0))
	r.settled(t)
	full.Store(true)
	event := `{"event_id":"e-9","user_id":"ada","item_id":"i-2","event":"click","ts":1795187045000}`
	for range 3 {
		var p problemDoc
		got := r.do(t, "POST", "/v1/events", event)
		if got.want(t, 507, &p); p.Code != "disk_full" || got.header.Get("Retry-After") == "" {
			t.Errorf("code %s, Retry-After %q", p.Code, got.header.Get("Retry-After"))
		}
	}
	var p problemDoc
	if r.do(t, "GET", "/ready", "").want(t, 503, &p); p.Code != "disk_full" {
		t.Errorf("/ready: code %s", p.Code)
	}
	s := r.status(t)
	if balance(t, s.Ledger); !strings.Contains(s.Full, "no space left") || s.Failed != "" {
		t.Errorf("status %+v", s)
	}
	if slate := r.slate(t, `{"user_id":"ada","n":5}`); slate.Filled != 4 || !slices.Equal(slate.Degraded, []string{"served_record:no_space"}) {
		t.Errorf("slate %+v", slate)
	}
	if text := r.do(t, "GET", "/metrics", "").body; !strings.Contains(text, "\nfreshet_disk_full 1\n") || !strings.Contains(text, "\nfreshet_events_pending ") ||
		strings.Contains(text, "\nfreshet_events_pending 0\n") != (s.Ledger.Pending == 0) {
		t.Errorf("metrics %s", text)
	}
	full.Store(false)
	status := 0
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if status = r.do(t, "POST", "/v1/events", event).status; status == 200 {
			break
		}
	}
	if status != 200 || r.do(t, "GET", "/ready", "").status != 200 {
		t.Fatalf("a minute after there is room: %d", status)
	}
	s = r.status(t)
	if balance(t, s.Ledger); s.Ledger.Accepted != 2 || s.Full != "" {
		t.Errorf("status %+v", s)
	}
	if d := r.features(t, `{"user_id":"ada","names":["user.clicks_5m"]}`); !strings.HasPrefix(d.cells(0), "user.clicks_5m=2@") {
		t.Errorf("features %s", d.cells(0))
	}
}

func TestJournalFailure(t *testing.T) {
	for _, op := range []string{"sync", "write"} {
		t.Run(op, func(t *testing.T) {
			var broken atomic.Bool
			disk := fsys.NewMem()
			disk.Fail = func(o, _ string) error {
				if broken.Load() && o == op {
					return errors.New("the disk is gone")
				}
				return nil
			}
			r := newRig(t, plan{disk: disk})
			r.stock(t, 5)
			r.post(t, act("ada", "click", "i-1", t0))
			r.settled(t)
			broken.Store(true)
			r.broken = true
			last := r.status(t)
			for _, c := range []struct{ method, path, body string }{
				{"POST", "/v1/events", act("ada", "click", "i-2", t0)},
				{"POST", "/v1/events", `[` + act("ada", "click", "i-2", t0) + `,{}]`},
				{"POST", "/v1/events", `[]`},
				{"POST", "/v1/items", `{"item_id":"i-9"}`},
				{"PUT", "/v1/items/i-1", `{"available":false}`},
			} {
				var p problemDoc
				if r.do(t, c.method, c.path, c.body).want(t, 503, &p); p.Code != "journal_failed" {
					t.Errorf("%s %s: code %s", c.method, c.path, p.Code)
				}
			}
			var p problemDoc
			if r.do(t, "GET", "/ready", "").want(t, 503, &p); p.Code != "journal_failed" {
				t.Errorf("/ready: code %s", p.Code)
			}
			if got := r.do(t, "GET", "/live", ""); got.status != 200 {
				t.Errorf("/live: status %d", got.status)
			}
			s := r.status(t)
			if balance(t, s.Ledger); s.Applied != last.Applied || s.Ledger.Applied != 1 || !strings.Contains(s.Failed, "the disk is gone") {
				t.Errorf("status %+v", s)
			}
			// Reads go on, over what was acknowledged.
			slate := r.slate(t, `{"user_id":"ada","n":5}`)
			if slices.Contains(slate.ids(), "i-1") || slate.Filled != 4 || !slices.Equal(slate.Degraded, []string{"served_record:failed"}) {
				t.Errorf("slate %+v", slate)
			}
			if slate := r.slate(t, `{"user_id":"ada","dry_run":true,"min_position":"99","wait_ms":10000}`); slate.Freshness.Reflected || len(slate.Degraded) != 0 {
				t.Errorf("a slate that waits for what cannot come: %+v", slate)
			}
			if text := r.do(t, "GET", "/metrics", "").body; !strings.Contains(text, "\nfreshet_journal_failed 1\n") || !strings.Contains(text, "\nfreshet_disk_full 0\n") {
				t.Errorf("metrics %s", text)
			}
			var item itemDoc
			r.do(t, "GET", "/v1/items/i-1", "").want(t, 200, &item)
			if d := r.features(t, `{"user_id":"ada","names":["user.clicks_5m"]}`); d.cells(0) != "user.clicks_5m=1@15:04:05.000/1" {
				t.Errorf("features %s", d.cells(0))
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.reports) != 1 || !strings.Contains(r.reports[0], "the disk is gone") {
				t.Errorf("told %d times: %q", len(r.reports), r.reports)
			}
		})
	}
}
