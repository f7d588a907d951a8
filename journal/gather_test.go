package journal

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// TestGathersDuringASync: what is appended while a sync is under way shares the next one, and
// whoever waits for it is not woken by the one before.
func TestGathersDuringASync(t *testing.T) {
	disk, begun, free := fsys.NewMem(), make(chan struct{}, 100), make(chan struct{})
	var hold atomic.Bool
	var syncs atomic.Int64
	disk.Fail = func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".seg") {
			syncs.Add(1)
			if hold.Load() {
				begun <- struct{}{}
				<-free
			}
		}
		return nil
	}
	l, _ := startSized(t, disk, 1<<20)
	hold.Store(true)
	first := put(t, l, 1)
	<-begun // the first record is being synced
	before := syncs.Load()
	var wg sync.WaitGroup
	for range 10 {
		last := put(t, l, 1)
		wg.Go(func() {
			if err := l.WaitDurable(t.Context(), last); err != nil {
				t.Error(err)
			}
		})
	}
	if l.mu.Lock(); l.written.at.position != first {
		t.Errorf("position %d is written while %d is synced", l.written.at.position, first)
	}
	l.mu.Unlock()
	hold.Store(false)
	close(free)
	wg.Wait()
	if got := syncs.Load() - before; got != 1 {
		t.Errorf("%d syncs for ten records that came during one, want 1", got)
	}
}

// slowSyncs makes a disk whose syncs of segments wait for free, as long as hold is set, and tell begun
// that they do.
func slowSyncs() (disk *fsys.Mem, hold *atomic.Bool, begun, free chan struct{}) {
	disk, hold, begun, free = fsys.NewMem(), &atomic.Bool{}, make(chan struct{}, 100), make(chan struct{})
	disk.Fail = func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".seg") && hold.Load() {
			begun <- struct{}{}
			<-free
		}
		return nil
	}
	return disk, hold, begun, free
}

// TestLongGroupsGoAhead: a group that is long already does not wait for the sync before it.
func TestLongGroupsGoAhead(t *testing.T) {
	disk, hold, begun, free := slowSyncs()
	l, _ := startSized(t, disk, 8<<20)
	hold.Store(true)
	put(t, l, 1)
	<-begun
	l.mu.Lock()
	moved := l.written.moved
	l.mu.Unlock()
	long, err := l.Append([]Record{{Topic: "user_behavior_click", Payload: make([]byte, aheadBytes)}})
	ok(t, err)
	<-moved
	l.mu.Lock()
	at := l.written.at.position
	l.mu.Unlock()
	if at != long {
		t.Errorf("position %d is written, want %d", at, long)
	}
	hold.Store(false)
	close(free)
	ok(t, l.WaitDurable(t.Context(), freshet.Position(2)))
}
