package bench

import (
	"encoding/json"
	"testing"

	"github.com/freshet-rec/freshet"
)

// TestEventIsItsAct: what was written ahead of an event is the act that its number picks.
func TestEventIsItsAct(t *testing.T) {
	r := newRequests(&Options{Users: []freshet.UserID{"ada", `b"b`}, Items: []freshet.ItemID{"x", "y", "z"}, Seed: 1})
	for _, n := range []uint64{0, 7, acts - 1, acts, 5*acts + 12} {
		a, name := r.acts[n%acts], "expose"
		if a.click {
			name = "click"
		}
		got, want := string(r.event(nil, n)), string(r.acted(nil, n, name, r.users[a.user], r.items[a.item]))
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("event %d is %s, want %s", n, got, want)
		}
	}
}
