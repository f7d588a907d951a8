package httpapi

import (
	"net/http"
	"strconv"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
)

type promoteReply struct {
	Name     string           `json:"name"`
	Live     int              `json:"live"`
	Slot     fold.Slot        `json:"slot,omitempty"`        // absent: it ranks
	Stage    fold.Stage       `json:"stage,omitempty"`       // absent: it is live
	Version  int              `json:"version,omitempty"`     // with a stage: the one on trial
	Percent  float64          `json:"percent,omitempty"`     // of a canary
	Was      *switchReply     `json:"was"`                   // null when none was in its place, and with already
	Ended    *switchReply     `json:"ended_trial,omitempty"` // what was on trial until then
	Already  bool             `json:"already,omitempty"`     // it was promoted before, at position
	Position freshet.Position `json:"position"`
	TookMS   float64          `json:"took_ms"`
	Unasked  []string         `json:"unasked,omitempty"` // gates that could not be asked
}

type switchReply struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

var (
	promoteFields  = []string{"stage", "percent", "guard"}
	guardFields    = []string{"gauc_drop", "p99_ms"}
	guardLater     = []string{"for"} // a trial is watched until it ends
	rollbackFields = []string{"reason", "stage", "dry_run"}
)

// versionOf reads the version in the path; it answers one that is none.
func versionOf(w http.ResponseWriter, r *http.Request) (int, bool) {
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil || version < 1 || strconv.Itoa(version) != r.PathValue("version") {
		writeFaults(w, []fault{{Code: codec.CodeOutOfRange, Message: quote(r.PathValue("version")) + " is not the number of a version", Hint: "GET /v1/models lists them"}})
		return 0, false
	}
	return version, true
}

// body reads the fields of a body, none of an empty one. It answers what is none.
func (a *API) body(w http.ResponseWriter, r *http.Request) (fields []codec.Field, ok bool) {
	if !noParameters(w, r) {
		return nil, false
	}
	if r.ContentLength == 0 {
		return nil, true
	}
	return a.readObject(w, r)
}

// postPromote makes a version live, or puts it on trial. The body may be empty.
func (a *API) postPromote(w http.ResponseWriter, r *http.Request) {
	began := a.Now()
	fields, ok := a.body(w, r)
	if !ok {
		return
	}
	d, step := decoding{}, serve.Step{}
	d.step(fields, &step)
	if len(d.faults) > 0 {
		writeFaults(w, d.faults)
		return
	}
	version, ok := versionOf(w, r)
	if !ok {
		return
	}
	done, err := a.Server.Take(r.Context(), r.PathValue("name"), version, step)
	if err != nil {
		a.writeError(w, err)
		return
	}
	reply := promoteReply{Name: done.Name, Slot: done.Slot, Live: done.Live, Stage: done.Stage, Percent: done.Percent, Already: done.Already, Unasked: done.Unasked, Position: done.Position, TookMS: millis(a.Now().Sub(began))}
	if done.Stage != "" {
		reply.Version = done.Version
	}
	reply.Was, reply.Ended = encodeSwitch(done.Was), encodeSwitch(done.Ended)
	writeJSON(w, http.StatusOK, &reply)
}

func encodeSwitch(s *fold.Switch) *switchReply {
	if s == nil {
		return nil
	}
	return &switchReply{s.Name, s.Version}
}

// step reads how far a version is to come.
func (d *decoding) step(fields []codec.Field, step *serve.Step) {
	percent := codec.Field{}
	guarded := codec.Field{}
	for _, f := range fields {
		if !d.known(f, promoteFields, nil) {
			continue
		}
		switch f.Name {
		case "stage":
			switch stage := d.id(f); stage {
			case "", "live":
			case string(fold.Shadow), string(fold.Canary):
				step.Stage = fold.Stage(stage)
			default:
				d.failf(f, codec.CodeOutOfRange, "use shadow, canary or live", "there is no stage %s", quote(stage))
			}
		case "percent":
			v, err := f.Float()
			if err != nil || !(v > 0 && v <= 100) {
				d.failf(f, codec.CodeOutOfRange, "such as 5", "%s is not a percentage above 0 and at most 100", raw(f))
			}
			step.Percent, percent = v, f
		case "guard":
			step.Guard, guarded = d.guard(f), f
		}
	}
	if percent.Name != "" && step.Stage != fold.Canary {
		d.failf(percent, codec.CodeOutOfRange, `"stage":"canary" takes it`, "only a canary ranks for a share of visitors")
	}
	if guarded.Name != "" && step.Stage == "" {
		d.failf(guarded, codec.CodeOutOfRange, `"stage":"canary" takes it`, "only a model on trial is guarded")
	}
}

// guard reads what is asked of a model on trial.
func (d *decoding) guard(f codec.Field) *fold.Guard {
	fields, err := f.Object()
	if err != nil {
		d.fail(err)
		return nil
	}
	g := &fold.Guard{}
	for _, f := range fields {
		if !d.known(f, guardFields, guardLater) {
			continue
		}
		switch f.Name {
		case "gauc_drop":
			v, err := f.Float()
			if err != nil || !(v > 0 && v < 1) {
				d.failf(f, codec.CodeOutOfRange, "such as 0.01", "%s is not a difference of AUC above 0 and below 1", raw(f))
			}
			g.GAUCDrop = v
		case "p99_ms":
			g.P99 = millis(d.milliseconds(f, 1))
		}
	}
	return g
}

type rollbackReply struct {
	Live     *int             `json:"live"` // null: none is
	Was      int              `json:"was"`
	Name     string           `json:"name,omitempty"` // of what is live
	WasName  string           `json:"was_name"`
	Trial    bool             `json:"trial,omitempty"`       // a trial was ended; what is live was live before
	Ended    *switchReply     `json:"ended_trial,omitempty"` // what was on trial against what was live
	Slot     fold.Slot        `json:"slot,omitempty"`        // absent: it ranks
	DryRun   bool             `json:"dry_run,omitempty"`
	Position freshet.Position `json:"position,omitempty"` // absent in a dry run
	TookMS   float64          `json:"took_ms"`
}

// maxReasonBytes bounds the reason of a rollback.
const maxReasonBytes = 1000

// postRollback ends a trial, or makes live what was live before.
func (a *API) postRollback(w http.ResponseWriter, r *http.Request) {
	began := a.Now()
	fields, ok := a.body(w, r)
	if !ok {
		return
	}
	d, reason, live, dry := decoding{}, "", false, false
	for _, f := range fields {
		if !d.known(f, rollbackFields, nil) {
			continue
		}
		switch f.Name {
		case "reason":
			text, err := f.String()
			if err != nil {
				d.fail(err)
			}
			if reason = text; len(text) > maxReasonBytes {
				d.failf(f, "too_long", "", "a reason has at most %d bytes", maxReasonBytes)
			}
		case "stage":
			if live = d.id(f) == "live"; !live {
				d.failf(f, codec.CodeOutOfRange, "leave it out, or use live to go past a trial", "%s is not what can be rolled back", raw(f))
			}
		case "dry_run":
			dry = d.bool(f)
		}
	}
	if len(d.faults) > 0 {
		writeFaults(w, d.faults)
		return
	}
	do := func() (*serve.RolledBack, error) {
		return a.Server.Rollback(r.Context(), r.PathValue("name"), live, reason)
	}
	if dry {
		do = func() (*serve.RolledBack, error) { return a.Server.Back(r.PathValue("name"), live) }
	}
	done, err := do()
	if err != nil {
		a.writeError(w, err)
		return
	}
	reply := rollbackReply{Was: done.Was, Name: done.Name, WasName: done.WasName, Ended: encodeSwitch(done.Ended), DryRun: dry, Position: done.Position, TookMS: millis(a.Now().Sub(began))}
	if done.Live != 0 {
		reply.Live = &done.Live
	}
	if reply.Trial = done.Slot == fold.Challenger; !reply.Trial {
		reply.Slot = done.Slot
	}
	writeJSON(w, http.StatusOK, &reply)
}

// versionDetail is one version with its fields.
type versionDetail struct {
	Name string `json:"name"`
	versionReply
	Fields []registry.Field `json:"fields,omitempty"` // of what ranks
}

// getVersion tells of one version, with the fields of its rows.
func (a *API) getVersion(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	version, ok := versionOf(w, r)
	if !ok {
		return
	}
	m, err := a.Server.Version(r.PathValue("name"), version)
	if err != nil {
		a.writeError(w, err)
		return
	}
	reply := versionDetail{Name: m.Model, versionReply: encodeVersion(&m)}
	if m.Schema != nil {
		reply.Form, reply.Fields = m.Schema.Form, m.Schema.Fields
	}
	writeJSON(w, http.StatusOK, &reply)
}
