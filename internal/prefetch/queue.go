package prefetch

// Queue holds lines that are asked for a few at a time, between other work: a core that has as many
// misses under way as it can waits at the next request, however much else there is to do. The zero
// Queue is empty.
type Queue struct {
	lines     [queueLines]uintptr // addresses, not pointers: nothing is kept alive, nor has the collector to know
	next, end int
	part      int // of Ask
}

// queueLines is what a batch of acts asks for at most, about.
const queueLines = 1024

// Room is where the addresses of the next n lines can be put, nil when there is no room, or no Queue; Took
// says how many of them were.
func (q *Queue) Room(n int) []uintptr {
	if q == nil || queueLines-q.end < n {
		return nil
	}
	return q.lines[q.end : q.end+n]
}

// Took adds the first n of the lines that Room gave.
func (q *Queue) Took(n int) { q.end += n }

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
