package journal

import "errors"

// A disk that does not answer is no failure of the journal: what is under way may come to its end. It
// can only be waited for, but not without end, and not by ever more. The timer that has everybody
// look who waits also sees whether anything has become durable since it looked last; while records
// wait and nothing has, for stallLooks, the journal is stalled. Then nobody new is let in, and a
// little later those who wait are told that it is not known what becomes of their records. Nothing
// else changes: the sync that comes back is the one that was begun, and what it covers is durable.
const (
	stallLooks  = 75  // of lookEvery: 750 ms
	giveUpLooks = 200 // 2 s
)

// ErrStalled says that the disk has not answered for a while. Records that were appended may become
// durable later, or not.
var ErrStalled = errors.New("the disk does not answer")

// Stalled returns ErrStalled while records wait for the disk and nothing has become durable for
// three quarters of a second, else nil.
func (l *Log) Stalled() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stalledFor(stallLooks)
}

// stalledFor returns ErrStalled when nothing has become durable for so many looks. l.mu is held.
func (l *Log) stalledFor(looks int) error {
	if l.still < looks || l.full != nil { // a full disk has a story of its own
		return nil
	}
	return ErrStalled
}

// countStill notes one more look at which nothing has changed. l.mu is held.
func (l *Log) countStill() {
	l.still++
	switch l.still {
	case stallLooks:
		l.durable.wake() // for WaitRoom
	case giveUpLooks:
		l.written.wake()
	}
}
