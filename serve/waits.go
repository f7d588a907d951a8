package serve

import (
	"sync/atomic"
	"time"
)

// WaitBounds are the upper bounds of the classes in which the times that routes take are
// counted; one class more has no bound.
var WaitBounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second,
}

// waits counts times by class. The zero value is ready to use, also concurrently.
type waits struct {
	counts [len(WaitBounds) + 1]atomic.Uint64
	sum    atomic.Int64 // ns
}

func (w *waits) note(d time.Duration) {
	at := 0
	for at < len(WaitBounds) && d > WaitBounds[at] {
		at++
	}
	w.counts[at].Add(1)
	w.sum.Add(int64(d))
}

// Waits are times counted by class.
type Waits struct {
	Counts [len(WaitBounds) + 1]uint64 // of each class alone
	Sum    time.Duration
}

func (w *waits) read() (got Waits) {
	for i := range w.counts {
		got.Counts[i] = w.counts[i].Load()
	}
	got.Sum = time.Duration(w.sum.Load())
	return got
}

// Count is how many times were counted.
func (w *Waits) Count() (n uint64) {
	for _, c := range w.Counts {
		n += c
	}
	return n
}

// At is the upper bound of the class in which the given share of the times, from 0 to 1, is
// reached: the last bound for what has none, 0 for no times.
func (w *Waits) At(share float64) time.Duration {
	n := w.Count()
	if n == 0 {
		return 0
	}
	sum := uint64(0)
	for i, bound := range WaitBounds {
		if sum += w.Counts[i]; float64(sum) >= share*float64(n) {
			return bound
		}
	}
	return WaitBounds[len(WaitBounds)-1]
}
