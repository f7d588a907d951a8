package bench

import (
	"errors"
	"fmt"
	"sync"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// The file that the disk's bound writes: overwritten in a circle, so that its blocks exist
// and no sync has to write more than data.
const (
	commitFile  = "commit"
	commitBytes = 16 << 20
)

var errCommitterClosed = errors.New("the group commit has ended")

// committer is the least that makes records durable: one goroutine that writes whatever has
// come in since it last looked, syncs, and releases those who wait. Use newCommitter and close.
type committer struct {
	file fsys.File
	wake chan struct{}
	done chan struct{}

	mu     sync.Mutex // guards what follows
	group  *group
	closed bool
}

// group is the records that share one sync.
type group struct {
	records int
	bytes   []byte
	done    chan struct{} // closed when they are durable or err is set
	err     error
}

func newGroup(space []byte) *group { return &group{bytes: space[:0], done: make(chan struct{})} }

// newCommitter makes the file, full of zeros, and starts the goroutine.
func newCommitter(disk fsys.FS) (*committer, error) {
	f, err := disk.Create(commitFile)
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 1<<20)
	for n := 0; n < commitBytes && err == nil; n += len(zeros) {
		_, err = f.Write(zeros)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write zeros: %w", err), f.Close())
	}
	c := &committer{file: f, wake: make(chan struct{}, 1), done: make(chan struct{}), group: newGroup(nil)}
	go c.run()
	return c, nil
}

// commit returns when the record, much smaller than the file, is durable.
func (c *committer) commit(record []byte) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return errCommitterClosed
	}
	g := c.group
	g.records++
	g.bytes = append(g.bytes, record...)
	c.mu.Unlock()
	c.look()
	<-g.done
	return g.err
}

// look wakes the goroutine.
func (c *committer) look() {
	select {
	case c.wake <- struct{}{}:
	default: // a wake-up is already waiting
	}
}

func (c *committer) run() {
	defer close(c.done)
	var space []byte // the bytes of the group before, to be used again
	at := 0
	for {
		g, closed := c.take(space)
		switch {
		case g != nil:
			at = c.write(g, at)
			space = g.bytes
			close(g.done)
		case closed:
			return
		default:
			<-c.wake
		}
	}
}

// take removes the group that has gathered, nil when nothing has.
func (c *committer) take(space []byte) (g *group, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group.records == 0 {
		return nil, c.closed
	}
	g = c.group
	c.group = newGroup(space)
	return g, c.closed
}

// write makes a group durable at an offset, or at the beginning where it does not fit, and
// returns the offset behind it.
func (c *committer) write(g *group, at int) int {
	if at+len(g.bytes) > commitBytes {
		at = 0
	}
	if _, g.err = c.file.WriteAt(g.bytes, int64(at)); g.err == nil {
		g.err = c.file.Sync()
	}
	return at + len(g.bytes)
}

// close makes durable what is under way and ends the goroutine; later commits fail.
func (c *committer) close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.look()
	<-c.done
	return c.file.Close()
}
