package httpapi

import (
	"net/http"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
)

type modelsReply struct {
	Data       []modelReply `json:"data"`
	Withdrawn  []withdrawn  `json:"withdrawn,omitempty"` // from a trial, by the server, and not live since: the newest 8, newest first
	NextCursor *string      `json:"next_cursor"`         // always null: there is one page
	Damaged    string       `json:"damaged,omitempty"`   // what could not be read and is not listed
}

// withdrawn is a version that the server took from its trial.
type withdrawn struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"`
	Code    string `json:"code"`   // of what it was caught at
	Reason  string `json:"reason"` // in words
}

type modelReply struct {
	Name     string         `json:"name"`
	Live     *int           `json:"live"`               // the version that is live, null for none
	AtHand   *bool          `json:"at_hand,omitempty"`  // with Live: false is that what goes by it does without; true, that it can, also where its files are gone
	Previous *int           `json:"previous,omitempty"` // the version that a rollback would make live, when it is one of this name
	Shadow   *int           `json:"shadow,omitempty"`   // the version that is on trial in the shadow
	Canary   *int           `json:"canary,omitempty"`   // the version that ranks for some visitors
	Trial    *trialReply    `json:"trial,omitempty"`    // with Shadow or Canary
	Online   *onlineStatus  `json:"online,omitempty"`   // of the version that ranks
	Versions []versionReply `json:"versions"`
}

// trialReply is what is known of a trial.
type trialReply struct {
	Since    freshet.Position `json:"since_position"`
	Percent  float64          `json:"percent,omitempty"`
	Guard    *fold.Guard      `json:"guard,omitempty"`
	AtHand   bool             `json:"at_hand"`
	Requests int              `json:"requests"`         // scored by both
	Rho      float64          `json:"rank_correlation"` // with the live model, the mean over requests
	Slates   map[string]arm   `json:"slates,omitempty"` // of a canary, by side: live and canary
	Caught   string           `json:"caught,omitempty"` // the code of what it was caught at, until the journal has it
}

type arm struct {
	Served uint64 `json:"served"`
	Wanted uint64 `json:"wanted"` // of Served, those that something was wanted of
}

func encodeTrial(t *serve.Trial) *trialReply {
	out := &trialReply{Since: t.Since, Percent: t.Percent, Guard: t.Guard, AtHand: t.AtHand, Requests: t.Requests, Rho: t.Rho}
	if t.Stage == fold.Canary {
		out.Slates = map[string]arm{"live": {t.Live.Slates, t.Live.Wanted}, "canary": {t.Challenger.Slates, t.Challenger.Wanted}}
	}
	if t.Caught != nil {
		out.Caught = t.Caught.Code
	}
	return out
}

type versionReply struct {
	Version     int              `json:"version"`
	Created     string           `json:"created"`
	Until       freshet.Position `json:"trained_until_position"`
	Rows        int              `json:"rows"`
	AUC         float64          `json:"auc"`
	LogLoss     float64          `json:"logloss"`
	Baseline    float64          `json:"baseline_logloss"` // of always saying the mean
	Negatives   string           `json:"negatives"`
	SHA256      string           `json:"sha256"`
	GAUC        float64          `json:"gauc,omitempty"`
	Calibration float64          `json:"calibration,omitempty"` // the mean probability over the share of positives
	Bytes       int64            `json:"bytes,omitempty"`
	Form        string           `json:"form,omitempty"`
	Signals     []string         `json:"signals,omitempty"`     // that it predicts
	Definitions string           `json:"definitions,omitempty"` // hash of those trained on
	From        freshet.Position `json:"trained_from_position"`
	Ranking     registry.Ranking `json:"ranking,omitzero"`
	Source      string           `json:"source"`          // offline: trained from the journal
	Kind        registry.Kind    `json:"kind,omitempty"`  // absent: it ranks
	Recall      registry.Recall  `json:"recall,omitzero"` // of kinds that propose
	Unfit       string           `json:"unfit,omitempty"`
}

func encodeVersion(m *registry.Manifest) versionReply {
	v := versionReply{Version: m.Version, Created: m.Created, Until: m.Until, Rows: m.Rows, AUC: m.AUC, LogLoss: m.LogLoss,
		Baseline: m.Baseline, Negatives: m.Negatives, SHA256: m.SHA256, Source: "offline", Kind: m.Kind, Recall: m.Recall, Unfit: m.Faulty(),
		Bytes: m.Bytes, Definitions: m.Definitions, From: m.From, Ranking: m.Ranking}
	if t := m.Training; t != nil && len(t.Heads) > 0 {
		v.Form, v.GAUC, v.Calibration = t.Heads[0].Kind, t.Heads[0].GAUC, t.Heads[0].Calibration
		for i := range t.Heads {
			v.Signals = append(v.Signals, t.Heads[i].Signal)
		}
	}
	return v
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
	trial := a.Server.OnTrial()
	for _, m := range list {
		out := modelReply{Name: m.Name, Versions: []versionReply{}}
		if m.Live != 0 {
			out.Live, out.AtHand = &m.Live, &m.AtHand
			if m.Name == ranks.Name {
				out.Online = a.encodeOnline()
			}
		}
		if m.Previous != 0 {
			out.Previous = &m.Previous
		}
		if trial != nil && trial.Name == m.Name {
			out.Trial = encodeTrial(trial)
			if trial.Stage == fold.Shadow {
				out.Shadow = &trial.Version
			} else {
				out.Canary = &trial.Version
			}
		}
		for i := range m.Versions {
			out.Versions = append(out.Versions, encodeVersion(&m.Versions[i]))
		}
		reply.Data = append(reply.Data, out)
	}
	for _, w := range a.Server.Withdrawn() {
		reply.Withdrawn = append(reply.Withdrawn, withdrawn{w.Name, w.Version, w.SHA256, w.Code, w.Reason})
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
	Learned     *learnedStatus   `json:"learned"` // since the ranker is live; null where nothing is learned
}

// learnedStatus counts what an online update did. Bounds were reached by what is bounded or thinned.
type learnedStatus struct {
	Rows      uint64 `json:"rows"`
	Positives uint64 `json:"positives"` // of rows
	Bounded   uint64 `json:"bounded"`   // rows left out because a visitor or an item had its say
	Thinned   uint64 `json:"thinned"`   // rows left out because too many were waiting
	Orphans   uint64 `json:"orphans"`   // positives of nothing that was shown
	Repeats   uint64 `json:"repeats"`   // positives that had come before
	Diverged  uint64 `json:"diverged"`  // publications of the journal that are not what is learned from it here: 0, unless they are of another release or of other settings, or there is a defect
	Moved     int    `json:"moved"`     // weights that have left the model's
}

// encodeOnline is nil where nothing is learned and nothing was.
func (a *API) encodeOnline() *onlineStatus {
	u, learned, learns := a.Server.Updating()
	if !learns && u.Last.Number == 0 {
		return nil
	}
	out := &onlineStatus{Learning: learns, Publication: u.Number, Since: u.Since, Verdict: u.Last.Verdict, Rows: u.Last.Rows, Lead: u.Last.Lead, Bound: u.Last.Bound}
	if learns {
		l := learnedStatus(learned)
		out.Learned = &l
	}
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
