package journal

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/freshet-rec/freshet"
)

// An fdatasync that has to record a new file size costs two to three times one that does not
// (measured on ext4: 0.84 against 0.32 ms), so the writer keeps zeros ready behind the log.
const (
	zeroBytes   = 8 << 20 // written at a time
	zeroLow     = 1 << 20 // more is written when less than this is left
	zeroMaxSend = 1 << 20 // longer groups pay for their own size and leave the zeros alone
)

// A group is written while the one before is synced only if it is at least so long, or somebody
// waits for the write alone. Shorter ones gain more by growing: their write takes much less than
// the sync that each costs.
const aheadBytes = 256 << 10

// mostYields bounds how often the writer lets others run before it takes a group.
const mostYields = 4

// spareBytes bounds the buffer kept for the next group.
const spareBytes = 8 << 20

// writer is the state of the writing goroutine.
type writer struct {
	*Log
	ready   int64        // the current segment's file has this many bytes, the last of them zeros
	plain   bool         // keep no zeros ready in this segment
	ballast bool         // there is one to give up
	zeros   []byte       // zeroBytes of them, made when first needed
	next    *preparation // of the next segment; nil while there is none
	pages   pages
	spare   []byte // the buffer of the group before, to be used again
}

// group is what is written in one call.
type group struct {
	frames  []byte           // with room for a mark in front
	from    place            // where it goes, unless a segment is begun first
	last    freshet.Position // of its records
	bytes   int64            // appended up to its end
	durable freshet.Position // when it was taken
}

// write is the writing goroutine: it takes what has gathered and hands it to the system in one
// call, until Close has been called and nothing is left, or the Log has failed.
func (w *writer) write() {
	defer close(w.dirty)
	defer w.leave()
	retry := time.NewTicker(ballastRetries * w.opts.retry)
	defer retry.Stop()
	for {
		look := retry.C
		if w.Full() == nil {
			look = nil
		}
		select {
		case <-w.work:
		case <-look:
			w.recover()
		}
		for {
			w.gather()
			g, more, done := w.take()
			if done {
				return
			}
			if !more {
				break
			}
			if err := w.persist(&g); err != nil {
				w.fail(err)
				return
			}
		}
	}
}

// leave frees what the writer holds.
func (w *writer) leave() {
	_, err := w.unprepare()
	w.untidy = errors.Join(err, w.pages.close())
}

// ripe reports that there is something which should be written now. l.mu is held.
func (l *Log) ripe() bool {
	syncing := l.written.at.position > l.durable.at.position
	return len(l.group) > headerBytes && (!syncing || l.opts.Relaxed || len(l.group) >= aheadBytes || l.hurry > l.written.at.position)
}

// gather lets those run who could append to the group that waits, for as long as it grows: who
// was released by the sync before often has the next record at hand, and a sync costs the same
// for many. Where nobody else can run it returns at once.
func (w *writer) gather() {
	for n, had := 0, -1; n < mostYields; n++ {
		w.mu.Lock()
		has, ready := len(w.group), w.ripe()
		w.mu.Unlock()
		if !ready || has == had || has >= aheadBytes {
			return
		}
		had = has
		runtime.Gosched()
	}
}

// take returns what has gathered. more is false when there is nothing to be written yet, done is
// true when there will be nothing.
func (w *writer) take() (g group, more, done bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return group{}, false, true
	}
	if len(w.group) == headerBytes {
		return group{}, false, w.closing
	}
	if !w.ripe() {
		return group{}, false, false // the syncer signals when it is through
	}
	g = group{frames: w.group, from: w.written.at, last: w.last, bytes: w.appended, durable: w.durable.at.position}
	w.group = append(w.spare[:0], make([]byte, headerBytes)...)
	w.spare = nil
	s := w.gathering.Load()
	s.last = w.last
	w.stages = append(w.stages, s)
	w.gathering.Store(&stage{first: w.last + 1, done: make(chan struct{})})
	return g, true, false
}

// put writes a group, in a new segment if this one is full, and lets the syncer have it.
func (w *writer) put(g *group) error {
	if g.from.end > segmentHeaderBytes && g.from.end+int64(len(g.frames)) > w.opts.SegmentBytes {
		if err := w.rotate(g); err != nil {
			return err
		}
	}
	putMark(g.frames, w.seed, g.durable, g.from.position+1)
	if err := w.pages.write(w.file, g.frames, g.from.end, w.ready); err != nil {
		return fmt.Errorf("write %d bytes to %s at byte %d: %w", len(g.frames), segmentName(g.from.segment), g.from.end, err)
	}
	to := place{position: g.last, segment: g.from.segment, end: g.from.end + int64(len(g.frames))}
	w.mu.Lock()
	w.written.advance(to, g.bytes)
	listeners := w.listeners
	w.mu.Unlock()
	signal(w.dirty)
	if w.opts.Relaxed {
		for _, f := range listeners {
			f(to.position)
		}
	}
	w.keepReady(to.end, len(g.frames))
	w.prepare(to.end)
	if cap(g.frames) <= spareBytes {
		w.spare = g.frames
	}
	return nil
}

// keepReady writes zeros behind the log, which ends at end after a group of n bytes. The sync
// of that group is under way meanwhile.
func (w *writer) keepReady(end int64, n int) {
	from := max(w.ready, end)
	to := min(from+zeroBytes, w.opts.SegmentBytes)
	if w.plain || n > zeroMaxSend || from-end >= zeroLow || from >= to {
		return
	}
	if w.zeros == nil {
		w.zeros = make([]byte, min(zeroBytes, w.opts.SegmentBytes))
	}
	if _, err := w.file.WriteAt(w.zeros[:to-from], from); err != nil {
		// Nothing is lost: the log goes on without room kept ready, and a disk that is full or
		// broken says so again when a group is written or synced.
		w.plain = true
	}
	w.ready = to
}

// rotate waits until everything is durable, ends the current segment and begins the next one,
// where it puts g.
func (w *writer) rotate(g *group) error {
	if err := w.synced(g.from.position); err != nil {
		return err
	}
	if err := w.seal(g.from); err != nil {
		return err
	}
	h := segmentHeader{id: w.id, first: g.from.position + 1, created: w.now().UnixMilli()}
	file, err := w.begin(h)
	if err != nil {
		return fmt.Errorf("begin %s: %w", segmentName(h.first), err)
	}
	w.mu.Lock()
	old := w.file
	w.file = file
	w.mu.Unlock()
	if err := unsynced(old.Close()); err != nil {
		return fmt.Errorf("close %s: %w", segmentName(g.from.segment), err)
	}
	g.durable = g.from.position
	g.from = place{position: g.from.position, segment: h.first, end: segmentHeaderBytes}
	w.plain = w.Full() != nil // what the ballast has left is not for zeros
	return nil
}

// synced waits until the syncer, who is at work on exactly these bytes, has made a position
// durable. Only a failure ends the wait early.
func (w *writer) synced(p freshet.Position) error {
	for {
		w.mu.Lock()
		at, moved, err := w.durable.at.position, w.durable.moved, w.failed
		w.mu.Unlock()
		if at >= p || err != nil {
			return err
		}
		<-moved
	}
}

// seal cuts the zeros kept ready in the current segment, whose records are durable and end at at.
func (l *Log) seal(at place) error {
	if err := l.file.Truncate(at.end); err != nil {
		return fmt.Errorf("cut the room behind %s: %w", segmentName(at.segment), err)
	}
	if err := unsynced(l.file.Sync()); err != nil {
		return fmt.Errorf("sync %s: %w", segmentName(at.segment), err)
	}
	return nil
}
