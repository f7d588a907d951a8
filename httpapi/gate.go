package httpapi

import (
	"net/http"
	"sync/atomic"
)

// Gate answers for the API while it is not there yet, so that a server that replays a long
// journal can be seen to live and to be not ready. Use NewGate; it is safe for concurrent use.
type Gate struct {
	newID func() string
	api   atomic.Pointer[API]
}

// NewGate returns a closed Gate; newID makes request ids.
func NewGate(newID func() string) *Gate { return &Gate{newID: newID} }

// Open lets requests through to the API from now on.
func (g *Gate) Open(api *API) { g.api.Store(api) }

// ServeHTTP implements http.Handler.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if api := g.api.Load(); api != nil {
		api.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Freshet-Request-Id", g.newID())
	if r.URL.Path == "/live" && r.Method == http.MethodGet {
		writeJSON(w, http.StatusOK, map[string]bool{"live": true})
		return
	}
	writeProblem(w, &problem{Status: http.StatusServiceUnavailable, Code: "starting", Detail: "the journal is being replayed; try again soon"})
}
