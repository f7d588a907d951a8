package snapshot

import (
	"errors"
	"slices"
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

// TestIgnored: what is none of ours is named, and what is left of ours is not.
func TestIgnored(t *testing.T) {
	disk := fsys.NewMem()
	if names, err := Ignored(disk); err != nil || len(names) != 0 {
		t.Errorf("of nothing %q, %v", names, err)
	}
	write(t, disk, 1)
	for _, name := range []string{LockName, fileName(2) + ".tmp", fileName(1) + "~", dir + "/12.snap", dir + "/notes.tmp"} {
		f, err := disk.Create(name)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	names, err := Ignored(disk)
	if want := []string{fileName(1) + "~", dir + "/12.snap", dir + "/notes.tmp"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v; want %q", names, err, want)
	}
}

// TestFollows: a snapshot is known by its sum to the one after it, also when it is written again
// after the one before it has gone; another in its place is told.
func TestFollows(t *testing.T) {
	disk := fsys.NewMem()
	write(t, disk, 10)
	second := write(t, disk, 20)
	third := write(t, disk, 30)
	if err := Keep(disk, 2); err != nil {
		t.Fatal(err)
	}
	if again := write(t, disk, 20); again != second {
		t.Errorf("the same again is %+v, was %+v", again, second)
	}
	if err := third.Follows(&second); err != nil {
		t.Error(err)
	}
	if err := second.Follows(&third); err != nil { // it names another
		t.Error(err)
	}
	other := sample(20)
	other.Parts[0].Data[0]++
	info, err := Write(disk, other)
	if err != nil {
		t.Fatal(err)
	}
	if err := third.Follows(&info); err == nil {
		t.Error("another in its place is not told")
	}
	info.Config[0]++
	if err := third.Follows(&info); err != nil {
		t.Errorf("one of another configuration: %v", err)
	}
}
