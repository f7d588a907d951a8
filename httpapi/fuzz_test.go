package httpapi_test

import (
	"strings"
	"testing"
)

// FuzzRecommend: whatever the body, there is an answer, it is JSON, and it is not the server's
// fault.
func FuzzRecommend(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"n":500}`, `{"n":0}`, `{"scene":"item","user_id":"ada"}`, `{"timeout_ms":0.001,"n":3}`, `{"seed_items":["i-1","x"]}`,
		`{"user_id":"ada","recent":[{"event":"click","item_id":"i-2","ts":1795187045}],"exclude":{"item_ids":["i-1"],"seen_within":"1h30m","purchased":true}}`,
		`{"fields":["title","price","attributes"],"diff":true,"dry_run":true,"at":"2026-11-20T15:04:05Z"}`, `{"min_position":"1","context":{"a":[1,{"b":null}]}}`,
		`{"at":253402300799999}`, `{"at":-62167219200000}`, `{"recent":[{"event":"hide","item_id":"i-1","ts":"9999-12-31T23:59:59Z"}]}`, "{\"user_id\":\"\\ud800\"}", `{"N":1}`,
	} {
		f.Add([]byte(seed))
	}
	r := newRig(f, plan{})
	r.stock(f, 20)
	r.post(f, act("ada", "click", "i-1", t0), act("ada", "like", "i-3", t0), act("bob", "click", "i-1", t0), act("bob", "purchase", "i-4", t0))
	f.Fuzz(func(t *testing.T, body []byte) {
		if strings.Contains(string(body), "wait_ms") {
			return // it may ask to wait ten seconds
		}
		got := r.do(t, "POST", "/v1/recommend", string(body))
		switch {
		case got.status == 200:
			var s slateDoc
			if got.into(t, &s); len(s.Items) != s.Filled || len(s.Items) == 0 && len(s.Shortfall) == 0 {
				t.Errorf("slate %s", got.body)
			}
		case got.status < 400 || got.status >= 500:
			t.Errorf("status %d: %s", got.status, got.body)
		}
	})
}

// FuzzEventsHTTP: whatever the body, there is an answer whose counts add up, and the books
// balance.
func FuzzEventsHTTP(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"events":[]}`, act("u", "click", "i", t0), act("u", "click", "i", t0) + "\n" + act("u", "view", "j", t0),
		`{"events":[` + act("u", "click", "i", t0) + `,{}]}`, `[{"event_id":"a","user_id":"u","event":"page"},{"event_id":"a","user_id":"v","event":"page"}]`,
		"{\"event_id\":\"a\",\"user_id\":\"u\",\"event\":\"page\"}\n\n{\"event_id\":\"a\",\"user_id\":\"v\",\"event\":\"page\"}", `{"events":[1,"x",null]}`,
		`{"user_id":"u","event":"dwell","item_id":"i","value":1e12,"rank":1,"query":"q","context":{"a":[{}]}}`, "\xef\xbb\xbf{}", `{"ts":NaN}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	r := newRig(f, plan{})
	f.Fuzz(func(t *testing.T, body []byte, lines bool) {
		media := "application/json"
		if lines {
			media = "application/x-ndjson"
		}
		before := r.stream.Ledger()
		got := r.do(t, "POST", "/v1/events", string(body), "Content-Type", media)
		after := r.stream.Ledger()
		balance(t, after)
		var p problemDoc
		got.into(t, &p)
		received := uint64(p.Accepted + p.Duplicate + p.Refused)
		switch got.status {
		case 200, 207, 422:
			if after.Received-before.Received != received || (got.status == 200) != (p.Refused == 0) || (got.status == 422) != (p.Refused > 0 && p.Accepted+p.Duplicate == 0) {
				t.Errorf("status %d, %s; the ledger went from %+v to %+v", got.status, got.body, before, after)
			}
			if (p.Refused > 0) != (len(p.Errors) > 0) {
				t.Errorf("refusals without errors: %s", got.body)
			}
		case 400, 413:
			if after != before {
				t.Errorf("a malformed body moved the ledger from %+v to %+v", before, after)
			}
		default:
			t.Errorf("status %d: %s", got.status, got.body)
		}
	})
}
