package journal

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/freshet-rec/freshet/internal/fsys"
)

// BenchmarkAppend has n producers append a record of 200 bytes each and wait until it is
// durable; BenchmarkBare is what the disk gives to one loop of write and sync.
func BenchmarkAppend(b *testing.B) {
	for _, producers := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			disk, err := fsys.Dir(b.TempDir())
			ok(b, err)
			l, _, err := Open(Options{FS: disk, Now: clock})
			ok(b, err)
			payload := make([]byte, 200)
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for range producers {
				wg.Go(func() {
					recs := []Record{{Topic: "user_behavior_click", Source: "http", Payload: payload}}
					for left.Add(-1) >= 0 {
						last, err := l.Append(recs)
						if err == nil {
							err = l.WaitDurable(b.Context(), last)
						}
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			ok(b, l.Close())
			ok(b, disk.Close())
		})
	}
}

func BenchmarkBare(b *testing.B) {
	disk, err := fsys.Dir(b.TempDir())
	ok(b, err)
	f, err := disk.Create("f")
	ok(b, err)
	frame := make([]byte, 300)
	const zeros = 64 << 20
	_, err = f.WriteAt(make([]byte, zeros), 0)
	ok(b, err)
	ok(b, f.Sync())
	off := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		_, err := f.WriteAt(frame, off)
		ok(b, err)
		ok(b, f.Sync())
		off = (off + int64(len(frame))) % (zeros - 512)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	ok(b, f.Close())
	ok(b, disk.Close())
}
