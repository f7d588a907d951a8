package fold

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/stream"
)

// Publication is the record of one verdict on what was learned online, with what it publishes. It is
// the JSON of the journal's topic "weights".
type Publication struct {
	Name    string           `json:"model"` // the ranker that it is of, by name, version and checksum
	Version int              `json:"version"`
	SHA256  string           `json:"sha256"`
	Number  int              `json:"number"` // 1, 2, … since that ranker is live
	Until   freshet.Position `json:"until"`  // the last record that was learned from
	Verdict Verdict          `json:"verdict"`

	Rows      int64   `json:"rows"`      // judged
	Positives int64   `json:"positives"` // of them
	Lead      float64 `json:"lead"`      // mean log-loss of the ranker as trained, less that of what the verdict is on
	Bound     float64 `json:"bound"`     // half the confidence interval of Lead
	LogLoss   float64 `json:"logloss"`   // of what the verdict is on
	Trained   float64 `json:"trained_logloss"`
	Expected  float64 `json:"calibration"` // positives that it expected, by one that came

	Patches [][]byte `json:"patches,omitempty"`        // by head: what has changed since the publication before, see rank.Patch
	Weights string   `json:"weights_sha256,omitempty"` // Updates.Hash once this one is in force; with Published

	Changes [][]rank.Patch `json:"-"` // of a proposal: what Patches will have, by head, in parts with weights in any order
}

// Verdict is what is thought of what was learned.
type Verdict string

// The verdicts. Each is journaled when it is another one than the last; Published every time.
const (
	Published Verdict = "published"   // it is better than the ranker as trained: what it learned ranks from here on
	Reverted  Verdict = "rolled_back" // what was published is worse: the ranker as trained ranks again
	Waiting   Verdict = "waiting"     // there are too few rows to say
	Undecided Verdict = "undecided"   // what was learned is neither better nor worse for certain
	Disabled  Verdict = "disabled"    // nothing is learned any more: the ranker as trained ranks again
)

// Updates is what was published for the ranker that is live. The zero Updates is nothing.
type Updates struct {
	Number  int              // of the publication in force; 0 is none, and the ranker ranks as trained
	Since   freshet.Position // where it came into force
	Last    Publication      // the newest record, of any verdict, without its patches
	At      int64            // when it was written, Unix ms
	Patches []rank.Patch     // by head: all that is in force, nil with Number 0

	// Proposed is the proposal that Last was made of, where that is known; otherwise nil.
	Proposed *Publication
}

// Hash names all weights of the ranker with this checksum and these patches: SHA-256 over the checksum
// and the patches as bytes, in hexadecimal.
func Hash(sum string, patches []rank.Patch) string {
	text := []byte(sum)
	for i := range patches {
		text = patches[i].Append(text)
	}
	of := sha256.Sum256(text)
	return hex.EncodeToString(of[:])
}

// Complete is the publication that a proposal becomes where before is in force, and that itself when it is
// complete already. It leaves the proposal as it is, so it needs no lock.
func (p *Publication) Complete(before []rank.Patch) *Publication {
	if p.Changes == nil {
		return p
	}
	out := *p
	out.Changes = nil
	merged := make([]rank.Patch, len(p.Changes))
	for i := range p.Changes {
		patch := rank.Join(p.Changes[i])
		out.Patches = append(out.Patches, patch.Append(nil))
		if merged[i] = patch; len(before) == len(merged) {
			merged[i] = before[i].Merge(&patch)
		}
	}
	out.Weights = Hash(p.SHA256, merged)
	return &out
}

// Apply takes in a publication. The error says why it is void, which changes nothing: it is of another
// ranker, out of turn, or does not say what its checksum says.
func (u *Updates) Apply(p *Publication, live *Model, at freshet.Position, received int64) error {
	return u.apply(p, nil, live, at, received)
}

// apply is Apply of a record that may have been prepared.
func (u *Updates) apply(p *Publication, ready *Prepared, live *Model, at freshet.Position, received int64) error {
	if p.Name != live.Name || p.Version != live.Version || p.SHA256 != live.SHA256 {
		return fmt.Errorf("publication %d: it is of %s version %d, and another ranker is live", p.Number, p.Name, p.Version)
	}
	if p.Number != u.Last.Number+1 {
		return fmt.Errorf("publication %d: the one before is %d", p.Number, u.Last.Number)
	}
	next := *u
	switch p.Verdict {
	case Published:
		patches := ready.merged(u.Patches)
		if patches == nil {
			var err error
			if patches, err = p.Merged(u.Patches); err != nil {
				return err
			}
		}
		next.Number, next.Since, next.Patches = p.Number, at, patches
	case Reverted, Disabled:
		next.Number, next.Since, next.Patches = 0, at, nil
	}
	next.Last, next.At, next.Proposed = *p, received, nil
	next.Last.Patches = nil
	if ready != nil {
		next.Proposed = ready.proposed
	}
	*u = next
	return nil
}

// Merged is what is in force with the publication, by head, before being what was. The error says that it
// does not decode, or is not what its checksum says.
func (p *Publication) Merged(before []rank.Patch) ([]rank.Patch, error) {
	if before != nil && len(before) != len(p.Patches) {
		return nil, errors.New("publication: it is of another number of heads than the one before")
	}
	merged := make([]rank.Patch, len(p.Patches))
	for i, text := range p.Patches {
		patch, err := rank.ReadPatch(text)
		if err != nil {
			return nil, fmt.Errorf("publication %d: %w", p.Number, err)
		}
		merged[i] = patch
		if before != nil {
			merged[i] = before[i].Merge(&patch)
		}
	}
	if sum := Hash(p.SHA256, merged); sum != p.Weights {
		return nil, fmt.Errorf("publication %d: its weights have the checksum %.12s…, where it says %.12s…", p.Number, sum, p.Weights)
	}
	return merged, nil
}

// published takes in a record of the topic "weights". One that is void was written by a newer release,
// or for a ranker that another has replaced meanwhile.
func (s *State) published(e *stream.Entry) {
	ready := s.prepared.Swap(nil)
	var record Publication
	if ready.of(e.Weights) {
		record = ready.record
	} else if err := json.Unmarshal(e.Weights, &record); err != nil {
		return
	} else {
		ready = nil
	}
	if err := s.Updates.apply(&record, ready, &s.Model, e.Position, e.Received); err != nil {
		return
	}
	if s.updater != nil {
		s.updater.Published(&s.Updates)
	}
}

// packPublished writes what is published, nothing when there never was anything and nothing is learned.
func (s *State) packPublished(w *pack.Writer) {
	if s.updater != nil || s.Updates.Last.Number != 0 {
		s.Updates.pack(w)
	}
}

func (s *State) unpackPublished(r *pack.Reader) {
	if r.More() {
		s.Updates.unpack(r)
	}
}

// packLearned writes what is learned, nothing when nothing ever was published either.
func (s *State) packLearned(w *pack.Writer) {
	if s.updater == nil && s.Updates.Last.Number == 0 {
		return
	}
	w.Bool(s.updater != nil)
	if s.updater != nil {
		s.updater.Pack(w)
	}
}

func (s *State) unpackLearned(r *pack.Reader) {
	learned := r.More() && r.Bool()
	if learned != (s.updater != nil) {
		r.Fail("it was learned online in one of two states, and not in the other")
		return
	}
	if learned {
		s.updater.Unpack(r)
	}
}

func (u *Updates) pack(w *pack.Writer) {
	w.Int(int64(u.Number))
	w.Uint(uint64(u.Since))
	w.Int(u.At)
	text, err := json.Marshal(&u.Last)
	if err != nil {
		panic("BUG: a publication that was read cannot be written: " + err.Error())
	}
	w.Blob(text)
	w.Len(len(u.Patches))
	for i := range u.Patches {
		w.Blob(u.Patches[i].Append(nil))
	}
}

func (u *Updates) unpack(r *pack.Reader) {
	*u = Updates{Number: int(r.Int()), Since: freshet.Position(r.Uint()), At: r.Int()}
	if err := json.Unmarshal(r.Blob(), &u.Last); err != nil && r.Err() == nil {
		r.Fail("the newest publication: %v", err)
	}
	for range r.Len(1) {
		patch, err := rank.ReadPatch(r.Blob())
		if err != nil && r.Err() == nil {
			r.Fail("what is published: %v", err)
		}
		u.Patches = append(u.Patches, patch)
	}
}
