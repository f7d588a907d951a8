package stream

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/journal"
)

// work is what the admission of one batch needs until it is applied; it is used again. Whatever
// needs no verdict is made before the batch has its turn.
type work struct {
	records []journal.Record // in parallel with the events, then with those accepted
	marks   []mark           // likewise
	entries []Entry          // likewise
	repeats bool             // an id may come twice in this batch
	text    []byte           // of the payloads
	ends    []int            // of each of them
	hashes  []uint64         // their fingerprints
	topics  topics
	prints  []uint32      // scratch of mayRepeat
	done    chan struct{} // of one token
	waits   bool          // there will be a token
}

// The room that is kept for the next batch, at most.
const (
	spareEvents = 4096
	spareText   = 1 << 20
)

// work makes the records of a batch and what becomes of them when they are all accepted.
func (s *Stream) work(from string, arrived time.Time, received int64, events []freshet.Event, seqs []uint64) *work {
	w, _ := s.scratch.Get().(*work)
	if w == nil {
		w = &work{}
	}
	if w.waits = false; w.done == nil {
		w.done = make(chan struct{}, 1)
	}
	w.text, w.ends = w.text[:0], w.ends[:0]
	for i := range events {
		w.text = codec.AppendEvent(w.text, &events[i])
		w.ends = append(w.ends, len(w.text))
	}
	n := len(events)
	w.hashes = slices.Grow(w.hashes[:0], n)[:n]
	codec.FingerprintsOf(w.hashes, w.text, w.ends)
	w.records, w.marks, w.entries = slices.Grow(w.records[:0], n)[:n], slices.Grow(w.marks[:0], n)[:n], slices.Grow(w.entries[:0], n)[:n]
	at := 0
	for i, end := range w.ends {
		e, payload := &events[i], w.text[at:end:end]
		at = end
		topic, seq := w.topics.of(e.Name), uint64(0)
		if seqs != nil {
			seq = seqs[i]
		}
		w.records[i] = journal.Record{Topic: topic, Source: from, Received: received, Seq: seq, Payload: payload}
		w.marks[i] = markOf(e, w.hashes[i])
		w.entries[i].event(topic, from, received, e, arrived)
	}
	w.repeats = w.mayRepeat()
	return w
}

// mostProbes bounds how far mayRepeat looks, so that ids made to crowd gain nothing.
const mostProbes = 16

// mayRepeat reports whether an id may come twice in the batch. Seldom it says so though none does.
func (w *work) mayRepeat() bool {
	if len(w.marks) < 2 {
		return false
	}
	size := 4
	for size < 2*len(w.marks) {
		size *= 2
	}
	w.prints = slices.Grow(w.prints[:0], size)[:size]
	clear(w.prints)
	for i := range w.marks {
		m := &w.marks[i]
		if !m.keyed {
			continue
		}
		print := binary.LittleEndian.Uint32(m.id[:]) | 1 // 0 is a free place
		at := int(binary.LittleEndian.Uint32(m.id[4:])) & (size - 1)
		for probes := 1; w.prints[at] != 0; probes++ {
			if w.prints[at] == print || probes == mostProbes {
				return true
			}
			at = (at + 1) & (size - 1)
		}
		w.prints[at] = print
	}
	return false
}

// move makes the event at from the one at to, of those accepted.
func (w *work) move(from, to int) {
	if from != to {
		w.records[to], w.marks[to], w.entries[to] = w.records[from], w.marks[from], w.entries[from]
	}
}

// keep leaves the first n, those accepted.
func (w *work) keep(n int) {
	w.records, w.marks, w.entries = w.records[:n], w.marks[:n], w.entries[:n]
}

// spare keeps w for another batch, unless it is large. What its entries point to is let go when they
// are written over, or with the pool: clearing them would take as long as making them.
func (s *Stream) spare(w *work) {
	if cap(w.records) > spareEvents || cap(w.text) > spareText {
		return
	}
	s.scratch.Put(w)
}

// topics remembers the topics of event names. The zero topics is empty.
type topics struct {
	name, topic string // of the event before, which nearly always is that of this one too
	known       map[string]string
}

// maxTopics bounds what is remembered.
const maxTopics = 1000

func (t *topics) of(name string) string {
	if name == t.name {
		return t.topic
	}
	topic, ok := t.known[name]
	if !ok {
		topic = freshet.Topic(name)
		if t.known == nil || len(t.known) == maxTopics {
			t.known = map[string]string{}
		}
		t.known[name] = topic
	}
	t.name, t.topic = name, topic
	return topic
}
