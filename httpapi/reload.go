package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/freshet-rec/freshet"
)

// Reloads changes what a running server is configured to.
type Reloads interface {
	// Reload reads the configuration again. It returns when the change is done or under way; the
	// error is a *ReloadRefused, after which everything is as it was, or ctx's.
	Reload(ctx context.Context) (*Reload, error)
	// State says how reloads have gone.
	State() ReloadState
}

// Reload is what a reload changes.
type Reload struct {
	Outcome string         `json:"outcome"` // unchanged or warming
	Changes []ReloadChange `json:"changes"` // of features; none when only their order differs
	Records uint64         `json:"records"` // of the journal that are folded before the change comes into force
	Model   string         `json:"model,omitempty"`
}

// The outcomes of a reload. Warming becomes one of the others.
const (
	ReloadUnchanged = "unchanged"
	ReloadWarming   = "warming"
	ReloadApplied   = "applied"
	ReloadRefusal   = "refused"
	ReloadFailed    = "failed"
)

// ReloadChange is what becomes of one feature.
type ReloadChange struct {
	Name   string       `json:"name"`
	Change string       `json:"change"` // added, removed or changed
	Fields []FieldShift `json:"fields,omitempty"`
}

// FieldShift is a field of a definition that changes, as JSON text, "" for one left out.
type FieldShift struct {
	Field string `json:"field"`
	Was   string `json:"was"`
	Now   string `json:"now"`
}

// ReloadState is how reloads have gone since the server began.
type ReloadState struct {
	Warming *Warming          `json:"warming"`     // null when nothing is on its way
	Last    *ReloadEnd        `json:"last_reload"` // null before the first
	Counts  map[string]uint64 `json:"reloads"`     // by outcome
}

// Warming is a change of the features on its way.
type Warming struct {
	Names    []string         `json:"names"` // of the features that are added or changed
	Position freshet.Position `json:"position"`
	Until    freshet.Position `json:"until"`
	Share    float64          `json:"share"` // done, 0 to 1
	Keys     int              `json:"feature_keys"`
}

// ReloadEnd is how the last reload ended.
type ReloadEnd struct {
	At       string           `json:"at"`
	Outcome  string           `json:"outcome"`
	Detail   string           `json:"detail"`
	Position freshet.Position `json:"position,omitempty"` // from which on it is in force
	Model    string           `json:"model,omitempty"`    // what it did to the model that ranked
}

// ReloadRefused says why a reload changed nothing.
type ReloadRefused struct {
	Code   string // bad_config, needs_restart, feature_changed, warming, released or not_available
	Detail string
	Faults []ReloadFault
}

// ReloadFault is one reason.
type ReloadFault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Code    string `json:"code"`
	Pointer string `json:"pointer,omitempty"` // file:line:column, or the name of a feature or setting
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Error makes a ReloadRefused an error.
func (r *ReloadRefused) Error() string { return r.Detail }

// postReload has the configuration read again.
func (a *API) postReload(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	if a.Reloads == nil {
		writeProblem(w, &problem{Status: http.StatusConflict, Code: "not_available", Detail: "this server was started without a configuration that can be read again"})
		return
	}
	done, err := a.Reloads.Reload(r.Context())
	var refused *ReloadRefused
	switch {
	case errors.As(err, &refused):
		p := &problem{Status: http.StatusUnprocessableEntity, Code: refused.Code, Detail: refused.Detail, Errors: refused.Faults}
		switch refused.Code {
		case "needs_restart", "warming", "not_available":
			p.Status = http.StatusConflict
		}
		writeProblem(w, p)
	case err != nil:
		a.writeError(w, err)
	case done.Outcome == ReloadWarming:
		writeJSON(w, http.StatusAccepted, done)
	default:
		writeJSON(w, http.StatusOK, done)
	}
}

// reloadState is that of a.Reloads, an empty one without.
func (a *API) reloadState() ReloadState {
	if a.Reloads == nil {
		return ReloadState{}
	}
	return a.Reloads.State()
}
