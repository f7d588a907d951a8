package stream

// Ledger counts events. The books balance at every moment:
//
//	Received = Accepted + Duplicate + Refused
//	Accepted = Applied + Late + DeadLettered + Erased + Pending
//
// Accepted is what was taken into keeping, be it as a record of the journal or as a dead letter:
// a line of a file that cannot be used is kept, with its reason, and is no longer its sender's.
// What is refused over HTTP stays with its sender, who was told, and is not kept.
//
// Accepted, Applied, Late and DeadLettered count what the data directory holds, whenever it was
// written, and dead letters since dropped; Duplicate and Refused leave no trace and count from
// the start of the process.
type Ledger struct {
	Received     uint64 `json:"received"`
	Accepted     uint64 `json:"accepted"`
	Duplicate    uint64 `json:"duplicate"`
	Refused      uint64 `json:"refused"`
	Applied      uint64 `json:"applied"`
	Late         uint64 `json:"late"`
	DeadLettered uint64 `json:"dead_lettered"` // lines of imports that could not be used, records that are passed over
	Erased       uint64 `json:"erased"`
	Pending      uint64 `json:"pending"`
	Unkeyed      uint64 `json:"unkeyed"` // of Accepted, those without an event id: a retry would count twice
}

// count enters a batch of so many events that was admitted from src, of which some that were
// accepted cannot be told from a repetition.
func (s *Stream) count(src *source, brought int, unkeyed uint64, out *Outcome) {
	s.books.Lock()
	defer s.books.Unlock()
	s.ledger.Received += uint64(brought)
	s.ledger.Accepted += uint64(out.Accepted)
	s.ledger.Duplicate += uint64(out.Duplicate)
	s.ledger.Unkeyed += unkeyed
	if src.imported { // whoever brings an import keeps them, and counts them by DeadLetter
		s.ledger.Received -= uint64(len(out.Conflicts))
	} else {
		s.ledger.Refused += uint64(len(out.Conflicts))
	}
}

// Refuse counts n events that were refused before they came here.
func (s *Stream) Refuse(n int) {
	s.books.Lock()
	defer s.books.Unlock()
	s.ledger.Received += uint64(n)
	s.ledger.Refused += uint64(n)
}

// DeadLetter counts lines of imports that were refused: those kept as dead letters now, and
// those that had been kept before and were brought again.
func (s *Stream) DeadLetter(kept, known int) {
	s.books.Lock()
	defer s.books.Unlock()
	s.deadLetter(uint64(kept))
	s.ledger.Received += uint64(known)
	s.ledger.Duplicate += uint64(known)
}

// DeadLettered counts the dead letters that there were before the start. Call it once, after
// Replay.
func (s *Stream) DeadLettered(n uint64) {
	s.books.Lock()
	defer s.books.Unlock()
	s.deadLetter(n)
	s.replayed += n
}

func (s *Stream) deadLetter(n uint64) {
	s.ledger.Received += n
	s.ledger.Accepted += n
	s.ledger.DeadLettered += n
}

// Ledger returns the counts at one moment.
func (s *Stream) Ledger() Ledger {
	s.books.Lock()
	defer s.books.Unlock()
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

// Replayed is how many of the events that Ledger counts as received the data directory held when
// the journal was replayed, dead letters included; the others came since.
func (s *Stream) Replayed() uint64 {
	s.books.Lock()
	defer s.books.Unlock()
	return s.replayed
}
