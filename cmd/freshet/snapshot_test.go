package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/snapshot"
)

// TestOneSnapshotAtATime: who comes while one is taken is told so, and does no harm to it.
func TestOneSnapshotAtATime(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	run := func(code int, args ...string) outcomeOf {
		t.Helper()
		o := runOn(t, t.Context(), "", nil, args...)
		if o.code != code {
			t.Fatalf("%v: exit code %d, want %d\n%s%s", args, o.code, code, o.stdout, o.stderr)
		}
		return o
	}
	run(exitOK, "import", "-q", "--data", data, clicks(t, 1, 50))
	disk, err := fsys.Existing(data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := disk.Close(); err != nil {
			t.Error(err)
		}
	}()
	lock, err := snapshot.Lock(disk, "pid 1")
	if err != nil {
		t.Fatal(err)
	}
	half, err := disk.Create("snapshots/00000000000000000051.snap.tmp")
	if err != nil {
		t.Fatal(err)
	}
	if o := run(exitInUse, "snapshot", "--data", data); !strings.Contains(o.stderr, "another snapshot is being taken (pid 1)") {
		t.Errorf("it says %s", o.stderr)
	}
	if _, err := disk.Stat("snapshots/00000000000000000051.snap.tmp"); err != nil {
		t.Errorf("the one that is being taken: %v", err)
	}
	if err := half.Close(); err != nil {
		t.Error(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	run(exitOK, "snapshot", "--data", data)
}
