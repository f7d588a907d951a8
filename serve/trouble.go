package serve

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// trouble is what is known of how a route did. It is safe for concurrent use.
type trouble struct {
	asked    atomic.Uint64
	proposed atomic.Uint64 // candidates
	failed   [len(failures)]atomic.Uint64
	wait     waits

	mu   sync.Mutex // guards the rest
	told map[string]time.Time
	left []*time.Time // asks that were left behind and have not returned, by when; oldest first
}

// failures are the statuses that count as one.
var failures = [...]string{statusTimeout, statusError, statusBusy, statusPanic, statusGarbage}

// tellEvery is how often one kind of trouble of one route is reported.
const tellEvery = time.Minute

// count notes what became of one ask, and how many candidates came of it.
func (t *trouble) count(status string, candidates int) {
	t.asked.Add(1)
	t.proposed.Add(uint64(candidates))
	for i, name := range failures {
		if status == name {
			t.failed[i].Add(1)
		}
	}
}

// took notes how long one ask took, whether it was waited for or not.
func (t *trouble) took(d time.Duration) { t.wait.note(d) }

// leave notes that an ask goes on that nobody waits for any more, and returns what back takes.
func (t *trouble) leave(now time.Time) *time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left = append(t.left, &now)
	return &now
}

// back notes that such an ask has returned.
func (t *trouble) back(left *time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.left, left); i >= 0 {
		t.left = slices.Delete(t.left, i, i+1)
	}
}

// lates are the asks that go on with nobody waiting, and when the first of them was left.
func (t *trouble) lates() (n int, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.left) > 0 {
		since = *t.left[0]
	}
	return len(t.left), since
}

// tell reports whether this kind of trouble is to be told now.
func (t *trouble) tell(kind string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.told[kind]; ok && now.Sub(last) < tellEvery && !now.Before(last) {
		return false
	}
	if t.told == nil {
		t.told = map[string]time.Time{}
	}
	t.told[kind] = now
	return true
}

// complain reports trouble with a route, once a minute and kind.
func (s *Server) complain(at int, kind string, err error) {
	if s.troubles[at].tell(kind, s.Now()) {
		s.Report("recall "+s.Routes[at].Name, err)
	}
}

// heldAfter is how long a route in memory may go on after its time before it is said to hold the
// state: far longer than a processor that is busy with something else lets it wait.
const heldAfter = 5 * time.Second

// Held says which route in memory keeps the state from changing, and since when, "" when none
// does. It does not look at its context, which is a defect of it; while it goes on nothing is
// applied and no event acknowledged, slates are those of the fallback list, and only a restart
// ends that for certain.
func (s *Server) Held() (route string, since time.Time) {
	now := s.Now()
	for at := range s.Routes {
		if s.Routes[at].Outside != nil {
			continue
		}
		if n, left := s.troubles[at].lates(); n > 0 && now.Sub(left) >= heldAfter {
			return s.Routes[at].Name, left
		}
	}
	return "", time.Time{}
}

// watchHeld reports a route that holds the state.
func (s *Server) watchHeld() {
	name, since := s.Held()
	if name == "" {
		return
	}
	s.complain(s.routes[name], "held", fmt.Errorf("it has not returned since %s and holds the state for reading: nothing is applied, and slates are those of the fallback list; if it does not end, restart (SIGQUIT shows where it is)", since.UTC().Format(time.RFC3339)))
}
