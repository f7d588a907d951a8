package stream

import (
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/journal"
)

// work is what the admission of one batch needs until it is applied; it is used again.
type work struct {
	records []journal.Record // in parallel with the events
	marks   []idMark         // likewise
	entries []Entry
	text    []byte        // of the payloads
	ends    []int         // of each of them
	done    chan struct{} // of one token
	waits   bool          // there will be a token
}

// The room that is kept for the next batch, at most.
const (
	spareEvents = 4096
	spareText   = 1 << 20
)

// work makes the records of a batch, all but their topics.
func (s *Stream) work(from string, received int64, events []freshet.Event) *work {
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
	w.records, w.marks = slices.Grow(w.records[:0], len(events)), slices.Grow(w.marks[:0], len(events))
	at := 0
	for i, end := range w.ends {
		payload := w.text[at:end:end]
		at = end
		w.records = append(w.records, journal.Record{Source: from, Received: received, Payload: payload})
		w.marks = append(w.marks, markOf(&events[i], payload))
	}
	w.entries = slices.Grow(w.entries[:0], len(events))
	return w
}

// spare keeps w for another batch, unless it is large.
func (s *Stream) spare(w *work) {
	if cap(w.records) > spareEvents || cap(w.text) > spareText {
		return
	}
	clear(w.records[:cap(w.records)])
	clear(w.entries[:cap(w.entries)])
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
