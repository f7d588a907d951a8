package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// Slept is how long the machine has slept since it was started.
func Slept() time.Duration {
	var boot, awake unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil {
		return 0
	}
	// Two readings are some µs apart.
	return time.Duration(boot.Nano() - awake.Nano()).Round(time.Millisecond)
}
