package main

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
)

// TestWhatIsWrongWithADataDirectory: each kind of trouble has its exit code.
func TestWhatIsWrongWithADataDirectory(t *testing.T) {
	path := func(err error) error { return &fs.PathError{Op: "openat", Path: "LOCK", Err: err} }
	for want, errs := range map[int][]error{
		exitUsage:   {path(syscall.EROFS), path(syscall.EACCES), path(syscall.ENOENT), path(syscall.ENOTDIR)},
		exitDamaged: {&journal.CorruptError{}, &journal.BehindError{}},
		exitNewer:   {journal.ErrNewerFormat, snapshot.ErrNewerFormat},
		exitInUse:   {&fsys.LockedError{}},
		exitNoSpace: {path(syscall.ENOSPC), path(syscall.EDQUOT)},
		exitFailed:  {path(syscall.EIO)},
	} {
		for _, err := range errs {
			var f *failure
			if got := dataError("d", err); !errors.As(got, &f) || f.code != want {
				t.Errorf("%v: %+v, want exit code %d", err, got, want)
			}
		}
	}
}
