package collab

import (
	"context"
	"sync"
	"sync/atomic"
)

// eachBlock does the blocks 0 to blocks-1, each once, in at most workers goroutines, and waits for
// them. Each goroutine makes itself a function that does one. When ctx has ended, or a block
// returns false, no other is begun.
func eachBlock(ctx context.Context, workers, blocks int, begin func() func(block int) bool) {
	var next atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range min(workers, blocks) {
		wg.Go(func() {
			do := begin()
			for b := next.Add(1) - 1; b < int64(blocks) && !stop.Load() && ctx.Err() == nil; b = next.Add(1) - 1 {
				if !do(int(b)) {
					stop.Store(true)
				}
			}
		})
	}
	wg.Wait()
}
