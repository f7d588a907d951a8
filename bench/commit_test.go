package bench

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// TestCommittedSurvivesAPowerCut: every record whose commit returned is in what is left.
func TestCommittedSurvivesAPowerCut(t *testing.T) {
	disk := fsys.NewMem()
	c, err := newCommitter(disk)
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.SyncDir("."); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for n := range 20 {
				if err := c.commit(fmt.Appendf(nil, "<%d/%d>", i, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	left, err := fsys.ReadFile(disk.Crash(rand.New(rand.NewPCG(1, 1))), commitFile, commitBytes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		for n := range 20 {
			if !bytes.Contains(left, fmt.Appendf(nil, "<%d/%d>", i, n)) {
				t.Fatalf("record %d/%d was committed and is gone", i, n)
			}
		}
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if err := c.commit([]byte("late")); !errors.Is(err, errCommitterClosed) {
		t.Errorf("a commit after the end: %v", err)
	}
}

// TestCommitsGoRound writes more than the file holds; it does not grow.
func TestCommitsGoRound(t *testing.T) {
	disk := fsys.NewMem()
	c, err := newCommitter(disk)
	if err != nil {
		t.Fatal(err)
	}
	record := make([]byte, 3<<20)
	for range 7 {
		if err := c.commit(record); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if size, err := disk.Stat(commitFile); err != nil || size != commitBytes {
		t.Errorf("the file has %d bytes, %v; want %d", size, err, commitBytes)
	}
}

func TestAFailingDiskFailsCommits(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		op      string
		early   bool // before the committer exists
		opening bool // newCommitter fails
	}{{"create", true, true}, {"write", true, true}, {"sync", true, true}, {"write", false, false}, {"sync", false, false}} {
		var on atomic.Bool
		on.Store(tt.early)
		disk := fsys.NewMem()
		disk.Fail = func(op, _ string) error {
			if on.Load() && op == tt.op {
				return broken
			}
			return nil
		}
		c, err := newCommitter(disk)
		if tt.opening {
			if !errors.Is(err, broken) {
				t.Errorf("%s: %v", tt.op, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		on.Store(true)
		if err := c.commit([]byte("x")); !errors.Is(err, broken) {
			t.Errorf("%s: %v", tt.op, err)
		}
		if err := c.close(); err != nil {
			t.Errorf("%s: %v", tt.op, err)
		}
	}
}
