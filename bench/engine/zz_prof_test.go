package engine

import (
	"context"
	"os"
	"runtime/pprof"
	"testing"
	"time"
)

func TestProf(t *testing.T) {
	s := Full()
	s.Events = 6_000_000
	o := &Options{Size: s, Seed: 1, Now: time.Now, Say: t.Logf}
	w := newWorld(&o.Size, o.Seed)
	f, _ := os.Create("/tmp/engine.prof")
	pprof.StartCPUProfile(f)
	e, err := o.foldEngine(context.Background(), w, nil)
	pprof.StopCPUProfile()
	f.Close()
	t.Log(err, e.nanos, e.nanosWithIDs, e.bytes/int64(e.cells))
}
