package bench

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// From linux/time.h and linux/timerfd.h; the two flags are those of open(2).
const (
	clockMonotonic = 1
	timerNonblock  = syscall.O_NONBLOCK
	timerCloexec   = syscall.O_CLOEXEC
)

// itimerspec is the kernel's: a timer's period, 0 for once, and when it first fires.
type itimerspec struct{ interval, value syscall.Timespec }

// napper waits on a timer of the kernel through the runtime's poller: to within some ten
// microseconds, and without holding a processor as a sleeping system call would.
type napper struct {
	fd    uintptr
	timer *os.File
}

func (n *napper) open() error {
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, timerNonblock|timerCloexec, 0)
	if errno != 0 {
		return fmt.Errorf("make a timer: %w", errno)
	}
	n.fd, n.timer = fd, os.NewFile(fd, "timer")
	return nil
}

// nap returns after d, which is above 0.
func (n *napper) nap(d time.Duration) error {
	spec := itimerspec{value: syscall.NsecToTimespec(int64(d))}
	if _, _, errno := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, n.fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("set a timer: %w", errno)
	}
	var fired [8]byte
	if _, err := n.timer.Read(fired[:]); err != nil {
		return fmt.Errorf("wait for a timer: %w", err)
	}
	return nil
}

func (n *napper) close() error { return n.timer.Close() }
