package fold

import (
	"bytes"
	"encoding/json"

	"github.com/freshet-rec/freshet/rank"
)

// Prepared is a publication whose work is done before its record comes by: putting what it changes into
// order, merging that with what is in force, and the checksum of all of it. Applying the record then puts
// slices in the place of others. What comes of it is the same with and without: a record that is another
// one, or comes where something else is in force, is applied as if nothing were prepared.
type Prepared struct {
	text     []byte
	record   Publication
	proposed *Publication
	before   []rank.Patch
	after    []rank.Patch
}

// Prepare works out a proposal where before is in force, which must not be changed any more. The error
// is one of a publication that cannot be written or read again.
func Prepare(proposal *Publication, before []rank.Patch) (*Prepared, error) {
	p := &Prepared{record: *proposal.Complete(before), proposed: proposal, before: before}
	var err error
	if p.text, err = json.Marshal(&p.record); err != nil {
		return nil, err
	}
	if p.record.Verdict == Published {
		if p.after, err = p.record.Merged(before); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Text is the record.
func (p *Prepared) Text() []byte { return p.text }

// Patches are what the record brings into force, by head; nil when that is nothing.
func (p *Prepared) Patches() []rank.Patch { return p.after }

// of reports that it is of the record with this text.
func (p *Prepared) of(text []byte) bool { return p != nil && bytes.Equal(p.text, text) }

// merged is what is in force after the record if before is what it was prepared for, otherwise nil. What
// is in force is replaced and never changed, so the same slice says the same.
func (p *Prepared) merged(before []rank.Patch) []rank.Patch {
	if p == nil || len(p.before) != len(before) || len(before) > 0 && &p.before[0] != &before[0] {
		return nil
	}
	return p.after
}

// Expect lets the state know of a publication whose record is about to be written. It needs no lock.
func (s *State) Expect(p *Prepared) { s.prepared.Store(p) }
