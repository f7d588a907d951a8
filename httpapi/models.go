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

type modelsReply struct {
	Data       []modelReply `json:"data"`
	NextCursor *string      `json:"next_cursor"`       // always null: there is one page
	Damaged    string       `json:"damaged,omitempty"` // what could not be read and is not listed
}

type modelReply struct {
	Name     string         `json:"name"`
	Live     *int           `json:"live"`             // the version that is live, null for none
	Online   *onlineStatus  `json:"online,omitempty"` // of the version that ranks
	Versions []versionReply `json:"versions"`
}

type versionReply struct {
	Version   int              `json:"version"`
	Created   string           `json:"created"`
	Until     freshet.Position `json:"trained_until_position"`
	Rows      int              `json:"rows"`
	AUC       float64          `json:"auc"`
	LogLoss   float64          `json:"logloss"`
	Baseline  float64          `json:"baseline_logloss"` // of always saying the mean
	Negatives string           `json:"negatives"`
	SHA256    string           `json:"sha256"`
	Source    string           `json:"source"`          // offline: trained from the journal
	Kind      registry.Kind    `json:"kind,omitempty"`  // absent: it ranks
	Recall    registry.Recall  `json:"recall,omitzero"` // of kinds that propose
	Unfit     string           `json:"unfit,omitempty"`
}

func encodeVersion(m *registry.Manifest) versionReply {
	return versionReply{Version: m.Version, Created: m.Created, Until: m.Until, Rows: m.Rows, AUC: m.AUC, LogLoss: m.LogLoss,
		Baseline: m.Baseline, Negatives: m.Negatives, SHA256: m.SHA256, Source: "offline", Kind: m.Kind, Recall: m.Recall, Unfit: m.Faulty()}
}

func (a *API) getModels(w http.ResponseWriter, r *http.Request) {
	if !noParameters(w, r) {
		return
	}
	list, err := a.Server.Models()
	ranks := a.Server.Live()
	reply := modelsReply{Data: []modelReply{}}
	if err != nil {
		reply.Damaged = err.Error()
	}
	for _, m := range list {
		out := modelReply{Name: m.Name, Versions: []versionReply{}}
		if m.Live != 0 {
			out.Live = &m.Live
			if m.Name == ranks.Name {
				out.Online = a.encodeOnline()
			}
		}
		for i := range m.Versions {
			out.Versions = append(out.Versions, encodeVersion(&m.Versions[i]))
		}
		reply.Data = append(reply.Data, out)
	}
	writeJSON(w, http.StatusOK, &reply)
}

type promoteReply struct {
	Name     string           `json:"name"`
	Live     int              `json:"live"`
	Slot     fold.Slot        `json:"slot,omitempty"`    // absent: it ranks
	Was      *switchReply     `json:"was"`               // null when none was live in its place, and with already
	Already  bool             `json:"already,omitempty"` // it was promoted before, at position
	Position freshet.Position `json:"position"`
	TookMS   float64          `json:"took_ms"`
}

type switchReply struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

var (
	promoteFields = []string{"stage"}
	promoteLater  = []string{"percent", "guard"}
)

// postPromote makes a version live. The body may be empty; the one stage there is is live.
func (a *API) postPromote(w http.ResponseWriter, r *http.Request) {
	began := a.Now()
	if !noParameters(w, r) {
		return
	}
	if r.ContentLength != 0 {
		fields, ok := a.readObject(w, r)
		if !ok {
			return
		}
		d := decoding{}
		for _, f := range fields {
			if !d.known(f, promoteFields, promoteLater) {
				continue
			}
			if stage := d.id(f); stage != "" && stage != "live" {
				d.failf(f, "not_available", "use live, or leave it out", "the stage %s is not available in this release", quote(stage))
			}
		}
		if len(d.faults) > 0 {
			writeFaults(w, d.faults)
			return
		}
	}
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil || version < 1 || strconv.Itoa(version) != r.PathValue("version") {
		writeFaults(w, []fault{{Code: codec.CodeOutOfRange, Message: quote(r.PathValue("version")) + " is not the number of a version", Hint: "GET /v1/models lists them"}})
		return
	}
	done, err := a.Server.Promote(r.Context(), r.PathValue("name"), version)
	if err != nil {
		a.writeError(w, err)
		return
	}
	reply := promoteReply{Name: done.Name, Slot: done.Slot, Live: done.Live, Already: done.Already, Position: done.Position, TookMS: millis(a.Now().Sub(began))}
	if done.Was != nil {
		reply.Was = &switchReply{done.Was.Name, done.Was.Version}
	}
	writeJSON(w, http.StatusOK, &reply)
}

// modelStatus is a model that is live by the journal.
type modelStatus struct {
	Name    string           `json:"name"`
	Version int              `json:"version"`
	SHA256  string           `json:"sha256"`
	By      string           `json:"by"` // adopted or promoted
	Since   freshet.Position `json:"since_position"`
	AtHand  bool             `json:"at_hand"`          // false: its bundle is missing or unfit, and the recall score ranks, or routes have no answer
	Online  *onlineStatus    `json:"online,omitempty"` // of the ranker
}

// onlineStatus is what was learned online of the ranker that is live.
type onlineStatus struct {
	Learning    bool             `json:"learning"`
	Publication int              `json:"publication"` // in force, 0 for none: it ranks as trained
	Since       freshet.Position `json:"since_position"`
	AgeS        int64            `json:"age_s"`   // of the newest verdict
	Verdict     fold.Verdict     `json:"verdict"` // empty: there was none yet
	Rows        int64            `json:"rows"`    // judged for it
	Lead        float64          `json:"lead"`    // log-loss of the ranker as trained, less that with what was learned
	Bound       float64          `json:"bound"`   // half the confidence interval of lead
}

// encodeOnline is nil where nothing is learned and nothing was.
func (a *API) encodeOnline() *onlineStatus {
	u, learns := a.Server.Updating()
	if !learns && u.Last.Number == 0 {
		return nil
	}
	out := &onlineStatus{Learning: learns, Publication: u.Number, Since: u.Since, Verdict: u.Last.Verdict, Rows: u.Last.Rows, Lead: u.Last.Lead, Bound: u.Last.Bound}
	if u.At != 0 {
		out.AgeS = max(0, (a.Now().UnixMilli()-u.At)/1000)
	}
	return out
}

// recallModel is a model that routes go by, by the journal.
type recallModel struct {
	Slot fold.Slot `json:"slot"`
	*modelStatus
}

// encodeRecallModels lists what is live beside the ranker.
func encodeRecallModels(s *serve.Server) (list []recallModel) {
	for _, slot := range fold.Slots[1:] {
		live := s.LiveIn(slot)
		if status := encodeLive(s, &live); status != nil {
			list = append(list, recallModel{slot, status})
		}
	}
	return list
}

func encodeLive(s *serve.Server, live *fold.Model) *modelStatus {
	if live.Name == "" {
		return nil
	}
	return &modelStatus{Name: live.Name, Version: live.Version, SHA256: live.SHA256, By: live.By, Since: live.Since, AtHand: s.AtHand(live)}
}
