package stream

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
)

// Pack writes what admission knows: sources with their watermarks and places taken, ids, the
// books, the definitions in force, and the position up to which all that holds. Nothing may be
// admitted meanwhile that is not yet applied: it is for a stream that only replays, or that is
// closed.
func (s *Stream) Pack(w *pack.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.Lock()
	defer s.books.Unlock()
	w.Uint(uint64(s.Applied()))
	var names []string
	for name, src := range s.sources {
		if src.begun || len(src.lines) > 0 { // of others nothing is known
			names = append(names, name)
		}
	}
	slices.Sort(names)
	w.Len(len(names))
	for _, name := range names {
		w.Text(name)
		s.sources[name].pack(w)
	}
	s.ids.Pack(w)
	// Duplicates and refusals left no record, so a start counts them anew; dead letters are
	// counted where they are kept.
	for _, n := range []uint64{s.ledger.Accepted - s.ledger.DeadLettered, s.ledger.Applied, s.ledger.Late, s.ledger.Unkeyed} {
		w.Uint(n)
	}
	w.Blob(s.defs)
}

// Unpack fills a new stream with what Pack wrote. Call it before Replay, which then goes on with
// the record after Applied.
func (s *Stream) Unpack(r *pack.Reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.Lock()
	defer s.books.Unlock()
	applied := r.Uint()
	for range r.Len(4) {
		name := r.Text()
		if r.Err() != nil {
			return
		}
		s.source(name).unpack(r)
	}
	s.ids.Unpack(r)
	s.ledger.Accepted, s.ledger.Applied, s.ledger.Late, s.ledger.Unkeyed = r.Uint(), r.Uint(), r.Uint(), r.Uint()
	s.ledger.Received, s.replayed = s.ledger.Accepted, s.ledger.Accepted
	if defs := r.Blob(); len(defs) > 0 {
		s.defs = slices.Clone(defs)
	}
	s.applied.Store(uint64(freshet.Position(applied)))
}

func (s *source) pack(w *pack.Writer) {
	w.Bool(s.begun)
	w.Int(s.watermark)
	w.Len(len(s.lines))
	for _, file := range slices.Sorted(maps.Keys(s.lines)) {
		w.Uint(file)
		b := *s.lines[file]
		w.Len(len(b))
		for _, word := range b {
			w.Word(word)
		}
	}
}

func (s *source) unpack(r *pack.Reader) {
	s.begun, s.watermark = r.Bool(), r.Int()
	for range r.Len(2) {
		file := r.Uint()
		b := make(bits, r.Len(8))
		for i := range b {
			b[i] = r.Word()
		}
		if r.Err() != nil {
			return
		}
		if s.lines == nil {
			s.lines = map[uint64]*bits{}
		}
		s.lines[file] = &b
	}
}
