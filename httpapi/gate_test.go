package httpapi_test

import (
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/freshet-rec/freshet/httpapi"
)

func TestGate(t *testing.T) {
	r := newRig(t, plan{})
	n := 0
	gate := httpapi.NewGate(func() string { n++; return "g-" + strconv.Itoa(n) })
	ask := func(method, path string) *reply {
		t.Helper()
		w := httptest.NewRecorder()
		gate.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		got := &reply{w.Code, w.Header(), w.Body.String()}
		r.check(t, got)
		return got
	}
	if got := ask("GET", "/live"); got.status != 200 {
		t.Errorf("/live: status %d", got.status)
	}
	for _, path := range []string{"/ready", "/status", "/v1/recommend", "/nothing"} {
		var p problemDoc
		if ask("GET", path).want(t, 503, &p); p.Code != "starting" {
			t.Errorf("%s: code %s", path, p.Code)
		}
	}
	gate.Open(r.API)
	for _, path := range []string{"/live", "/ready", "/status", "/v1/recommend"} {
		if got := ask("GET", path); got.status != 200 {
			t.Errorf("%s: status %d after opening", path, got.status)
		}
	}
}
