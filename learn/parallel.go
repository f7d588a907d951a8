package learn

import (
	"sync"
	"sync/atomic"
)

// parallel does the tasks 0 to tasks-1, each once, in at most workers goroutines, and waits for them.
// Which worker does a task is left to chance: so each writes to places of its own, and sums of
// several tasks are added up afterwards, in the order of the tasks.
func parallel(workers, tasks int, do func(task int)) {
	if workers = min(workers, tasks); workers <= 1 {
		for t := range tasks {
			do(t)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	work := func() {
		for t := next.Add(1) - 1; t < int64(tasks); t = next.Add(1) - 1 {
			do(int(t))
		}
	}
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// chunkRows is how many rows of a batch are one task. It decides the order in which sums over rows
// are added up, and with it their last bits.
const chunkRows = 256

// chunks is how many tasks n rows are.
func chunks(n int) int { return (n + chunkRows - 1) / chunkRows }

// chunk is the range of rows of a task.
func chunk(task, n int) (from, to int) { return task * chunkRows, min(n, (task+1)*chunkRows) }
