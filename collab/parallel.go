package collab

import (
	"context"
	"sync"
	"sync/atomic"
)

// parallel does the tasks 0 to tasks-1, each once, in at most workers goroutines, and waits for
// them. worker, below workers, is who does a task, for memory that each keeps for itself; which one
// that is, is left to chance. Once ctx is done no task is begun, and the error is its.
func parallel(ctx context.Context, workers, tasks int, do func(worker, task int)) error {
	workers = max(1, min(workers, tasks))
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for t := next.Add(1) - 1; t < int64(tasks) && ctx.Err() == nil; t = next.Add(1) - 1 {
				do(w, int(t))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
