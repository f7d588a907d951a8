package journal

import (
	"fmt"
	"time"
)

// markSyncEvery is how long a change of the durable mark may wait for its own sync. Half of the
// 100 ms promised, because the syncer may be in the middle of a sync of the log.
const markSyncEvery = 50 * time.Millisecond

// sync is the syncing goroutine: each round notes what is written, syncs, and publishes that
// much as durable, to other processes first. It ends after the writer.
func (l *Log) sync() {
	timer := time.NewTimer(markSyncEvery)
	defer timer.Stop()
	armed := true
	for open := true; open; {
		select {
		case _, open = <-l.dirty:
			if !l.opts.Relaxed || !open {
				if err := l.syncOnce(); err != nil {
					l.fail(err)
				}
			}
			if (l.side.dirty || l.opts.Relaxed) && !armed {
				timer.Reset(markSyncEvery)
				armed = true
			}
		case <-timer.C:
			if l.opts.Relaxed {
				if err := l.syncOnce(); err != nil {
					l.fail(err)
				}
			}
			if err := l.side.sync(); err != nil {
				l.fail(err)
			}
			armed = false
		}
	}
}

// syncOnce makes durable what is written, if anything is new. After a failure it does nothing.
func (l *Log) syncOnce() error {
	l.mu.Lock()
	to, bytes, file := l.written.at, l.written.bytes, l.file
	idle := l.failed != nil || to.position == l.durable.at.position
	l.mu.Unlock()
	if idle {
		return nil
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", segmentName(to.segment), err)
	}
	if err := l.side.write(to); err != nil {
		return err
	}
	l.mu.Lock()
	l.publish(to, bytes)
	listeners := l.listeners
	l.mu.Unlock()
	if l.opts.Relaxed {
		return nil // they were told when it was written
	}
	signal(l.work) // the writer may have held back
	for _, f := range listeners {
		f(to.position)
	}
	return nil
}
