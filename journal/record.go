package journal

import (
	"fmt"

	"github.com/freshet-rec/freshet"
)

// Record is one entry of the journal.
type Record struct {
	Position freshet.Position // given by Append
	Topic    string           // what kind of fact; at most MaxNameBytes
	Source   string           // who brought it: "http", "server", an import; at most MaxNameBytes
	Received int64            // when it was received, Unix milliseconds
	Seq      uint64           // place within its source, 0 if none
	Flags    uint8            // FlagLate; the other bits are the callers'
	Payload  []byte           // opaque; at most MaxPayloadBytes
}

// FlagLate marks an event that came later than its source's lateness allows.
const FlagLate uint8 = 1

// The bounds of a Record.
const (
	MaxNameBytes    = 512     // of Topic and of Source, each
	MaxPayloadBytes = 8 << 20 // of Payload
)

// check reports the bound that r breaks, if any.
func (r *Record) check() error {
	switch {
	case len(r.Topic) > MaxNameBytes:
		return fmt.Errorf("%w: its topic has %d bytes, at most %d are allowed", ErrRecord, len(r.Topic), MaxNameBytes)
	case len(r.Source) > MaxNameBytes:
		return fmt.Errorf("%w: its source has %d bytes, at most %d are allowed", ErrRecord, len(r.Source), MaxNameBytes)
	case len(r.Payload) > MaxPayloadBytes:
		return fmt.Errorf("%w: its payload has %d bytes, at most %d are allowed", ErrRecord, len(r.Payload), MaxPayloadBytes)
	}
	return nil
}
