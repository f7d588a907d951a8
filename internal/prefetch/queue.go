package prefetch

import "unsafe"

// Queue holds lines that are asked for a few at a time, between other work: a core that has as many
// misses under way as it can waits at the next request, however much else there is to do. The zero
// Queue is empty.
type Queue struct {
	lines     [queueLines]uintptr // addresses, not pointers: nothing is kept alive, nor has the collector to know
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
	q.lines[q.end] = uintptr(p)
	q.end++
}

// AddAll is Add of the lines that hold n bytes from p on, n ≥ 1.
func (q *Queue) AddAll(p unsafe.Pointer, n int) {
	first := uintptr(p) &^ (LineBytes - 1)
	lines := int((uintptr(p)+uintptr(n)-1-first)/LineBytes) + 1
	if q == nil || queueLines-q.end < lines {
		for i := range lines {
			Line(unsafe.Add(p, i*LineBytes-int(uintptr(p)-first)))
		}
		return
	}
	for i := range lines {
		q.lines[q.end+i] = first + uintptr(i)*LineBytes
	}
	q.end += lines
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
