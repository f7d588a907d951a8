package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/journal"
)

// Fold is a state machine over the journal: its state is a function of the entries applied,
// in order. It keeps no clock and no randomness.
type Fold interface {
	// Apply folds in the next entry. It may keep what the entry points to.
	Apply(e *Entry)
	// ApplyAll is Apply of each entry, in order: the state afterwards is the same. It keeps at up to
	// date, so that after a panic it can be told whose it was.
	ApplyAll(entries []Entry, at *Stretch)
}

// Stretch is which of some entries are at work: those from First to Last, by index.
type Stretch struct{ First, Last int }

// Options configure a Stream.
type Options struct {
	Log      *journal.Log
	Fold     Fold             // nil folds nothing
	Now      func() time.Time // the clock, for measuring how soon events are applied
	Lateness freshet.Duration // how far behind its source's watermark an event may be
	MaxIDs   int              // event ids remembered at most; 0 is the journal package's default
	// Pass says how much of the record at a position is left out of a replay; nil leaves out nothing.
	Pass func(freshet.Position) Pass
	// Poisoned is told of a record that cannot be taken in, from the goroutine that tries. It returns
	// nil when the record is passed over from now on, and known to be. nil passes nothing over.
	Poisoned func(*PoisonError) error
	Watch    Watch // follows the replay; nil is nobody
}

// Stream admits and applies. Use New.
type Stream struct {
	log      *journal.Log
	fold     Fold
	now      func() time.Time
	lateness int64

	mu      sync.Mutex // guards the next block; held for admission. The queue and the books have locks of their own, taken inside
	ids     *journal.IDs
	sources map[string]*source
	defs    []byte // the newest definitions in the journal
	closed  bool   // nothing is applied any more

	queue   queue
	scratch sync.Pool // of work

	books    sync.Mutex // guards the next block
	ledger   Ledger
	replayed uint64 // of ledger.Received, what was there before the start

	state          sync.RWMutex // guards the fold's state; the applier writes, View reads
	waitingReaders atomic.Int64 // who wait for state in ViewWithin
	applied        atomic.Uint64
	effects        [effectsKept]effect // guarded by state

	passes   func(freshet.Position) Pass
	onPoison func(*PoisonError) error
	watch    Watch
	poison   atomic.Pointer[PoisonError]
	poisoned chan struct{}

	waiting waiters
	wake    chan struct{}
	stop    chan struct{}
	started bool
	wg      sync.WaitGroup
}

// New returns a Stream that is not yet running: call Replay when the journal holds anything,
// then Start.
func New(o Options) *Stream {
	return &Stream{
		log: o.Log, fold: o.Fold, now: o.Now, lateness: int64(o.Lateness),
		ids: journal.NewIDs(o.MaxIDs), sources: map[string]*source{},
		passes: o.Pass, onPoison: o.Poisoned, watch: o.Watch, poisoned: make(chan struct{}),
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// readmit does to the admission state what admitting the entry did; mu and the books are held. One
// that is passed over is in the books as the dead letter that shows it.
func (s *Stream) readmit(r *replayed) {
	e := &r.entry
	src := s.source(e.Source)
	src.take(r.seq)
	if e.Definitions != nil {
		s.defs = e.Definitions
	}
	if e.Clock != nil {
		s.setBack(e.Clock)
	}
	if e.Event == nil {
		return
	}
	s.remember(src, e.Received, &r.mark)
	if r.pass != PassNothing {
		return
	}
	s.replayed++
	s.ledger.Received++
	s.ledger.Accepted++
	if e.Late {
		s.ledger.Late++
	} else {
		s.ledger.Applied++
	}
	if e.Event.ID == "" && r.seq == 0 {
		s.ledger.Unkeyed++
	}
}

func (s *Stream) source(name string) *source {
	src := s.sources[name]
	if src == nil {
		src = newSource(name)
		s.sources[name] = src
	}
	return src
}

// mark is what admission needs to know of an event: its time, and what is remembered of its id.
type mark struct {
	id    [16]byte
	print uint64 // of the event, to tell a repetition from another event
	time  int64  // Unix ms
	keyed bool   // it has an id
}

// markOf is the mark of an event whose canonical form has the given fingerprint.
func markOf(e *freshet.Event, print uint64) mark {
	m := mark{time: e.Time}
	if e.ID != "" {
		m.id, m.print, m.keyed = journal.Hash(e.ID), print, true
	}
	return m
}

// remember notes an admitted event's id and moves the source's watermark. An id is kept
// until the watermark has passed its event time, its time of receipt and the watermark it
// met, each by the allowed lateness: a copy that comes later still is late itself. Ids of
// imports are kept while there is room, since imports are never late.
func (s *Stream) remember(src *source, received int64, m *mark) {
	if m.keyed {
		until := int64(math.MaxInt64)
		if !src.imported {
			until = max(m.time, received, src.watermark) + s.lateness
		}
		s.ids.Add(m.id, m.print, until)
	}
	src.advance(m.time, received)
	if !src.imported {
		s.ids.Advance(src.watermark)
	}
}

// Outcome is what became of a batch.
type Outcome struct {
	Accepted  int // journaled, Late ones included
	Duplicate int
	Late      int
	Conflicts []int // indexes of events whose id another payload has; they are not in
	Position  freshet.Position
}

// Events admits a batch that came from source at received (Unix ms) and returns when what it
// accepted, and the originals of its duplicates, are durable and applied. seqs gives each
// event's place in its source, nil for none; an event whose place was brought before is a
// duplicate. An error means that nothing can be said of the events: send them again. It
// wraps ctx's error, journal.ErrFailed, journal.ErrNoSpace, journal.ErrStalled or journal.ErrClosed.
func (s *Stream) Events(ctx context.Context, from string, received int64, events []freshet.Event, seqs []uint64) (Outcome, error) {
	arrived := s.now()
	if err := s.log.WaitRoom(ctx); err != nil {
		return Outcome{}, err
	}
	w := s.work(from, arrived, received, events, seqs)
	out, wait, err := s.admit(from, received, w)
	if err != nil {
		s.spare(w)
		return out, err
	}
	if err := s.waitApplied(ctx, wait, w); err != nil {
		return out, err
	}
	if out.Position == 0 {
		out.Position = s.Applied()
	}
	return out, nil
}

// lookAhead is how many events before its own turn the memory of ids is asked to fetch what it
// knows of one: enough for a miss of some 100 ns at about 20 ns an event.
const lookAhead = 8

// admit gives the verdicts and appends, in one order with every other admission. It returns
// the position to wait for. Until the journal has taken the records nothing is remembered of them,
// so that after an error the same events are new again.
func (s *Stream) admit(from string, received int64, w *work) (out Outcome, wait freshet.Position, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	src := s.source(from)
	here := batchIDs{}
	moved := *src // the watermark as this batch moves it
	brought, n, unkeyed := len(w.marks), 0, uint64(0)
	for i := range min(lookAhead, brought) {
		s.ids.Ahead(&w.marks[i].id)
	}
	for i := range w.marks {
		if next := i + lookAhead; next < brought {
			s.ids.Ahead(&w.marks[next].id)
		}
		m, seq := &w.marks[i], w.records[i].Seq
		if src.taken(seq) {
			out.Duplicate++
			continue
		}
		if m.keyed {
			verdict := journal.Unknown
			if w.repeats {
				verdict = here.look(m.id, m.print)
			}
			if verdict == journal.Unknown {
				verdict = s.ids.Look(m.id, m.print)
			}
			if verdict == journal.Duplicate {
				out.Duplicate++
				continue
			}
			if verdict == journal.Conflict {
				out.Conflicts = append(out.Conflicts, i)
				continue
			}
			if w.repeats {
				here.add(m.id, m.print, brought)
			}
		} else if seq == 0 {
			unkeyed++
		}
		w.move(i, n)
		if moved.late(w.marks[n].time, s.lateness) {
			w.records[n].Flags |= journal.FlagLate
			w.entries[n].Late = true
			out.Late++
		}
		moved.advance(w.marks[n].time, received)
		n++
	}
	w.keep(n)
	if n > 0 && !s.closed {
		w.entries[n-1].done, w.waits = w.done, true
	}
	if out.Position, err = s.journal(w.records, w.entries); err != nil {
		w.waits = false
		return Outcome{}, 0, err
	}
	for i := range w.marks {
		src.take(w.records[i].Seq)
		s.remember(src, received, &w.marks[i])
	}
	out.Accepted = n
	s.count(src, brought, unkeyed, &out)
	s.line(w.entries)
	wait = out.Position
	if out.Duplicate > 0 {
		wait = s.log.Last() // the original may still be on its way
	}
	return out, wait, nil
}

// batchIDs are the ids that a batch itself brought so far. The zero batchIDs is empty.
type batchIDs struct{ prints map[[16]byte]uint64 }

func (b *batchIDs) look(id [16]byte, print uint64) journal.Verdict {
	switch first, ok := b.prints[id]; {
	case !ok:
		return journal.Unknown
	case first == print:
		return journal.Duplicate
	}
	return journal.Conflict
}

// add notes an id of a batch of n events; a batch of one has nobody to be compared with.
func (b *batchIDs) add(id [16]byte, print uint64, n int) {
	if n == 1 {
		return
	}
	if b.prints == nil {
		b.prints = make(map[[16]byte]uint64, n)
	}
	b.prints[id] = print
}

// append journals records and queues their entries; mu is held. It returns the last position,
// 0 when there are none.
func (s *Stream) append(records []journal.Record, entries []Entry) (freshet.Position, error) {
	last, err := s.journal(records, entries)
	if err == nil {
		s.line(entries)
	}
	return last, err
}

// journal gives records and their entries positions; mu is held. It returns the last one, 0 when
// there are none.
func (s *Stream) journal(records []journal.Record, entries []Entry) (freshet.Position, error) {
	if len(records) == 0 {
		return 0, nil
	}
	last, err := s.log.Append(records)
	if err != nil {
		return 0, fmt.Errorf("append to the journal: %w", err)
	}
	for i := range entries {
		entries[i].Position = records[i].Position
	}
	return last, nil
}

// line queues entries that have their positions; mu is held, so they come in order. Events are
// in the books by then, so that nothing is applied that was not accepted.
func (s *Stream) line(entries []Entry) {
	if len(entries) == 0 {
		return
	}
	s.queue.push(entries)
	if s.log.Safe() >= entries[len(entries)-1].Position {
		s.rouse() // the applier may have looked in vain
	}
}

// rouse has the applier look at the queue.
func (s *Stream) rouse() {
	select {
	case s.wake <- struct{}{}:
	default: // a wake-up is already waiting
	}
}

// Items admits catalogue entries, as Events does events.
func (s *Stream) Items(ctx context.Context, from string, received int64, items []freshet.Item, seqs []uint64) (Outcome, error) {
	return s.documents(ctx, from, received, len(items), seqs, func(i int) (Entry, []byte) {
		return Entry{Topic: freshet.TopicCatalog, Item: &items[i]}, codec.AppendItem(nil, &items[i])
	})
}

// Users admits what is known of users, as Items does catalogue entries.
func (s *Stream) Users(ctx context.Context, from string, received int64, users []freshet.User, seqs []uint64) (Outcome, error) {
	return s.documents(ctx, from, received, len(users), seqs, func(i int) (Entry, []byte) {
		return Entry{Topic: freshet.TopicUsers, User: &users[i]}, codec.AppendUser(nil, &users[i])
	})
}

// documents admits n entries that replace what there was. each gives one, without its source and
// time, and its payload.
func (s *Stream) documents(ctx context.Context, from string, received int64, n int, seqs []uint64, each func(i int) (Entry, []byte)) (Outcome, error) {
	if err := s.log.WaitRoom(ctx); err != nil {
		return Outcome{}, err
	}
	records := make([]journal.Record, 0, n)
	entries := make([]Entry, 0, n)
	var out Outcome
	s.mu.Lock()
	src := s.source(from)
	for i := range n {
		seq := uint64(0)
		if seqs != nil {
			seq = seqs[i]
		}
		if src.taken(seq) {
			out.Duplicate++
			continue
		}
		e, payload := each(i)
		e.Source, e.Received = from, received
		records = append(records, journal.Record{Topic: e.Topic, Source: from, Received: received, Seq: seq, Payload: payload})
		entries = append(entries, e)
	}
	var err error
	if out.Position, err = s.append(records, entries); err == nil {
		out.Accepted = len(records)
		for i := range records {
			src.take(records[i].Seq)
		}
	}
	s.mu.Unlock()
	if err != nil {
		return Outcome{}, err
	}
	if err := s.WaitApplied(ctx, out.Position); err != nil {
		return out, err
	}
	if out.Position == 0 {
		out.Position = s.Applied()
	}
	return out, nil
}

// Served journals a served slate and returns when the operating system has it: it survives
// the process, and a power cut once the next group is synced.
func (s *Stream) Served(ctx context.Context, received int64, text []byte) error {
	p, err := s.own(received, freshet.TopicServed, Entry{Served: text}, text)
	if err != nil {
		return err
	}
	return s.log.WaitWritten(ctx, p)
}

// Define journals the definitions in force, unless the newest ones in the journal are the
// same, and returns when they are durable and applied.
func (s *Stream) Define(ctx context.Context, received int64, text []byte) error {
	s.mu.Lock()
	same := string(s.defs) == string(text)
	s.mu.Unlock()
	if same {
		return nil
	}
	p, err := s.own(received, freshet.TopicDefinitions, Entry{Definitions: text}, text)
	if err != nil {
		return err
	}
	return s.WaitApplied(ctx, p)
}

// Definitions are the newest ones in the journal, nil before the first. They must not be changed.
func (s *Stream) Definitions() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.defs
}

// Switch journals which model ranks from here on and returns when that is durable and applied.
func (s *Stream) Switch(ctx context.Context, received int64, text []byte) (freshet.Position, error) {
	p, err := s.own(received, freshet.TopicModel, Entry{Model: text}, text)
	if err != nil {
		return 0, err
	}
	return p, s.WaitApplied(ctx, p)
}

// Publish journals a verdict on the weights learned online, with what it publishes, and returns when
// that is durable and applied.
func (s *Stream) Publish(ctx context.Context, received int64, text []byte) (freshet.Position, error) {
	p, err := s.own(received, freshet.TopicWeights, Entry{Weights: text}, text)
	if err != nil {
		return 0, err
	}
	return p, s.WaitApplied(ctx, p)
}

// SetBack journals that the watermark of a source, which came from a clock that was ahead, is to, and
// returns when that is durable and applied. It does nothing when the watermark is no later.
func (s *Stream) SetBack(ctx context.Context, received int64, source string, to int64) error {
	c := &Clock{Of: source, Watermark: to, Was: s.Watermarks()[source]}
	if c.Was <= to {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	p, err := s.own(received, freshet.TopicClock, Entry{Clock: c}, text)
	if err != nil {
		return err
	}
	return s.WaitApplied(ctx, p)
}

func (s *Stream) own(received int64, topic string, e Entry, text []byte) (freshet.Position, error) {
	e.Topic, e.Source, e.Received = topic, SourceServer, received
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.append([]journal.Record{{Topic: topic, Source: SourceServer, Received: received, Payload: text}}, []Entry{e})
	if err == nil && e.Definitions != nil {
		s.defs = text
	}
	if err == nil && e.Clock != nil {
		s.setBack(e.Clock)
	}
	return p, err
}

// Durable is the position up to which records are durable.
func (s *Stream) Durable() freshet.Position { return s.log.Durable() }

// First is the position where the journal begins: 1, or more once old records were given up.
func (s *Stream) First() freshet.Position { return s.log.First() }

// Applied is the position up to which records are applied.
func (s *Stream) Applied() freshet.Position { return freshet.Position(s.applied.Load()) }

// Full is why no events are taken just now, nil unless the disk is full.
func (s *Stream) Full() error { return s.log.Full() }

// Stalled is why no events are taken just now, nil unless the disk does not answer.
func (s *Stream) Stalled() error { return s.log.Stalled() }

// Relaxed reports that what is acknowledged may not be on the disk yet.
func (s *Stream) Relaxed() bool { return s.log.Relaxed() }

// Err is the journal's failure, nil while it can take events.
func (s *Stream) Err() error { return s.log.Err() }

// NoSpace reports that err says the disk is full: the same may be taken once there is room.
func NoSpace(err error) bool { return errors.Is(err, journal.ErrNoSpace) }

// Stalled reports that err says the disk does not answer: what was sent may become durable later, or
// not, and can be sent again.
func Stalled(err error) bool { return errors.Is(err, journal.ErrStalled) }

// Unavailable reports that err says the journal takes no more events, not just now but until
// a restart.
func Unavailable(err error) bool {
	return errors.Is(err, journal.ErrFailed) || errors.Is(err, journal.ErrClosed)
}
