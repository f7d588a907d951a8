package main

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lowestNice is the nice value that gives way to every other.
const lowestNice = 19

// startLow starts a program that works when nothing else does. That is a matter of threads, and a
// program begins as the thread was that started it; so one is made for that and thrown away. By its
// nice value alone it would give way only at the end of its slice, 3 ms, which slates would feel:
// the idle class gives way at once. What the system does not allow is no reason not to start.
func startLow(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if unix.SchedSetAttr(0, &unix.SchedAttr{Policy: unix.SCHED_IDLE}, 0) != nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, lowestNice)
		}
		started <- cmd.Start()
	}()
	return <-started
}

// processorTime is how long the threads of a process have been on processors, all together; ok is
// false once it is gone.
func processorTime(pid int) (t time.Duration, ok bool) {
	clock := int32(^pid<<3 | 2) // as clock_getcpuclockid numbers it
	var now unix.Timespec
	if unix.ClockGettime(clock, &now) != nil {
		return 0, false
	}
	return time.Duration(now.Nano()), true
}
