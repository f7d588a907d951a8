package stream

import (
	"context"
	"errors"
	"io"

	"github.com/freshet-rec/freshet/journal"
)

// replayed is a record of the journal as it was read.
type replayed struct {
	entry Entry
	seq   uint64
	mark  idMark
}

// Records are read, decoded and hashed in one goroutine while another folds them, some batches
// ahead.
const (
	replayBatch = 256
	replayAhead = 4
)

// Replay folds everything the reader has, rebuilding state, watermarks and the memory of
// ids. It calls progress, if given, now and then with the records folded so far.
func (s *Stream) Replay(ctx context.Context, r *journal.Reader, progress func(records int)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Lock()
	defer s.state.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	batches, failed := make(chan []replayed, replayAhead), make(chan error, 1)
	go func() {
		defer close(batches)
		failed <- readAll(ctx, r, batches)
	}()
	done := 0
	for batch := range batches {
		if progress != nil {
			progress(done)
		}
		for i := range batch {
			one := &batch[i]
			s.readmit(one)
			if s.fold != nil {
				s.fold.Apply(&one.entry)
			}
			s.applied.Store(uint64(one.entry.Position))
		}
		done += len(batch)
	}
	err := <-failed
	cancel()
	if err == nil && progress != nil {
		progress(done)
	}
	return err
}

// readAll reads and decodes everything, batch by batch, until the end, an error, or the end of
// ctx. What was read before an error is passed on.
func readAll(ctx context.Context, r *journal.Reader, batches chan<- []replayed) error {
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
			var e Entry
			if e, err = Decode(&rec); err == nil {
				batch = append(batch, replayed{entry: e, seq: rec.Seq})
				if e.Event != nil {
					batch[len(batch)-1].mark = markOf(e.Event, rec.Payload)
				}
			}
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
