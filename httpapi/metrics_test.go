package httpapi_test

import (
	"strings"
	"testing"
)

// TestMetrics: the counts of /metrics are those of /status and of the client, and no label
// names anybody.
func TestMetrics(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 3)
	r.post(t, act("ada", "click", "i-1", t0), act("bob", "view", "i-9", t0-1))
	keyed := `{"event_id":"e-1","user_id":"ada","item_id":"i-2","event":"click","ts":1795187045000}`
	r.do(t, "POST", "/v1/events", keyed)
	r.do(t, "POST", "/v1/events", keyed)
	r.do(t, "POST", "/v1/events", `{"user_id":"ada"}`)
	if got := r.do(t, "POST", "/v1/recommend", `{"user_id":"ada"}`); got.status != 200 {
		t.Fatalf("recommend: %d %s", got.status, got.body)
	}
	reply := r.do(t, "GET", "/metrics", "")
	text := reply.body
	for _, line := range []string{
		`freshet_events_total{outcome="received"} 5`,
		`freshet_events_total{outcome="accepted"} 3`,
		`freshet_events_total{outcome="duplicate"} 1`,
		`freshet_events_total{outcome="refused"} 1`,
		`freshet_events_total{outcome="applied"} 3`,
		`freshet_events_total{outcome="unkeyed"} 2`,
		`freshet_journal_failed 0`,
		`freshet_disk_full 0`,
		`freshet_events_pending 0`,
		`freshet_event_ids 1`,
		`freshet_event_ids_evicted_total 0`,
		`freshet_audit_cells_total 0`,
		`freshet_audit_differing_cells_total 0`,
		`freshet_audit_not_comparable_cells_total 0`,
		`freshet_feature_keys_max 0`,
		`freshet_feature_keys_evicted_total 0`,
		`freshet_state_entries{kind="visitors"} 2`,
		`freshet_http_request_seconds_count{route="POST /v1/events"} 4`,
		`freshet_http_request_seconds_count{route="POST /v1/recommend"} 1`,
		`freshet_watermark_seconds 1.795187045e+09`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	for _, id := range []string{"ada", "bob", "i-1", "i-9", "e-1"} {
		if strings.Contains(text, `"`+id+`"`) {
			t.Errorf("%s stands in the metrics", id)
		}
	}
	if t.Failed() {
		t.Logf("status %d\n%s", reply.status, text)
	}
}
