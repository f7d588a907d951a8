package stream

import (
	"sync"

	"github.com/freshet-rec/freshet"
)

// queue is the entries that were admitted and not yet taken by the applier, by position: one run for
// each admission, with positions that follow one another. The zero queue is empty. It is safe for
// concurrent use.
type queue struct {
	mu   sync.Mutex // guards the rest
	runs [][]Entry  // of the first at head, what was not taken
	head int        // those before it were taken
}

// spareRuns bounds the room that an empty queue keeps.
const spareRuns = 1 << 12

// push puts a run at the end, which is the queue's until it is taken.
func (q *queue) push(run []Entry) {
	if len(run) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	// What is left moves only when it is no more than was taken, so each run moves about once.
	if q.head > 0 && q.head >= len(q.runs)/2 && len(q.runs) == cap(q.runs) {
		n := copy(q.runs, q.runs[q.head:])
		clear(q.runs[n:])
		q.runs, q.head = q.runs[:n], 0
	}
	q.runs = append(q.runs, run)
}

// take returns up to n entries that are durable: a piece of a long run as it stands, or short ones
// copied to room. What it returns is good until room is used again, and until whoever admitted it
// knows that it is applied.
func (q *queue) take(room []Entry, n int, durable freshet.Position) []Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	piece := q.next(n, durable)
	if len(piece) == 0 || len(piece) >= n/2 {
		return piece
	}
	room = append(room[:0], piece...)
	for len(room) < n {
		piece := q.next(n-len(room), durable)
		if len(piece) == 0 {
			break
		}
		room = append(room, piece...)
	}
	return room
}

// next takes up to n durable entries off the first run.
func (q *queue) next(n int, durable freshet.Position) []Entry {
	if q.head == len(q.runs) || q.runs[q.head][0].Position > durable {
		return nil
	}
	run := q.runs[q.head]
	n = min(n, len(run), int(durable-run[0].Position)+1)
	if n < len(run) {
		q.runs[q.head] = run[n:]
		return run[:n]
	}
	q.runs[q.head] = nil
	q.head++
	switch {
	case q.head < len(q.runs):
	case cap(q.runs) > spareRuns:
		q.runs, q.head = nil, 0
	default:
		q.runs, q.head = q.runs[:0], 0
	}
	return run
}

// release has everybody look again who waits for an entry in the queue.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, run := range q.runs[q.head:] {
		release(run)
	}
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
