package fold

import (
	"encoding/json"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// Switch is the record of one model switch: from its position on, that version is live in its slot.
// It is the JSON of the journal's topic "model".
type Switch struct {
	Name    string `json:"model"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"`
	By      string `json:"by"`             // Adopted or Promoted
	Slot    Slot   `json:"slot,omitempty"` // absent is Ranker, the only one of earlier releases
}

// Slot is a place that one trained model at a time is live in.
type Slot string

// The slots.
const (
	Ranker    Slot = ""          // ranks candidates
	Embedding Slot = "embedding" // vectors of items, for routes of kind embedding
	ItemItem  Slot = "itemitem"  // weights from item to item, for routes of kind linear
)

// Slots are all slots, in the order in which a state is packed.
var Slots = []Slot{Ranker, Embedding, ItemItem}

// How a model came to be live.
const (
	Adopted  = "adopted"  // by the server at its start, while none was ever promoted in its slot
	Promoted = "promoted" // by an operator
)

// Model is which model is live in a slot. The zero Model is none: the recall score ranks, and routes
// that go by a model have nothing to say.
type Model struct {
	Switch
	Since    freshet.Position // of the newest switch
	Promoted bool             // an operator has promoted a model, this one or an earlier one
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
// unknown slot changes nothing that this release has.
func (s *State) switched(e *stream.Entry) {
	var record Switch
	if err := json.Unmarshal(e.Model, &record); err != nil {
		record = Switch{By: Promoted}
	}
	switch record.Slot {
	case Ranker, Embedding, ItemItem:
		m := s.Live(record.Slot)
		*m = Model{Switch: record, Since: e.Position, Promoted: m.Promoted || record.By == Promoted}
		if record.Slot == Ranker {
			s.Updates = Updates{}
			s.rebase()
		}
	}
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
	w.Text(m.Name)
	w.Int(int64(m.Version))
	w.Text(m.SHA256)
	w.Text(m.By)
	w.Uint(uint64(m.Since))
	w.Bool(m.Promoted)
}

func (m *Model) unpack(r *pack.Reader, slot Slot) {
	*m = Model{Switch: Switch{Name: r.Text(), Version: int(r.Int()), SHA256: r.Text(), By: r.Text(), Slot: slot}, Since: freshet.Position(r.Uint()), Promoted: r.Bool()}
}
