package fold

import (
	"encoding/json"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// defined is what the journal says is defined. The zero defined is nothing.
type defined struct {
	features []feature.Definition
	since    map[string]freshet.Position // by name; 0 is not known
}

// Definitions reads the features of a definitions record. One that does not decode was written by
// a newer release; it has none that this one knows.
func Definitions(text []byte) []feature.Definition {
	var record struct {
		Features []feature.Definition `json:"features"`
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return nil
	}
	return record.Features
}

// Defined tells a state that was unpacked which definitions were in force at its position: those of
// the newest definitions record, wherever that stands.
func (s *State) Defined(text []byte) { s.defined.note(Definitions(text), 0) }

// Since is the position of the record by which a feature, as it is defined, came into force; 0 when
// no such record is known, because it stands before the snapshot that the state is made from.
func (s *State) Since(name string) freshet.Position { return s.defined.since[name] }

// define notes a definitions record, and swaps the features when it is the one that they have been
// warmed for. A state that is folded under other definitions than the record's stays with its own.
func (s *State) define(text []byte, p freshet.Position) {
	s.defined.note(Definitions(text), p)
	if w := s.warming; w != nil && w.level && w.text == string(text) {
		w.replace()
		s.warming, w.swapped = nil, p
		s.rebase()
	}
}

// note takes in the definitions that hold from p on. Those that were there before go on.
func (d *defined) note(features []feature.Definition, p freshet.Position) {
	since := make(map[string]freshet.Position, len(features))
	for _, f := range features {
		since[f.Name] = p
		if slices.ContainsFunc(d.features, func(was feature.Definition) bool { return was.Name == f.Name }) {
			since[f.Name] = d.since[f.Name]
		}
	}
	for _, c := range feature.Changes(d.features, features) {
		if c.Now != nil {
			since[c.Name] = p
		}
	}
	d.features, d.since = features, since
}
