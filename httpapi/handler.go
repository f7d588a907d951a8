package httpapi

import (
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/quarantine"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// Options configure the handler.
type Options struct {
	Stream    *stream.Stream
	Server    *serve.Server
	Now       func() time.Time
	NewID     func() string // makes request ids
	Kinds     freshet.EventKinds
	Strict    bool             // refuse event names that are not configured
	MaxFuture freshet.Duration // how far ahead of Now event times may be
	Items     codec.ItemRules  // what items are refused for
	Versions  Versions
	Rejected  func(after deadletter.ID, limit int) (deadletter.Page, error) // lists dead letters, as deadletter.List does
	ClockOff  func() time.Duration                                          // how far the system's clock is ahead while it is not followed; nil is never
	Passed    []quarantine.Record                                           // records of the journal that are passed over
	Reloads   Reloads                                                       // nil: the configuration cannot be read again
	Report    func(msg string, err error)                                   // told of trouble that no reply can carry
}

// Versions are what /status says is running.
type Versions struct {
	Freshet     string `json:"freshet"`
	Go          string `json:"go"`
	Journal     int    `json:"journal_format"`
	Definitions string `json:"definitions"` // hash of those in force; filled in here
}

// API is the handler. Use New.
type API struct {
	Options
	mux      *http.ServeMux
	begun    time.Time
	origin   *http.CrossOriginProtection
	decoding *semaphore.Weighted // bytes of batches at work
	bodies   sync.Pool           // of *[]byte: room for batches
}

// New returns the handler of the whole API.
func New(o Options) *API {
	a := &API{Options: o, mux: http.NewServeMux(), begun: o.Now(), origin: http.NewCrossOriginProtection(), decoding: semaphore.NewWeighted(maxDecoding)}
	m := newMetrics(a)
	handle := func(pattern string, answer http.HandlerFunc) {
		a.mux.HandleFunc(pattern, m.timed(o.Now, pattern, answer))
	}
	handle("POST /v1/events", a.postEvents)
	handle("POST /v1/items", a.postItems)
	handle("PUT /v1/items/{id}", a.putItem)
	handle("GET /v1/items/{id}", a.getItem)
	handle("POST /v1/users", a.postUsers)
	handle("PUT /v1/users/{id}", a.putUser)
	handle("GET /v1/users/{id}", a.getUser)
	handle("POST /v1/recommend", a.postRecommend)
	handle("GET /v1/recommend", a.getRecommend)
	handle("POST /v1/features", a.postFeatures)
	handle("GET /v1/feature-defs", a.getFeatureDefs)
	handle("POST /v1/config/reload", a.postReload)
	handle("GET /v1/models", a.getModels)
	handle("POST /v1/models/{name}/versions/{version}/promote", a.postPromote)
	handle("GET /v1/models/{name}/versions/{version}", a.getVersion)
	handle("POST /v1/models/{name}/rollback", a.postRollback)
	handle("GET /v1/rejected", a.getRejected)
	handle("GET /live", a.live)
	handle("GET /ready", a.ready)
	handle("GET /status", a.status)
	handle("GET /problems/{code}", a.problemPage)
	a.mux.Handle("GET /metrics", m.handler)
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Freshet-Request-Id", a.NewID())
	if err := a.origin.Check(r); err != nil {
		writeProblem(w, &problem{Status: http.StatusForbidden, Code: "cross_origin", Detail: "a page of another origin may not change anything here: " + err.Error()})
		return
	}
	// A path with empty or dot segments is no path here. The mux would redirect it, to one
	// that is escaped twice.
	asked := r.URL.EscapedPath()
	handler, pattern := a.mux.Handler(r)
	switch {
	case pattern == "" || path.Clean(asked) != asked:
		a.noRoute(w, r)
	case strings.Contains(pattern, "{"):
		a.mux.ServeHTTP(w, r) // which sets the values of the path
	default:
		handler.ServeHTTP(w, r) // without looking for it a second time
	}
}

// noRoute answers a request for a path or method that does not exist, in the form of every
// other error.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/models//") {
		writeProblem(w, &problem{Status: http.StatusBadRequest, Code: registry.BadName, Detail: "the name of the model is empty"})
		return
	}
	probe := &statusOnly{header: http.Header{}}
	a.mux.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		allow := probe.header.Get("Allow")
		w.Header().Set("Allow", allow)
		writeProblem(w, &problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Detail: "method " + quote(r.Method) + " on " + quote(r.URL.Path) + "; allowed: " + allow})
		return
	}
	writeProblem(w, &problem{Status: http.StatusNotFound, Code: "not_found",
		Detail: "no resource at " + quote(r.URL.Path) + "; the API begins at /v1"})
}

// statusOnly keeps the status and header of a response and drops its body.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }
