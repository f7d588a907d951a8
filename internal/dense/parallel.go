package dense

import (
	"sync"
	"sync/atomic"
)

// Parallel does the tasks 0 to tasks-1, each once, in at most workers goroutines, and waits for
// them. Which worker does a task is left to chance: so each must write to places of its own, and sums
// of several tasks be added up afterwards, in the order of the tasks.
func Parallel(workers, tasks int, do func(task int)) {
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
