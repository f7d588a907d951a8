package fold

import (
	"encoding/json"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/stream"
)

// Switch is the record of one model switch: from its position on, slates are ranked by that
// version. It is the JSON of the journal's topic "model".
type Switch struct {
	Name    string `json:"model"`
	Version int    `json:"version"`
	SHA256  string `json:"sha256"`
	By      string `json:"by"` // Adopted or Promoted
}

// How a model came to rank.
const (
	Adopted  = "adopted"  // by the server at its start, while none was ever promoted
	Promoted = "promoted" // by an operator
)

// Model is which model ranks. The zero Model is none: the recall score ranks.
type Model struct {
	Switch
	Since    freshet.Position // of the newest switch
	Promoted bool             // an operator has promoted a model, this one or an earlier one
}

// apply notes a switch. A record that does not decode was written by a newer release: it says
// which model, in words this one does not know, so no model ranks until the next switch.
func (m *Model) apply(e *stream.Entry) {
	var record Switch
	if err := json.Unmarshal(e.Model, &record); err != nil {
		record = Switch{By: Promoted}
	}
	*m = Model{Switch: record, Since: e.Position, Promoted: m.Promoted || record.By == Promoted}
}
