package stream

import (
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
)

// TestAdmittedAsItStalls: who had been let in before the disk stood still, and comes to be admitted
// only afterwards, is told of it as the others are.
func TestAdmittedAsItStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fsys.NewMem()
		var hangs atomic.Bool
		disk.Fail = func(op, name string) error {
			if op == "sync" && strings.HasSuffix(name, ".seg") && hangs.Load() {
				time.Sleep(20 * time.Second)
			}
			return nil
		}
		log, _, err := journal.Open(journal.Options{FS: disk, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		s := New(Options{Log: log, Now: time.Now})
		s.Start()
		hangs.Store(true)
		if _, err := log.Append([]journal.Record{{Topic: "x"}}); err != nil {
			t.Fatal(err)
		}
		for log.Stalled() == nil {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		began := time.Now()
		events := []freshet.Event{{ID: "a", User: "u", Item: "i", Name: "click", Time: 1}}
		w := s.work("http", time.Now(), 1, events, nil) // as Events does after WaitRoom
		_, wait, err := s.admit("http", 1, w)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.waitApplied(t.Context(), wait, w); !errors.Is(err, journal.ErrStalled) {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("told after %s", took)
		}
		hangs.Store(false)
		s.Close()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestAStreamThatIsGivenUpGoes: the journal does not hold on to a stream that was filled and never
// started, as after a record that could not be folded in, nor to its state.
func TestAStreamThatIsGivenUpGoes(t *testing.T) {
	log, _, err := journal.Open(journal.Options{FS: fsys.NewMem(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	runtime.AddCleanup(New(Options{Log: log, Now: time.Now}), func(gone chan struct{}) { close(gone) }, gone)
	for deadline := time.Now().Add(time.Minute); ; {
		runtime.GC()
		select {
		case <-gone:
		case <-time.After(10 * time.Millisecond):
			if time.Now().Before(deadline) {
				continue
			}
			t.Error("it is still there")
		}
		break
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}
