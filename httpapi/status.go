package httpapi

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/stream"
)

func (a *API) live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]bool{"live": true})
}

// ready answers 200 while the server takes events; reads may go on when it does not.
func (a *API) ready(w http.ResponseWriter, _ *http.Request) {
	if err := a.Stream.Err(); err != nil {
		writeProblem(w, &problem{Status: http.StatusServiceUnavailable, Code: "journal_failed",
			Detail: "the journal cannot take events; reads go on; free space or replace the disk, then restart"})
		return
	}
	if err := a.Stream.Full(); err != nil {
		writeProblem(w, &problem{Status: http.StatusServiceUnavailable, Code: "disk_full",
			Detail: "the disk is full; reads go on; make room, and events are taken again"})
		return
	}
	if a.Stream.Stalled() != nil {
		writeStalled(w, "the disk does not answer; reads go on; events are taken again as soon as it does")
		return
	}
	if name, since := a.Server.Held(); name != "" {
		writeProblem(w, &problem{Status: http.StatusServiceUnavailable, Code: "state_held",
			Detail: "the recall route " + quote(name) + " has not returned since " + since.UTC().Format(timeFormat) + " and keeps the state from changing; restart if it does not end"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]bool{"ready": true})
}

type statusReply struct {
	First      freshet.Position  `json:"first"` // where the journal begins; older records were given up
	Durable    freshet.Position  `json:"durable"`
	Applied    freshet.Position  `json:"applied"`
	Ledger     stream.Ledger     `json:"ledger"`
	Watermarks map[string]string `json:"watermarks"` // by source
	Durability string            `json:"durability"`
	Versions   Versions          `json:"versions"`
	State      stateReply        `json:"state"`
	Features   featuresStatus    `json:"features"`
	Model      *modelStatus      `json:"model"`                     // null: the recall score ranks
	Models     []recallModel     `json:"recall_models,omitempty"`   // that routes go by
	Regained   uint64            `json:"models_regained,omitempty"` // models that were not at hand, and were found since the start
	Events     eventsStatus      `json:"events"`
	Slates     slatesStatus      `json:"slates"`
	Sampled    []sampledStatus   `json:"sampled_recall,omitempty"` // of routes that search an index
	Recall     recallStatus      `json:"recall"`
	Audit      auditStatus       `json:"audit"`
	EventIDs   idsStatus         `json:"event_ids"`
	Passed     []passedStatus    `json:"quarantined,omitempty"`  // records of the journal that are passed over
	Begun      []begunStatus     `json:"begun,omitempty"`        // parts of the state that begin later than the journal did
	ClockOffMS int64             `json:"clock_off_ms,omitempty"` // how far the system's clock is ahead while it is not followed
	UptimeMS   int64             `json:"uptime_ms"`
	Failed     string            `json:"failed,omitempty"`  // why no events are taken until a restart
	Full       string            `json:"full,omitempty"`    // why no events are taken until there is room
	Stalled    string            `json:"stalled,omitempty"` // why no events are taken until the disk answers
}

// passedStatus is a record of the journal that could not be taken in.
type passedStatus struct {
	Position freshet.Position `json:"position"`
	Reason   string           `json:"reason"`
	Rejected string           `json:"rejected"` // the dead letter that shows it
}

// begunStatus is a part of the state that was begun anew because a former release kept it otherwise.
type begunStatus struct {
	Part     string           `json:"part"`
	Position freshet.Position `json:"position"`
}

// featuresStatus is the state of the features, and how reloads of them have gone.
type featuresStatus struct {
	ReloadState
	Keys    int   `json:"keys"`     // live
	Bytes   int64 `json:"bytes"`    // of their state
	MaxKeys int   `json:"max_keys"` // memory.feature_keys
	Evicted int64 `json:"evicted"`  // keys that went because there were more, and began anew
}

type stateReply struct {
	Items    int `json:"items"`        // with a catalogue entry or named by an event
	Known    int `json:"items_known"`  // with a catalogue entry
	Visitors int `json:"visitors"`     // users, anonymous ids and sessions
	Users    int `json:"users_known"`  // of Visitors, users with an entry
	Keys     int `json:"feature_keys"` // live, over all features
}

// eventsStatus counts the journal's events by name.
type eventsStatus struct {
	Names    []nameStatus `json:"names"`    // sorted; names configured, and the first 1,000 that came
	Others   uint64       `json:"others"`   // events of further names
	Imported uint64       `json:"imported"` // events that an import brought; they need no event_id and are never late
	Replayed uint64       `json:"replayed"` // of ledger.received, those in the journal when the server started
}

type nameStatus struct {
	Event      string         `json:"event"`
	Signal     freshet.Signal `json:"signal"`
	Configured bool           `json:"configured"` // false: nobody said what the name means, so it is context
	Count      uint64         `json:"count"`
	Late       uint64         `json:"late"`
	Joined     uint64         `json:"joined"`           // of count, those with a request_id
	Newest     string         `json:"newest,omitempty"` // newest event time, of those not late
}

// sampledStatus is what an index found of the nearest vectors, over the queries that were made once
// more since the start.
type sampledStatus struct {
	Route   string  `json:"route"`
	N       int     `json:"n"` // nearest vectors asked for
	Queries uint64  `json:"queries"`
	Mean    float64 `json:"recall"` // RecallAt(n), the mean over queries; 0 before the first
	Least   float64 `json:"least"`
}

// slatesStatus sums up the 1,000 slates served last; dry runs are not among them.
type slatesStatus struct {
	Slates    int            `json:"slates"`
	Nameless  int            `json:"nameless"`  // asked for nobody, and with nothing to go by
	Strangers int            `json:"strangers"` // asked for a visitor of whom no event had come, likewise
	Degraded  int            `json:"degraded"`  // that missed something
	Lacks     map[string]int `json:"lacks"`     // slates by what they missed
	Places    int            `json:"places"`    // items shown
	Own       int            `json:"own"`       // of places, those proposed for what the visitor did
	Fallback  int            `json:"fallback"`  // of places, those that no route proposed
}

// auditStatus counts what was recomputed from raw events since the start, as it was served.
type auditStatus struct {
	Cells     uint64 `json:"cells"`          // feature values compared
	Differing uint64 `json:"differing"`      // 0, or there is a defect
	LetGo     uint64 `json:"not_comparable"` // over events that may have been let go of with their key
	OneIn     uint64 `json:"one_in"`         // of one feature key in so many the raw events are kept
	Keys      int    `json:"keys"`
	Events    int    `json:"events"` // kept, once for each of their keys
}

// idsStatus is the memory by which events that come twice are known.
type idsStatus struct {
	Held    int    `json:"held"`
	Evicted uint64 `json:"evicted"` // forgotten only because there was no room for more
}

// lookback fills in what events came and what slates were served.
func (a *API) lookback(reply *statusReply) {
	l := a.Server.Lookback()
	sum := l.Slates
	reply.Slates = slatesStatus{Slates: sum.Slates, Nameless: sum.Nameless, Strangers: sum.Strangers, Degraded: sum.Degraded, Lacks: l.Lacks,
		Places: sum.Places, Own: sum.Own, Fallback: sum.Fallback}
	reply.Events = eventsStatus{Names: make([]nameStatus, 0, len(l.Names)+len(a.Kinds)), Others: l.Others, Imported: l.Imported, Replayed: a.Stream.Replayed()}
	came := map[string]bool{}
	for _, n := range l.Names {
		came[n.Name] = true
		_, configured := a.Kinds[n.Name]
		name := nameStatus{Event: n.Name, Signal: a.Kinds.Of(n.Name).Signal, Configured: configured, Count: n.Count, Late: n.Late, Joined: n.Joined}
		if n.Late < n.Count {
			name.Newest = time.UnixMilli(n.Newest).UTC().Format(timeFormat)
		}
		reply.Events.Names = append(reply.Events.Names, name)
	}
	for name, kind := range a.Kinds {
		if !came[name] {
			reply.Events.Names = append(reply.Events.Names, nameStatus{Event: name, Signal: kind.Signal, Configured: true})
		}
	}
	slices.SortFunc(reply.Events.Names, func(x, y nameStatus) int { return strings.Compare(x.Event, y.Event) })
}

// durability names what an acknowledgement means.
func durability(s *stream.Stream) string {
	if s.Relaxed() {
		return "relaxed"
	}
	return "fsync"
}

func (a *API) status(w http.ResponseWriter, _ *http.Request) {
	reply := statusReply{
		Ledger: a.Stream.Ledger(), Watermarks: map[string]string{}, Durability: durability(a.Stream), Versions: a.Versions,
		Applied: a.Stream.Applied(), Durable: a.Stream.Durable(), First: a.Stream.First(),
		UptimeMS: a.Now().Sub(a.begun).Milliseconds(),
	}
	for source, ms := range a.Stream.Watermarks() {
		reply.Watermarks[source] = time.UnixMilli(ms).UTC().Format(timeFormat)
	}
	if a.ClockOff != nil {
		reply.ClockOffMS = a.ClockOff().Milliseconds()
	}
	for _, r := range a.Passed {
		reply.Passed = append(reply.Passed, passedStatus{r.Position, r.Reason, r.Letter})
	}
	reply.EventIDs.Held, reply.EventIDs.Evicted = a.Stream.EventIDs()
	if reply.Recall = a.recallStatus(); reply.Recall.Held == nil { // else what the state says is not to be had
		a.stateStatus(&reply)
	}
	if err := a.Stream.Err(); err != nil {
		reply.Failed = err.Error()
	}
	if err := a.Stream.Full(); err != nil {
		reply.Full = err.Error()
	}
	if err := a.Stream.Stalled(); err != nil {
		reply.Stalled = err.Error()
	}
	writeJSON(w, http.StatusOK, reply)
}

// stateStatus fills in what is read from the state.
func (a *API) stateStatus(reply *statusReply) {
	reply.Versions.Definitions = a.Server.Definitions()
	st := a.Server.Sizes()
	live := a.Server.Live()
	if reply.Model = encodeLive(a.Server, &live); reply.Model != nil {
		reply.Model.Online = a.encodeOnline()
	}
	reply.Models = encodeRecallModels(a.Server)
	reply.Regained = a.Server.Regained()
	for _, f := range a.Server.Sampled() {
		reply.Sampled = append(reply.Sampled, sampledStatus(f))
	}
	reply.State = stateReply{Items: st.Items, Known: st.Known, Visitors: st.Visitors, Users: st.Users, Keys: st.Keys}
	for _, one := range a.Server.Begun() {
		reply.Begun = append(reply.Begun, begunStatus{one.Part, one.Position})
	}
	reply.Features = featuresStatus{a.reloadState(), st.Keys, st.Bytes, st.MaxKeys, st.Evicted}
	a.lookback(reply)
	again := a.Server.Watched()
	reply.Audit = auditStatus{again.Cells, again.Differing, again.LetGo, again.OneIn, again.Keys, again.Facts}
}

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

var problemPage = template.Must(template.New("problem").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>{{.Code}} · Freshet</title>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em"><h1><code>{{.Code}}</code></h1><p>{{.Text}}</p></body></html>
`))

// problemPage says what a code means.
func (a *API) problemPage(w http.ResponseWriter, r *http.Request) {
	code := r.PathValue("code")
	text, ok := meaning(code)
	if !ok {
		writeProblem(w, &problem{Status: http.StatusNotFound, Code: "not_found", Detail: "no problem has the code " + quote(code)})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	if err := problemPage.Execute(w, struct{ Code, Text string }{code, text}); err != nil {
		a.Report("problem page", err)
	}
}
