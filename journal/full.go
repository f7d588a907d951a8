package journal

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// A full disk is no failure of the journal. A group of records that found no room waits in
// memory, nobody is told that it is safe, and nothing more is taken until it is written. To write
// it later is sound, where to sync again after a failed sync is not: a write that was refused
// promised nothing, the same bytes are written again to the same places from their beginning, and
// the sync that follows is the first that covers them. A sync that fails, even for want of room,
// stays final.
//
// The ballast is room kept for that moment: it is given up at once, so that what has been taken
// can be made safe and a snapshot be written; and it is taken again before anything new is.
const ballastName = "ballast"

// fullRetry is how often a full disk is tried again; after ballastRetries of that, once the group
// is written, room for the ballast is looked for.
const (
	fullRetry      = 250 * time.Millisecond
	ballastRetries = 4
)

// errUnsynced marks the failure of a sync, which is final whatever its cause.
var errUnsynced = errors.New("not synced")

func unsynced(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUnsynced, err)
}

// noRoom reports that a write was refused because the disk is full.
func noRoom(err error) bool { return fsys.IsNoSpace(err) && !errors.Is(err, errUnsynced) }

// MakeRoom says that somebody is about to make room on a full disk, by what first needs some: a
// snapshot, after which Release may let records go. Until done is called, which may be more than
// once, the ballast is taken again only where as much is left beside it.
func (l *Log) MakeRoom() (done func()) {
	l.recovering.Lock() // a try that is under way ends first
	defer l.recovering.Unlock()
	l.makers.Add(1)
	return sync.OnceFunc(func() { l.makers.Add(-1) })
}

// Full returns an error that wraps ErrNoSpace while the disk is full, else nil.
func (l *Log) Full() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full
}

// setFull notes that the disk is full, or with nil that it is not any more.
func (l *Log) setFull(cause error) {
	l.mu.Lock()
	was := l.full
	l.still = 0
	if l.full = nil; cause != nil {
		l.full = fmt.Errorf("%w: %w", ErrNoSpace, cause)
	}
	now := l.full
	l.wakeAll()
	l.mu.Unlock()
	if now != nil {
		l.trouble()
	}
	switch {
	case l.opts.Report == nil || (was == nil) == (now == nil):
	case now != nil:
		l.opts.Report("the disk is full: no events are taken until there is room; what was acknowledged is safe", now)
	default:
		l.opts.Report("there is room on the disk again: events are taken", nil)
	}
}

// persist writes a group, as soon as there is room for it.
func (w *writer) persist(g *group) error {
	for {
		err := w.put(g)
		if err == nil || !noRoom(err) {
			return err
		}
		if gave, uerr := w.unprepare(); uerr != nil {
			return uerr
		} else if gave {
			w.plain = true // until the next segment is begun
			continue
		}
		gave, berr := w.giveBallast()
		if berr != nil {
			return berr
		}
		w.setFull(err)
		if gave {
			w.plain = true // what it leaves is not for zeros
			continue
		}
		select {
		case <-time.After(w.opts.retry):
		case <-w.leaving:
			return err
		}
	}
}

// giveBallast makes room, and reports whether there was a ballast to give.
func (w *writer) giveBallast() (bool, error) {
	if !w.ballast {
		return false, nil
	}
	w.ballast = false
	if err := w.disk.Remove(ballastName); err != nil {
		return false, fmt.Errorf("give up the ballast: %w", err)
	}
	return true, nil
}

// recover takes events again if there is room for the ballast, and whoever makes room needs none.
func (w *writer) recover() {
	w.recovering.Lock()
	defer w.recovering.Unlock()
	if w.makers.Load() > 0 {
		if free, known := fsys.Free(w.disk); !known || free < 2*w.opts.BallastBytes {
			return
		}
	}
	held, err := holdBallast(w.disk, w.opts.BallastBytes)
	w.ballast = held
	if err == nil {
		w.plain = false
		w.setFull(nil)
	}
}

// holdBallast makes sure of the ballast, and reports whether there is one now: not so when none
// is wanted. What is there of it after an error is taken away.
func holdBallast(disk fsys.FS, size int64) (held bool, err error) {
	if size == 0 {
		return false, nil
	}
	if n, err := disk.Stat(ballastName); err == nil && n == size {
		return true, nil
	}
	f, err := disk.Create(ballastName)
	if err != nil {
		return false, err
	}
	zeros := make([]byte, min(size, zeroBytes))
	for off := int64(0); err == nil && off < size; off += int64(len(zeros)) {
		_, err = f.WriteAt(zeros[:min(size-off, int64(len(zeros)))], off)
	}
	if err == nil {
		err = f.Sync() // only then is the room really taken
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return false, errors.Join(err, disk.Remove(ballastName))
	}
	return true, nil
}
