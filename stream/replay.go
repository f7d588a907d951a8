package stream

import (
	"context"
	"errors"
	"io"

	"github.com/freshet-rec/freshet/journal"
)

// replayed is a record of the journal as it was read.
type replayed struct {
	entry  Entry
	seq    uint64
	mark   mark
	pass   Pass
	poison *PoisonError    // why it cannot be taken in
	failed error           // why the replay ends here
	alone  *journal.Record // to be decoded only when its turn has come
}

// Records are read, decoded and hashed in one goroutine while another folds them, some batches
// ahead.
const (
	replayBatch = 256
	replayAhead = 4
)

// Replay folds everything the reader has, rebuilding state, watermarks and the memory of
// ids. It calls progress, if given, now and then with the records folded so far. After a
// [*PoisonError] the state is of no use: begin anew with an empty one, which passes the record over
// if Options.Poisoned said so.
func (s *Stream) Replay(ctx context.Context, r *journal.Reader, progress func(records int)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.Lock()
	defer s.books.Unlock()
	s.state.Lock()
	defer s.state.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	if s.watch != nil {
		s.watch.At(s.Applied()+1, PassNothing) // before anything is decoded
	}
	batches, failed := make(chan []replayed, replayAhead), make(chan error, 1)
	go func() {
		defer close(batches)
		failed <- s.readAll(ctx, r, batches)
	}()
	done := 0
	var stopped error
	for batch := range batches {
		if stopped != nil {
			continue // until the reader has ended
		}
		if progress != nil {
			progress(done)
		}
		if stopped = s.replayBatch(batch); stopped != nil {
			cancel()
		}
		done += len(batch)
	}
	err := <-failed
	cancel()
	if stopped != nil {
		return stopped
	}
	if err == nil && progress != nil {
		progress(done)
	}
	return err
}

// replayBatch takes in records.
func (s *Stream) replayBatch(batch []replayed) (err error) {
	at := 0
	defer func() {
		if value := recover(); value != nil {
			e := panicked(batch[at].entry.Position, PassApply, "folding it in", value)
			if err = s.report(e); err == nil {
				err = e
			}
		}
	}()
	if s.watch != nil && len(batch) > 0 {
		s.watch.At(batch[0].entry.Position, PassNothing)
	}
	for at = range batch {
		one := &batch[at]
		alone := one.alone
		if alone != nil {
			s.watch.At(one.entry.Position, PassAll)
			s.open(one, alone)
		}
		if one.failed != nil {
			return one.failed
		}
		if one.poison != nil {
			if err := s.report(one.poison); err != nil {
				return err
			}
			one.pass = PassAll
		}
		if alone != nil {
			s.watch.At(one.entry.Position, PassApply)
		}
		s.readmit(one)
		if s.fold != nil && one.pass == PassNothing {
			poisonApply(&one.entry)
			s.fold.Apply(&one.entry)
		}
		s.applied.Store(uint64(one.entry.Position))
	}
	return nil
}

// readAll reads and decodes everything, batch by batch, until the end, an error, or the end of
// ctx. What was read before an error is passed on.
func (s *Stream) readAll(ctx context.Context, r *journal.Reader, batches chan<- []replayed) error {
	batch := make([]replayed, 0, replayBatch)
	pass := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		select {
		case batches <- batch:
			batch = make([]replayed, 0, replayBatch)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		rec, err := r.Next()
		if err == nil {
			batch = append(batch, replayed{})
			one := &batch[len(batch)-1]
			if s.watch != nil && s.watch.Alone(rec.Position) {
				own := rec
				one.entry.Position, one.alone = rec.Position, &own
			} else {
				s.open(one, &rec)
			}
			err = one.failed
		}
		switch {
		case err == nil && len(batch) < replayBatch:
		case err == nil || errors.Is(err, io.EOF):
			if passed := pass(); passed != nil || err != nil {
				return passed
			}
		default:
			if passed := pass(); passed != nil {
				return passed
			}
			return err
		}
	}
}
