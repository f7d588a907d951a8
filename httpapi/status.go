package httpapi

import (
	"html/template"
	"net/http"
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
	writeJSON(w, http.StatusOK, map[string]bool{"ready": true})
}

type statusReply struct {
	Durable    freshet.Position  `json:"durable"`
	Applied    freshet.Position  `json:"applied"`
	Ledger     stream.Ledger     `json:"ledger"`
	Watermarks map[string]string `json:"watermarks"` // by source
	Durability string            `json:"durability"`
	Versions   Versions          `json:"versions"`
	State      stateReply        `json:"state"`
	Model      *modelStatus      `json:"model"` // null: the recall score ranks
	UptimeMS   int64             `json:"uptime_ms"`
	Failed     string            `json:"failed,omitempty"` // why no events are taken
}

type stateReply struct {
	Items    int `json:"items"`        // with a catalogue entry or named by an event
	Known    int `json:"items_known"`  // with a catalogue entry
	Visitors int `json:"visitors"`     // users, anonymous ids and sessions
	Keys     int `json:"feature_keys"` // live, over all features
}

func (a *API) status(w http.ResponseWriter, _ *http.Request) {
	reply := statusReply{
		Ledger: a.Stream.Ledger(), Watermarks: map[string]string{}, Durability: "fsync", Versions: a.Versions,
		Applied: a.Stream.Applied(), Durable: a.Stream.Durable(),
		UptimeMS: a.Now().Sub(a.begun).Milliseconds(),
	}
	for source, ms := range a.Stream.Watermarks() {
		reply.Watermarks[source] = time.UnixMilli(ms).UTC().Format(timeFormat)
	}
	st := a.Server.Sizes()
	live := a.Server.Live()
	reply.Model = encodeLive(a.Server, &live)
	reply.State = stateReply{Items: st.Items, Known: st.Known, Visitors: st.Visitors, Keys: st.Keys}
	if err := a.Stream.Err(); err != nil {
		reply.Failed = err.Error()
	}
	writeJSON(w, http.StatusOK, reply)
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
