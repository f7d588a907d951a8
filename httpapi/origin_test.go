package httpapi_test

import (
	"net/http"
	"testing"
)

// TestOtherOrigins: a page of another origin cannot post through a browser; programs can, and
// so can pages of the server's own origin.
func TestOtherOrigins(t *testing.T) {
	r := newRig(t, plan{})
	event := `{"user_id":"ada","item_id":"b-1","event":"click"}`
	for _, c := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"a program", nil, http.StatusOK},
		{"the server's own page", []string{"Sec-Fetch-Site", "same-origin"}, http.StatusOK},
		{"another page", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"another page, old browser", []string{"Origin", "https://elsewhere.example"}, http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.do(t, http.MethodPost, "/v1/events", event, append([]string{"Content-Type", "application/json"}, c.headers...)...)
			if got.status != c.status {
				t.Errorf("status %d, want %d: %s", got.status, c.status, got.body)
			}
		})
	}
}
