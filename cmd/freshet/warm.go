package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// How features are warmed: the journal is folded in chunks, which takes as long as one request; after
// each the warming rests as long as it worked, so that it takes half a processor at most. When it is
// this near, the rest goes without pauses; the last records, at most so many, are folded while
// requests wait, in some 0.3 ms.
const (
	warmChunk = 256
	warmNear  = 4096
	warmLast  = 256
)

// warming is a change of the features on its way.
type warming struct {
	*fold.Warming
	node   *node
	text   []byte // the definitions record
	from   freshet.Position
	at     atomic.Uint64 // as far as it has come
	keys   atomic.Int64
	passed map[freshet.Position]bool
	reader *journal.Reader
	chunk  []stream.Entry
}

// newWarming returns a warming that has yet to run. It reads the journal beside the writer.
func (n *node) newWarming(o fold.Options, text []byte) (*warming, error) {
	w := &warming{Warming: n.state.NewWarming(o, text), node: n, text: text, passed: map[freshet.Position]bool{}}
	for _, r := range n.passed.Records() {
		w.passed[r.Position] = true
	}
	var err error
	if w.reader, err = journal.OpenReader(n.disk); err != nil {
		return nil, err
	}
	w.from = w.reader.First()
	w.at.Store(uint64(w.from - 1))
	return w, nil
}

// errGivenUp says that a warming ended because somebody wanted it to.
var errGivenUp = errors.New("it was given up")

// run folds what the journal has, and has the state swap. It returns the position from which on the new
// features are in force. After an error the state has the features it had, and so has the journal.
func (w *warming) run(ctx context.Context, received func() int64) (p freshet.Position, err error) {
	defer func() { err = errors.Join(err, w.reader.Close()) }()
	if err := w.approach(ctx); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			w.node.stream.Hold(func(freshet.Position) { w.Detach() })
		}
	}()
	var attached freshet.Position
	w.node.stream.Hold(func(p freshet.Position) {
		attached = p
		w.Attach()
	})
	if err := w.until(ctx, attached, nil); err != nil {
		return 0, err
	}
	for level := false; !level; {
		if ctx.Err() != nil {
			return 0, errGivenUp
		}
		w.node.stream.Hold(func(p freshet.Position) {
			w.at.Store(uint64(p))
			level, err = w.Level(warmLast)
		})
		if err == nil && !level {
			err = w.Fold()
		}
		if err != nil {
			return 0, err
		}
	}
	w.keys.Store(0)
	return w.takeOver(ctx, received())
}

// approach folds the journal until it is near what the state has applied.
func (w *warming) approach(ctx context.Context) error {
	rest := func(worked time.Duration) error {
		select {
		case <-ctx.Done():
			return errGivenUp
		case <-time.After(worked):
			return nil
		}
	}
	for {
		applied := w.node.stream.Applied()
		if err := w.until(ctx, applied, rest); err != nil {
			return err
		}
		if w.node.stream.Applied()-applied < warmNear {
			return nil
		}
	}
}

// until folds the journal up to a position that the state has applied.
func (w *warming) until(ctx context.Context, to freshet.Position, rest func(time.Duration) error) error {
	w.reader.Until(max(1, to))
	for {
		began := time.Now()
		more, err := w.read()
		if err == nil {
			w.node.stream.View(func(freshet.Position) { w.Number(w.chunk) })
			err = w.Fold()
		}
		if err != nil || !more {
			return err
		}
		w.keys.Store(int64(w.Keys()))
		switch {
		case ctx.Err() != nil:
			return errGivenUp
		case rest != nil:
			if err := rest(time.Since(began)); err != nil {
				return err
			}
		}
	}
}

// read reads the next chunk, and reports whether there is more.
func (w *warming) read() (more bool, err error) {
	w.chunk = w.chunk[:0]
	for len(w.chunk) < warmChunk {
		rec, err := w.reader.Next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		w.at.Store(uint64(rec.Position))
		if w.passed[rec.Position] {
			continue
		}
		e, err := stream.Decode(&rec)
		if err != nil {
			return false, err
		}
		w.chunk = append(w.chunk, e)
	}
	return true, nil
}

// takeOver journals the definitions, at whose record the state swaps. When the journal cannot say
// whether it has the record, the end of that is waited for: by then it has, or the server ends.
func (w *warming) takeOver(ctx context.Context, received int64) (freshet.Position, error) {
	was := w.node.stream.Definitions()
	defined := w.node.stream.Define(context.WithoutCancel(ctx), received, w.text)
	for {
		var p freshet.Position
		var err error
		w.node.stream.View(func(freshet.Position) { p, err = w.Swapped(), w.Err() })
		switch {
		case p != 0:
			return p, nil
		case err != nil && string(w.node.stream.Definitions()) == string(w.text): // the journal has definitions that nothing is made from
			return 0, errors.Join(err, w.node.stream.Define(context.WithoutCancel(ctx), received, was))
		case err != nil:
			return 0, err
		case defined == nil:
			return 0, errors.New("the journal had these definitions already; a restart brings them into force")
		case string(w.node.stream.Definitions()) != string(w.text) || w.node.stream.Err() != nil:
			return 0, defined
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%w while the journal took the definitions", errGivenUp)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
