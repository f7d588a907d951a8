package stream

// Ledger counts events. The books balance at every moment:
//
//	Received = Accepted + Duplicate + Refused
//	Accepted = Applied + Late + DeadLettered + Erased + Pending
//
// Accepted, Applied and Late count what the journal holds, whenever it was written;
// Duplicate and Refused leave no record and count from the start of the process.
type Ledger struct {
	Received     uint64 `json:"received"`
	Accepted     uint64 `json:"accepted"`
	Duplicate    uint64 `json:"duplicate"`
	Refused      uint64 `json:"refused"`
	Applied      uint64 `json:"applied"`
	Late         uint64 `json:"late"`
	DeadLettered uint64 `json:"dead_lettered"`
	Erased       uint64 `json:"erased"`
	Pending      uint64 `json:"pending"`
	Unkeyed      uint64 `json:"unkeyed"` // of Accepted, those without an event id: a retry would count twice
}

// Refuse counts n events that were refused before they came here.
func (s *Stream) Refuse(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Received += uint64(n)
	s.ledger.Refused += uint64(n)
}

// Ledger returns the counts at one moment.
func (s *Stream) Ledger() Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.ledger
	l.Pending = l.Accepted - l.Applied - l.Late - l.DeadLettered - l.Erased
	return l
}

// EventIDs is how many event ids are remembered, and how many were forgotten only because there
// was no room for more.
func (s *Stream) EventIDs() (held int, evicted uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids.Len(), s.ids.Evicted()
}

// Replayed is how many of the events that Ledger counts as received the journal held when it
// was replayed; the others came since.
func (s *Stream) Replayed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replayed
}
