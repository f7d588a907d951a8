package stream

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/journal"
)

// Pass says how much of a record is left out.
type Pass int

// The parts of a record that are left out.
const (
	PassNothing Pass = iota
	PassApply        // it is admitted, with its id and its time, and not folded in
	PassAll          // it is not even decoded: nothing of it counts but its place in its source
)

// PoisonError says that a record cannot be taken in, though it is whole: it does not decode, or to
// decode it or to fold it in panicked.
type PoisonError struct {
	Position freshet.Position
	Last     freshet.Position // 0, or it is one of the records from Position to here: a replay finds out which
	Pass     Pass             // what must be left out of it: PassApply, of which the state is changed in part, or PassAll
	Reason   string           // one line
	Stack    []byte           // of the panic, if it was one
	err      error
}

func (e *PoisonError) Error() string {
	if e.Last != 0 {
		return fmt.Sprintf("one of the records %s to %s of the journal cannot be taken in: %s", e.Position, e.Last, e.Reason)
	}
	return fmt.Sprintf("record %s of the journal cannot be taken in: %s", e.Position, e.Reason)
}

func (e *PoisonError) Unwrap() error { return e.err }

// ErrPanicked says that the program, not the record, is at fault.
var ErrPanicked = errors.New("the program panicked")

// panicked makes an error of what recover returned.
func panicked(p freshet.Position, pass Pass, what string, value any) *PoisonError {
	return &PoisonError{Position: p, Pass: pass, Reason: fmt.Sprintf("%s panicked: %v", what, value), Stack: debug.Stack(), err: ErrPanicked}
}

// Watch follows a replay from record to record, so that after the death of the process somebody
// knows where it was.
type Watch interface {
	// At is told, in the order of the journal, what comes next: with PassNothing some records, of
	// which this is the first, while up to AheadOf behind it may be at work; with PassAll the
	// decoding of a record alone, with PassApply its folding in.
	At(p freshet.Position, what Pass)
	// Alone reports whether to take in a record with no other one at work.
	Alone(p freshet.Position) bool
}

// AheadOf bounds how far beyond the last position that a Watch was told of a replay may be.
const AheadOf = (replayAhead + 4) * replayBatch

// Poisoned is closed when a live record could not be folded in. The state is then changed in part and
// stays locked: nobody reads it any more, and the process should end, without waiting for requests.
func (s *Stream) Poisoned() <-chan struct{} { return s.poisoned }

// Poison is why, nil while there is nothing wrong.
func (s *Stream) Poison() error {
	if p := s.poison.Load(); p != nil {
		return p
	}
	return nil
}

// pass is how much of the record at p is left out.
func (s *Stream) pass(p freshet.Position) Pass {
	if s.passes == nil {
		return PassNothing
	}
	return s.passes(p)
}

// report tells of a record that cannot be taken in. The error is nil when it is passed over from now
// on.
func (s *Stream) report(e *PoisonError) error {
	if s.onPoison == nil {
		return e
	}
	return s.onPoison(e)
}

// foldIn folds in a batch; the state lock is held. It returns false when a record could not be. Where
// it is not known which of several that were at work at once, none is reported: the next start
// replays them one by one.
func (s *Stream) foldIn(batch []Entry) (ok bool) {
	var at Stretch
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		e := panicked(batch[at.First].Position, PassApply, "folding it in", value)
		if at.Last > at.First {
			e.Last = batch[at.Last].Position
		} else if err := s.report(e); err != nil && !errors.Is(err, e) {
			e.Reason += fmt.Sprintf("; and it could not be put aside: %v", err)
		}
		s.poison.Store(e)
		close(s.poisoned)
	}()
	for i := range batch {
		at = Stretch{i, i}
		poisonApply(&batch[i])
	}
	s.fold.ApplyAll(batch, &at)
	return true
}

// open decodes a record for a replay. What goes wrong becomes its poison.
func (s *Stream) open(one *replayed, rec *journal.Record) {
	*one = replayed{entry: Entry{Position: rec.Position, Topic: rec.Topic, Source: rec.Source, Received: rec.Received}, seq: rec.Seq, pass: s.pass(rec.Position)}
	if one.pass == PassAll {
		return
	}
	entry, err := Decode(rec)
	switch {
	case err == nil:
		one.entry = entry
	case errors.Is(err, ErrUndecodable):
		one.poison = &PoisonError{Position: rec.Position, Pass: PassAll, Reason: err.Error(), err: err}
		return
	default:
		one.failed = err
		return
	}
	if entry.Event != nil {
		defer func() {
			if value := recover(); value != nil {
				one.poison = panicked(rec.Position, PassAll, "hashing it", value)
			}
		}()
		one.mark = markOf(entry.Event, codec.FingerprintOf(rec.Payload))
	}
}
