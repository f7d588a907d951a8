package stream

import (
	"sync"

	"github.com/freshet-rec/freshet"
)

// spareEntries bounds the room that an empty queue keeps.
const spareEntries = 1 << 14

// queue is the entries that were admitted and not yet taken by the applier, by position. The zero
// queue is empty. It is safe for concurrent use.
type queue struct {
	mu      sync.Mutex // guards the rest
	entries []Entry
	head    int // of entries; those before it were taken
}

func (q *queue) push(entries []Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	// What is left moves only when it is no more than was taken, so each entry moves about once.
	if q.head > 0 && q.head >= len(q.entries)/2 && len(q.entries)+len(entries) > cap(q.entries) {
		n := copy(q.entries, q.entries[q.head:])
		clear(q.entries[n:])
		q.entries, q.head = q.entries[:n], 0
	}
	q.entries = append(q.entries, entries...)
}

// take moves up to n entries that are durable to the end of dst.
func (q *queue) take(dst []Entry, n int, durable freshet.Position) []Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	from := q.head
	for q.head < len(q.entries) && q.head-from < n && q.entries[q.head].Position <= durable {
		q.head++
	}
	dst = append(dst, q.entries[from:q.head]...)
	clear(q.entries[from:q.head])
	switch {
	case q.head < len(q.entries):
	case cap(q.entries) > spareEntries:
		q.entries, q.head = nil, 0
	default:
		q.entries, q.head = q.entries[:0], 0
	}
	return dst
}

// release has everybody look again who waits for an entry in the queue.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	release(q.entries[q.head:])
}

// release gives everybody who waits for an entry the one token that was promised.
func release(entries []Entry) {
	for i := range entries {
		if done := entries[i].done; done != nil {
			entries[i].done = nil
			done <- struct{}{}
		}
	}
}
