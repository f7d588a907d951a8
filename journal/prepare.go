package journal

import (
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// Zeros written into the segment that is at work hold up its syncs: at 100 MB/s of records, one
// sync in some hundred took twenty times as long as the others. So the segment after it is filled
// beside it, under a name of its own, once the one at work is half full. A journal that stays small
// never takes the room.
const (
	nextName     = "journal/next.tmp"
	prepareAt    = 2         // begin when 1/prepareAt of a segment is used
	prepareBytes = 256 << 10 // written and synced at a time, so that the disk serves the log in between
)

var errNotBegun = errors.New("stopped before anything was filled")

// preparation is the next segment while it is filled. All but stop may be read after done.
type preparation struct {
	stop   chan struct{}
	done   chan struct{}
	file   fsys.File // nil after an error
	direct fsys.Direct
	ready  int64 // so many zeros are durable
}

// prepare begins to fill the next segment once the current one, written up to end, is half full. In
// a relaxed log nobody waits for a sync.
func (w *writer) prepare(end int64) {
	if w.next != nil || w.plain || w.opts.Relaxed || end < w.opts.SegmentBytes/prepareAt || w.Full() != nil {
		return
	}
	n := &preparation{stop: make(chan struct{}), done: make(chan struct{})}
	w.next = n
	w.wg.Go(func() {
		defer close(n.done)
		// What ends it early is no failure of the log: the segment is then begun without, and a disk
		// that is broken says so again when records are written.
		if n.fill(w.disk, w.opts.SegmentBytes, w.leaving) != nil && n.file != nil {
			_ = errors.Join(n.close(), w.disk.Remove(nextName))
			n.file = nil
		}
	})
}

// fill writes zeros until there are size of them, or until it is stopped.
func (n *preparation) fill(disk fsys.FS, size int64, leaving <-chan struct{}) (err error) {
	if n.file, err = disk.Create(nextName); err != nil {
		return err
	}
	if n.direct, err = fsys.OpenDirect(disk, nextName, n.file); err != nil {
		return err
	}
	size -= size % fsys.DirectBytes
	zeros := fsys.Aligned(int(min(prepareBytes, size)))
	for n.ready < size && !n.stopped(leaving) {
		b := zeros[:min(int64(len(zeros)), size-n.ready)]
		if _, err := n.direct.WriteAt(b, n.ready); err != nil {
			return err
		}
		if err := n.file.Sync(); err != nil {
			return err
		}
		n.ready += int64(len(b))
	}
	if n.ready == 0 {
		return errNotBegun
	}
	return nil
}

func (n *preparation) stopped(leaving <-chan struct{}) bool {
	select {
	case <-n.stop:
	case <-leaving:
	default:
		return false
	}
	return true
}

func (n *preparation) close() error {
	err := n.file.Close()
	if n.direct != nil {
		err = errors.Join(err, n.direct.Close())
	}
	return err
}

// prepared ends the preparation and returns what has become of it; nil when there was none, or
// none that can be used: the segment is then made without.
func (w *writer) prepared() *preparation {
	n := w.next
	if n == nil {
		return nil
	}
	w.next = nil
	close(n.stop)
	<-n.done
	if n.file == nil {
		return nil
	}
	return n
}

// unprepare gives up what has been prepared, and reports whether there was anything that took room.
func (w *writer) unprepare() (bool, error) {
	began := w.next != nil
	n := w.prepared()
	if n == nil {
		return began, nil
	}
	if err := errors.Join(n.close(), w.disk.Remove(nextName)); err != nil {
		return true, fmt.Errorf("remove %s: %w", nextName, err)
	}
	return true, nil
}

// begin makes a segment's file, of what has been prepared if anything has.
func (w *writer) begin(h segmentHeader) (fsys.File, error) {
	if err := w.pages.close(); err != nil {
		return nil, err
	}
	name, n := segmentName(h.first), w.prepared()
	if n == nil {
		w.ready = 0
		return createSegment(w.disk, h)
	}
	err := errors.Join(headSegment(n.file, h), n.close())
	if err == nil {
		err = w.disk.Rename(nextName, name)
	}
	if noRoom(err) { // it has some itself
		if err := w.disk.Remove(nextName); err != nil {
			return nil, fmt.Errorf("remove %s: %w", nextName, err)
		}
		w.ready = 0
		return createSegment(w.disk, h)
	}
	if err != nil {
		return nil, err
	}
	if err := keepName(w.disk); err != nil {
		return nil, err
	}
	file, err := w.disk.Edit(name) // under the name that errors should tell
	if err != nil {
		return nil, err
	}
	direct, err := fsys.OpenDirect(w.disk, name, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	w.ready = n.ready
	w.pages.begin(direct, h.encode())
	return file, nil
}
