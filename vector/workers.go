package vector

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// share calls work for every part of n things, on several goroutines at a time; it returns when all
// have ended. Parts are of at most size and always the same, so what is made of a part does not
// depend on the number of workers. At the end of ctx the parts left are dropped.
func share(ctx context.Context, workers, n, size int, work func(from, to int)) error {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, (n+size-1)/size) {
		wg.Go(func() {
			for ctx.Err() == nil {
				from := int(next.Add(int64(size))) - size
				if from >= n {
					return
				}
				work(from, min(from+size, n))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
