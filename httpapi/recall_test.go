package httpapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// recallDoc is the part of /status about recall.
type recallDoc struct {
	Recall struct {
		Held   *struct{ Route, Since string }
		Places int
		Clicks int
		Routes []struct {
			Name, Kind           string
			Asked, Candidates    uint64
			Failed               map[string]uint64
			Late                 int
			Shown, Alone, Clicks int
			AloneClicks          int `json:"alone_clicks"`
		}
	}
}

// TestRecallStatus: each route says what it was asked, what came of it, and what of that was shown
// and clicked; /metrics says the same.
func TestRecallStatus(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 4)
	r.post(t, act("bob", "click", "i-1", t0), act("bob", "click", "i-2", t0), act("ada", "click", "i-1", t0))
	slate := r.slate(t, `{"user_id":"ada","n":3}`)
	if len(slate.Items) != 3 || slate.Items[0].ID != "i-2" {
		t.Fatalf("slate %v", slate.ids())
	}
	r.settled(t)
	r.post(t, act("ada", "click", "i-2", t0))
	var doc recallDoc
	got := r.do(t, "GET", "/status", "")
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil {
		t.Fatal(err)
	}
	s := doc.Recall
	if s.Held != nil || s.Places != 3 || s.Clicks != 1 || len(s.Routes) != 3 {
		t.Fatalf("%+v", s)
	}
	covisit, fresh := s.Routes[0], s.Routes[2]
	if covisit.Name != "covisit" || covisit.Kind != "itemcf" || covisit.Asked != 1 || covisit.Candidates != 1 || covisit.Shown != 1 || covisit.Clicks != 1 || covisit.Failed["timeout"] != 0 || len(covisit.Failed) != 5 {
		t.Errorf("covisit %+v", covisit)
	}
	if fresh.Shown != 3 || fresh.Alone != 2 || fresh.Clicks != 1 || fresh.AloneClicks != 0 {
		t.Errorf("new %+v", fresh)
	}
	text := r.do(t, "GET", "/metrics", "").body
	for _, line := range []string{
		`freshet_recall_asks_total{route="covisit"} 1`,
		`freshet_recall_failures_total{route="covisit",status="garbage"} 0`,
		`freshet_recall_candidates_total{route="new"} 3`,
		`freshet_recall_seconds_count{route="hot"} 1`,
		`freshet_recall_seconds_bucket{route="hot",le="+Inf"} 1`,
		`freshet_recall_late_asks{route="hot"} 0`,
		`freshet_recall_held 0`,
		`freshet_recall_places{route="",which="shown"} 3`,
		`freshet_recall_places{route="new",which="alone"} 2`,
		`freshet_recall_places{route="covisit",which="clicked"} 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

// stuck is a route that does not return before it is let go.
type stuck struct {
	recall.Route
	goOn chan struct{}
}

func (s *stuck) Recall(context.Context, *recall.Request, int) ([]recall.Proposal, error) {
	<-s.goOn
	return nil, nil
}

// TestHeld: while a route keeps the state, /ready, /status and /metrics answer and say so.
func TestHeld(t *testing.T) {
	route := &stuck{goOn: make(chan struct{})}
	r := newRig(t, plan{prepare: func(s *fold.State) {
		route.Route = s.Routes[0]
		s.Routes[0] = route
	}})
	r.stock(t, 2)
	// The time is what the route has to come to the state.
	if got := r.do(t, "POST", "/v1/recommend", `{"user_id":"ada","timeout_ms":3000}`); got.status != 200 || !strings.Contains(got.body, "recall.covisit:timeout") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	r.clock.Add(10_000)
	done := make(chan struct{})
	go func() { // it wants the state changed
		defer close(done)
		r.do(t, "POST", "/v1/events", act("ada", "click", "i-1", t0))
	}()
	var p problemDoc
	if r.do(t, "GET", "/ready", "").want(t, 503, &p); p.Code != "state_held" || !strings.Contains(p.Detail, "covisit") {
		t.Errorf("ready: %+v", p)
	}
	var doc recallDoc
	if err := json.Unmarshal([]byte(r.do(t, "GET", "/status", "").body), &doc); err != nil || doc.Recall.Held == nil || doc.Recall.Held.Route != "covisit" || doc.Recall.Routes[0].Late != 1 {
		t.Errorf("status: %+v, %v", doc, err)
	}
	if text := r.do(t, "GET", "/metrics", "").body; !strings.Contains(text, "\nfreshet_recall_held 1\n") || !strings.Contains(text, "\nfreshet_recall_late_asks{route=\"covisit\"} 1\n") {
		t.Errorf("metrics: %s", text)
	}
	close(route.goOn)
	<-done
	for r.do(t, "GET", "/ready", "").status != 200 {
	}
}
