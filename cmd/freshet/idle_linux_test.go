package main

import (
	"errors"
	"io"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWhoGivesWay: what disturbs nobody is in the idle class, what makes room on a full disk is not.
func TestWhoGivesWay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start func(*exec.Cmd) error
		idle  bool
	}{{"beside requests", newApp(nil, io.Discard, io.Discard).startIdle, true}, {"to make room", (*exec.Cmd).Start, false}} {
		cmd := exec.Command("sleep", "60")
		if err := tt.start(cmd); err != nil {
			t.Fatal(err)
		}
		class, err := unix.SchedGetAttr(cmd.Process.Pid, 0)
		var killed *exec.ExitError
		if stopped := errors.Join(cmd.Process.Kill(), err); stopped != nil || !errors.As(cmd.Wait(), &killed) {
			t.Fatal(stopped)
		}
		if idle := class.Policy == unix.SCHED_IDLE; idle != tt.idle {
			t.Errorf("%s: class %d", tt.name, class.Policy)
		}
	}
}
