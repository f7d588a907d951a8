package snapshot

import (
	"errors"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// TestLock: one at a time, and the lock is no leftover.
func TestLock(t *testing.T) {
	disk := fsys.NewMem()
	lock, err := Lock(disk, "one")
	if err != nil {
		t.Fatal(err)
	}
	write(t, disk, 1)
	var locked *fsys.LockedError
	if _, err := Lock(disk, "other"); !errors.As(err, &locked) || locked.Name != LockName || locked.Note != "one" {
		t.Errorf("a second lock: %v", err)
	}
	if err := Keep(disk, 1); err != nil {
		t.Error(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	if list, err := List(disk); err != nil || len(list) != 1 {
		t.Errorf("list %v, %v", list, err)
	}
	again, err := Lock(disk, "other")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
