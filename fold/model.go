package fold

import (
	"encoding/json"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// Switch is the record of one model switch: from its position on, that version is live in its slot,
// or on trial beside the one that is. It is the JSON of the journal's topic "model".
type Switch struct {
	Name    string  `json:"model"`
	Version int     `json:"version"`
	SHA256  string  `json:"sha256"`
	By      string  `json:"by"`                // Adopted, Promoted, Restored or Withdrawn
	Slot    Slot    `json:"slot,omitempty"`    // absent is Ranker, the only one of earlier releases
	Stage   Stage   `json:"stage,omitempty"`   // with Challenger only
	Percent float64 `json:"percent,omitempty"` // of Canary: of visitors, above 0 and at most 100
	Guard   *Guard  `json:"guard,omitempty"`   // with Challenger only: what the operator asks of it
	Code    string  `json:"code,omitempty"`    // with Withdrawn: what it was caught at
	Reason  string  `json:"reason,omitempty"`  // in words
}

// Slot is a place that one trained model at a time is live in.
type Slot string

// The slots. Challenger is the place beside Ranker: of the model that is on trial against the one
// that ranks. A release that knows no trials passes its records over.
const (
	Ranker     Slot = ""           // ranks candidates
	Embedding  Slot = "embedding"  // vectors of items, for routes of kind embedding
	ItemItem   Slot = "itemitem"   // weights from item to item, for routes of kind linear
	Challenger Slot = "challenger" // ranks candidates on trial
)

// Slots are those that a model is live in, in the order in which a state is packed.
var Slots = []Slot{Ranker, Embedding, ItemItem}

// Stage is how far a model on trial has come.
type Stage string

// The stages of a model before it is live.
const (
	Shadow Stage = "shadow" // scores requests beside the live one, and nothing of it is shown
	Canary Stage = "canary" // ranks for a stable share of visitors
	Ended  Stage = "ended"  // is on trial no more
)

// Guard is what an operator asks of a model on trial.
type Guard struct {
	GAUCDrop float64 `json:"gauc_drop,omitempty"` // how far its GAUC may lie below that of the live one; 0 is as far as chance explains
	P99      float64 `json:"p99_ms,omitempty"`    // how long it may take for a request's candidates, 99 times of 100; 0 is the bound of all models
}

// How a model came to be live, or was taken away.
const (
	Adopted   = "adopted"     // by the server at its start, while none was ever promoted in its slot or on trial beside it
	Promoted  = "promoted"    // by an operator
	Restored  = "rolled_back" // by an operator, to the version that was live before, or from a trial
	Withdrawn = "withdrawn"   // from its trial, by the server
)

// mostPast is how many versions that were live before, or withdrawn, are remembered in a slot.
const mostPast = 8

// Model is which model is live in a slot. The zero Model is none: the recall score ranks, and routes
// that go by a model have nothing to say.
type Model struct {
	Switch
	Since    freshet.Position // of the switch that made it live
	Promoted bool             // an operator has promoted a model, this one or an earlier one, or put one on trial beside it
	Past     []Switch         // what was live before, oldest first: to roll back to; must not be changed
	// Of Challenger, Past is what was withdrawn from its trial and was not made live since: the newest
	// mostPast.
}

// Bundles gives the contents of trained models, by what the journal says of them. The methods are
// called under the lock that guards the state, by many readers at once. They return nil for one that
// is not at hand.
type Bundles interface {
	Vectors(name string, version int, sha256 string) *recall.Vectors
	Linear(name string, version int, sha256 string) *recall.Linear
}

// Live is which model is live in a slot.
func (s *State) Live(slot Slot) *Model {
	switch slot {
	case Embedding:
		return &s.vectors
	case ItemItem:
		return &s.linear
	case Challenger:
		return &s.Challenger
	}
	return &s.Model
}

// SlotOf is the slot of the models that a kind of route goes by, and whether it goes by one.
func SlotOf(kind string) (slot Slot, ok bool) {
	switch kind {
	case recall.KindEmbedding:
		return Embedding, true
	case recall.KindLinear:
		return ItemItem, true
	}
	return "", false
}

// switched notes a switch. A record that does not decode was written by a newer release: it says
// which model, in words this one does not know, so no model ranks until the next switch. One of an
// unknown slot changes nothing that this release has. To promote what ranks already, which was adopted
// or rolled back to, ends neither its trial nor its publications.
func (s *State) switched(e *stream.Entry) {
	var record Switch
	if err := json.Unmarshal(e.Model, &record); err != nil {
		record = Switch{By: Promoted}
	}
	switch record.Slot {
	case Ranker, Embedding, ItemItem:
		if m := &s.Model; record.Slot == Ranker && record.By == Promoted && m.Name != "" && record.Same(m.Switch) {
			m.Switch, m.Promoted = record, true // nothing else ranks from here on
			return
		}
		s.Live(record.Slot).live(record, e.Position)
		if record.Slot == Ranker { // who was on trial was so against another one
			withdrawn := slices.DeleteFunc(slices.Clone(s.Challenger.Past), record.Same)
			s.Challenger, s.Arms, s.Firsts, s.Updates = Model{Past: withdrawn}, Arms{}, Firsts{}, Updates{}
			s.rebase()
		}
	case Challenger:
		withdrawn := s.Challenger.Past
		if record.By == Withdrawn {
			withdrawn = append(slices.DeleteFunc(slices.Clone(withdrawn), record.Same), record)
			withdrawn = withdrawn[max(0, len(withdrawn)-mostPast):]
		}
		s.Challenger, s.Arms, s.Firsts = Model{Past: withdrawn}, Arms{}, Firsts{}
		s.Model.Promoted = true // what an operator has put on trial is not to be live by a restart
		if record.Stage == Shadow || record.Stage == Canary {
			s.Challenger = Model{Switch: record, Since: e.Position, Past: withdrawn}
		}
	}
}

// live notes the next switch of a slot. To go back to what was live before takes it, and what came
// after it, off the past: going back again goes further back.
func (m *Model) live(record Switch, p freshet.Position) {
	past := m.Past
	at := -1
	if record.By == Restored {
		at = slices.IndexFunc(past, record.Same)
		for i := at + 1; at >= 0 && i < len(past); i++ { // the last of them
			if record.Same(past[i]) {
				at = i
			}
		}
	}
	switch {
	case at >= 0:
		past = slices.Clone(past[:at])
	case m.Name != "" && !record.Same(m.Switch):
		past = append(slices.Clone(past), m.Switch)
		past = past[max(0, len(past)-mostPast):]
	}
	*m = Model{Switch: record, Since: p, Promoted: m.Promoted || record.By == Promoted || record.By == Restored, Past: past}
}

// Same reports that both name the same bytes.
func (s Switch) Same(o Switch) bool {
	return s.Name == o.Name && s.Version == o.Version && s.SHA256 == o.SHA256
}

// liveVectors is what embedding routes go by.
func (s *State) liveVectors() (*recall.Vectors, error) {
	m := &s.vectors
	if m.Name == "" {
		return nil, nil
	}
	if s.bundles != nil {
		if v := s.bundles.Vectors(m.Name, m.Version, m.SHA256); v != nil {
			return v, nil
		}
	}
	return nil, recall.ErrUnavailable
}

// liveLinear is what linear routes go by.
func (s *State) liveLinear() (*recall.Linear, error) {
	m := &s.linear
	if m.Name == "" {
		return nil, nil
	}
	if s.bundles != nil {
		if l := s.bundles.Linear(m.Name, m.Version, m.SHA256); l != nil {
			return l, nil
		}
	}
	return nil, recall.ErrUnavailable
}

func (m *Model) pack(w *pack.Writer) {
	m.Switch.pack(w)
	w.Uint(uint64(m.Since))
	w.Bool(m.Promoted)
	w.Len(len(m.Past))
	for i := range m.Past {
		m.Past[i].pack(w)
	}
}

func (m *Model) unpack(r *pack.Reader, slot Slot) {
	*m = Model{Switch: unpackSwitch(r, slot), Since: freshet.Position(r.Uint()), Promoted: r.Bool()}
	n := r.Len(1)
	if n > mostPast {
		r.Fail("%d versions that were live before; at most %d are kept", n, mostPast)
		return
	}
	for range n {
		m.Past = append(m.Past, unpackSwitch(r, slot))
	}
}

func (s *Switch) pack(w *pack.Writer) {
	w.Text(s.Name)
	w.Int(int64(s.Version))
	w.Text(s.SHA256)
	w.Text(s.By)
	w.Text(string(s.Stage))
	w.Float(s.Percent)
	w.Bool(s.Guard != nil)
	if g := s.Guard; g != nil {
		w.Float(g.GAUCDrop)
		w.Float(g.P99)
	}
	w.Text(s.Code)
	w.Text(s.Reason)
}

func unpackSwitch(r *pack.Reader, slot Slot) Switch {
	s := Switch{Name: r.Text(), Version: int(r.Int()), SHA256: r.Text(), By: r.Text(), Slot: slot, Stage: Stage(r.Text()), Percent: r.Float()}
	if r.Bool() {
		s.Guard = &Guard{GAUCDrop: r.Float(), P99: r.Float()}
	}
	s.Code, s.Reason = r.Text(), r.Text()
	return s
}
