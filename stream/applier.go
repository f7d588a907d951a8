package stream

import (
	"context"
	"sync"
	"time"

	"github.com/freshet-rec/freshet"
)

// applyAtOnce bounds the records folded under one hold of the state lock, and so how long a
// reader waits for the writer: about 1 ms.
const applyAtOnce = 128

// Start begins to apply. Call it once, after Replay.
func (s *Stream) Start() {
	s.started = true
	s.log.OnTrouble(s.lookAgain)
	s.log.OnSafe(func(freshet.Position) { s.rouse() })
	s.wg.Go(s.apply)
}

// apply is the one applier: it folds what has become durable, in order.
func (s *Stream) apply() {
	room := make([]Entry, 0, applyAtOnce)
	for {
		select {
		case <-s.wake:
		case <-s.stop:
			return
		}
		for {
			batch := s.take(room, s.log.Safe())
			if len(batch) == 0 {
				break
			}
			s.state.Lock()
			if s.fold != nil && !s.foldIn(batch) {
				s.letGo(batch)
				return // and nobody reads the state any more
			}
			last := batch[len(batch)-1].Position
			s.measure(batch)
			s.applied.Store(uint64(last))
			s.state.Unlock()
			release(batch)
			s.waiting.release(last)
		}
	}
}

// take removes from the queue up to applyAtOnce entries that are durable and counts them, first, so that whoever sees what is applied sees it in the books.
func (s *Stream) take(room []Entry, durable freshet.Position) []Entry {
	batch := s.queue.take(room, applyAtOnce, durable)
	s.books.Lock()
	defer s.books.Unlock()
	for i := range batch {
		switch {
		case batch[i].Event == nil:
		case batch[i].Late:
			s.ledger.Late++
		default:
			s.ledger.Applied++
		}
	}
	return batch
}

// effectsKept is how many of the newest positions Effect knows.
const effectsKept = 1 << 13

// effect is how long one event took from arrival to being applied.
type effect struct {
	position freshet.Position
	took     time.Duration
}

// measure notes when live events were applied; the state lock is held.
func (s *Stream) measure(batch []Entry) {
	now := s.now()
	for i := range batch {
		if e := &batch[i]; !e.arrived.IsZero() {
			s.effects[e.Position%effectsKept] = effect{e.Position, now.Sub(e.arrived)}
		}
	}
}

// Effect returns how long the event at p took from its arrival until it was applied, and
// whether that is known: it is for the newest few thousand positions of this process. Call
// it inside View.
func (s *Stream) Effect(p freshet.Position) (time.Duration, bool) {
	e := s.effects[p%effectsKept]
	return e.took, e.position == p && p != 0
}

// View calls read with the state held still at position p. read must be short, must not
// block, and must not call View.
func (s *Stream) View(read func(p freshet.Position)) {
	s.state.RLock()
	defer s.state.RUnlock()
	read(s.Applied())
}

// maxWaiting bounds those who wait in ViewWithin at once: a request each.
const maxWaiting = 4096

// ViewWithin is View for a reader who waits for the state no longer than wait; it reports whether
// read was called. What keeps the state longer is a reader that does not end, and the writer who
// waits for it.
func (s *Stream) ViewWithin(wait time.Duration, read func(p freshet.Position)) bool {
	if !s.state.TryRLock() && !s.lockWithin(wait) {
		return false
	}
	defer s.state.RUnlock()
	read(s.Applied())
	return true
}

// lockWithin takes the state for reading, if that can be had within wait. The goroutine that waits
// in the place of its caller ends when it has the state, which is when everybody has it again.
func (s *Stream) lockWithin(wait time.Duration) bool {
	if s.waitingReaders.Add(1) > maxWaiting {
		s.waitingReaders.Add(-1)
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	has, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer s.waitingReaders.Add(-1)
		s.state.RLock()
		select {
		case has <- struct{}{}:
		case <-gone:
			s.state.RUnlock()
		}
	}()
	select {
	case <-has:
		return true
	case <-timer.C:
		close(gone)
		return false
	}
}

// Hold calls change with the state held still at position p and nobody reading it. It is for what
// leaves every value as it is, between two records. change must be short, must not block, and must
// not call View or Hold. Like View it waits without end once Poisoned is closed.
func (s *Stream) Hold(change func(p freshet.Position)) {
	s.state.Lock()
	defer s.state.Unlock()
	change(s.Applied())
}

// WaitApplied returns when everything up to p is applied. It fails with ctx's error, or with
// the journal's when the records can no longer become durable.
func (s *Stream) WaitApplied(ctx context.Context, p freshet.Position) error {
	if s.Applied() >= p {
		return nil
	}
	// Only the wait for the disk can fail: what is durable will be applied.
	if err := s.log.WaitSafe(ctx, p); err != nil {
		return err
	}
	done := s.waiting.add(p)
	if s.Applied() >= p { // applied between the look and the add
		s.waiting.remove(done)
		return nil
	}
	select {
	case <-done:
		return nil
	case <-s.stop:
		s.waiting.remove(done)
		return context.Canceled
	case <-s.poisoned:
		s.waiting.remove(done)
		return s.Poison()
	case <-ctx.Done():
		s.waiting.remove(done)
		return ctx.Err()
	}
}

// waitApplied is WaitApplied for what was admitted with w, which is free afterwards unless the queue
// still has its entries.
func (s *Stream) waitApplied(ctx context.Context, p freshet.Position, w *work) error {
	free := len(w.entries) == 0
	if w.waits {
		last := w.entries[len(w.entries)-1].Position
		select {
		case <-w.done:
			free = s.Applied() >= last // else its entries are still in the queue
		case <-ctx.Done(): // so they may be, and somebody may still put a token into done
		}
	}
	if free {
		s.spare(w)
	}
	return s.WaitApplied(ctx, p)
}

// lookAgain has those who wait for what is in the queue look at what became of the journal.
func (s *Stream) lookAgain() {
	s.queue.release()
}

// Close stops applying. The journal is the caller's to close, afterwards or before; what was
// admitted and not applied is applied by the next Replay.
func (s *Stream) Close() {
	close(s.stop)
	s.wg.Wait()
	s.letGo(nil)
}

// letGo has everybody look again who waits for what was admitted, a batch that was taken included:
// nothing more is applied.
func (s *Stream) letGo(batch []Entry) {
	release(batch)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.lookAgain()
}

// waiters are those who wait for a position to be applied.
type waiters struct {
	mu  sync.Mutex // guards all
	all map[chan struct{}]freshet.Position
}

func (w *waiters) add(p freshet.Position) chan struct{} {
	done := make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]freshet.Position{}
	}
	w.all[done] = p
	return done
}

func (w *waiters) remove(done chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, done)
}

func (w *waiters) release(applied freshet.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for done, p := range w.all {
		if p <= applied {
			close(done)
			delete(w.all, done)
		}
	}
}
