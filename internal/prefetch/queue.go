package prefetch

import "unsafe"

// Queue holds lines that are asked for a few at a time, between other work: a core that has as many
// misses under way as it can waits at the next request, however much else there is to do. The zero
// Queue is empty.
type Queue struct {
	lines     [queueLines]unsafe.Pointer
	next, end int
	part      int // of Ask
}

const queueLines = 512

// Add puts the line that holds the byte at p at the end; when there is no room, or no Queue, it is
// asked for at once.
func (q *Queue) Add(p unsafe.Pointer) {
	if q == nil || q.end == queueLines {
		Line(p)
		return
	}
	q.lines[q.end] = p
	q.end++
}

// Spread divides what the Queue holds into equal parts, one for each of so many calls of Ask.
func (q *Queue) Spread(parts int) { q.part = (q.end - q.next + parts - 1) / max(1, parts) }

// Ask asks for the next part.
func (q *Queue) Ask() {
	n := min(q.part, q.end-q.next)
	At(q.lines[q.next : q.next+n])
	q.next += n
}

// Rest asks for all that are left.
func (q *Queue) Rest() {
	At(q.lines[q.next:q.end])
	q.next, q.end = 0, 0
}
