package main

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/stream"
)

// TestAClockSetBack: a start with a clock that is years ahead of the newest event, or behind it, says
// so, and goes on with the positions; nothing is late because of it, in this process or the next.
func TestAClockSetBack(t *testing.T) {
	cfg := config.Default()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	begun := time.Now()
	position := freshet.Position(1) // the first record is of the definitions
	for i, now := range []time.Time{begun, begun.AddDate(10, 0, 0), begun.Add(time.Minute), begun.Add(2 * time.Minute)} {
		var talk strings.Builder
		a := &app{stdout: io.Discard, stderr: &talk, now: func() time.Time { return now }}
		n, err := openNode(t.Context(), a, cfg, true)
		if err != nil {
			t.Fatal(err)
		}
		event := freshet.Event{User: "u", Item: "i", Name: "click", Time: now.UnixMilli()}
		out, err := n.stream.Events(t.Context(), stream.SourceHTTP, now.UnixMilli(), []freshet.Event{event}, nil)
		if position++; i == 2 { // the record that brings the watermark back
			position++
		}
		if err != nil || out.Position != position || out.Late > 0 {
			t.Errorf("start %d: %+v, %v", i, out, err)
		}
		if err := n.close(); err != nil {
			t.Error(err)
		}
		if off := i == 1 || i == 2; strings.Contains(talk.String(), "warning: the clock says") != off {
			t.Errorf("start %d: %s", i, talk.String())
		}
	}
}

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
