package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/fsys"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func clock() time.Time { return time.UnixMilli(1_700_000_000_123) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start opens a Log with small segments and closes it with the test if the test does not.
func start(t testing.TB, disk fsys.FS) (*Log, Report) {
	t.Helper()
	return startSized(t, disk, minSizeBytes)
}

func startSized(t testing.TB, disk fsys.FS, segmentBytes int64) (*Log, Report) {
	t.Helper()
	l, report, err := Open(Options{FS: disk, Now: clock, SegmentBytes: segmentBytes})
	ok(t, err)
	t.Cleanup(func() {
		if err := l.Close(); err != nil && !errors.Is(err, ErrFailed) {
			t.Error(err)
		}
	})
	return l, report
}

// sample is the record that every test puts at position p.
func sample(p freshet.Position) Record {
	rng := rand.New(rand.NewPCG(uint64(p), 42))
	payload := make([]byte, rng.IntN(300))
	for i := range payload {
		payload[i] = byte(rng.Uint32())
	}
	return Record{
		Topic: []string{"user_behavior_click", "catalog", ""}[p%3], Source: fmt.Sprint("import:", p%7),
		Received: 1_700_000_000_000 - int64(p), Seq: uint64(p) * 3, Flags: uint8(p % 5), Payload: payload,
	}
}

// put appends n samples and returns the last position.
func put(t testing.TB, l *Log, n int) freshet.Position {
	t.Helper()
	recs := make([]Record, n)
	from := l.Last()
	for i := range recs {
		recs[i] = sample(from + freshet.Position(i) + 1)
	}
	last, err := l.Append(recs)
	ok(t, err)
	for i := range recs {
		if want := from + freshet.Position(i) + 1; recs[i].Position != want {
			t.Fatalf("record %d got position %d, want %d", i, recs[i].Position, want)
		}
	}
	if last != from+freshet.Position(n) {
		t.Fatalf("last position %d, want %d", last, from+freshet.Position(n))
	}
	return last
}

// same reports how r differs from the sample at p.
func same(r Record, p freshet.Position) error {
	want := sample(p)
	if r.Position != p || r.Topic != want.Topic || r.Source != want.Source || r.Received != want.Received ||
		r.Seq != want.Seq || r.Flags != want.Flags || !bytes.Equal(r.Payload, want.Payload) {
		return fmt.Errorf("record %+v, want the sample at %d, %+v", r, p, want)
	}
	return nil
}

// count reads everything durable, checks that it is the samples from the first one kept on, and
// returns the last position.
func count(disk fsys.FS) (n freshet.Position, err error) {
	r, err := OpenReader(disk)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for n = r.First() - 1; ; {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n++
		if err := same(record, n); err != nil {
			return n, err
		}
	}
}

func TestReopen(t *testing.T) {
	real, err := fsys.Dir(t.TempDir())
	ok(t, err)
	t.Cleanup(func() { ok(t, real.Close()) })
	for name, disk := range map[string]fsys.FS{"mem": fsys.NewMem(), "os": real} {
		t.Run(name, func(t *testing.T) {
			ctx, total := t.Context(), freshet.Position(0)
			for round := range 5 {
				l, report := start(t, disk)
				if report.Created != (round == 0) || report.Last != total || report.Records != uint64(total) ||
					report.First != min(1, total) || report.Proved != total || report.CutBytes != 0 || len(report.Ignored) != 0 {
					t.Fatalf("round %d: report %+v, want %d records", round, report, total)
				}
				if l.Durable() != total || l.Last() != total {
					t.Fatalf("round %d: durable %d, last %d, want %d", round, l.Durable(), l.Last(), total)
				}
				for i := range 20 {
					total = put(t, l, i%4)
					if i%3 == 0 {
						ok(t, l.WaitDurable(ctx, total))
						if l.Durable() < total {
							t.Fatalf("durable %d after WaitDurable(%d)", l.Durable(), total)
						}
					}
				}
				ok(t, l.Close())
				ok(t, l.Close())
				if n, err := count(disk); err != nil || n != total {
					t.Fatalf("round %d: read %d, %v, want %d", round, n, err, total)
				}
			}
			l, report := start(t, disk)
			if report.Segments < 5 {
				t.Errorf("%d segments, want several", report.Segments)
			}
			ok(t, l.Close())
		})
	}
}

func TestAppendKeepsTheBounds(t *testing.T) {
	l, _ := start(t, fsys.NewMem())
	long := strings.Repeat("x", MaxNameBytes+1)
	for name, r := range map[string]Record{
		"topic":   {Topic: long},
		"source":  {Source: long},
		"payload": {Payload: make([]byte, MaxPayloadBytes+1)},
	} {
		if _, err := l.Append([]Record{{Topic: "good"}, r}); !errors.Is(err, ErrRecord) {
			t.Errorf("%s over its bound: %v", name, err)
		}
	}
	if l.Last() != 0 {
		t.Fatalf("a refused batch left %d records", l.Last())
	}
	last, err := l.Append([]Record{{Topic: long[1:], Source: long[1:], Payload: make([]byte, MaxPayloadBytes)}, {}})
	ok(t, err)
	ok(t, l.WaitDurable(t.Context(), last))
	r, err := OpenReader(l.disk)
	ok(t, err)
	for want := range freshet.Position(2) {
		if got, err := r.Next(); err != nil || got.Position != want+1 {
			t.Errorf("read %d, %v", got.Position, err)
		}
	}
	ok(t, r.Close())
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no file system": {Now: clock},
		"no clock":       {FS: fsys.NewMem()},
		"tiny segments":  {FS: fsys.NewMem(), Now: clock, SegmentBytes: 1},
		"negative bound": {FS: fsys.NewMem(), Now: clock, MaxPendingBytes: -1},
		"huge segments":  {FS: fsys.NewMem(), Now: clock, SegmentBytes: maxSizeBytes + 1},
	} {
		if _, _, err := Open(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLockedByAnother(t *testing.T) {
	disk := fsys.NewMem()
	l, _, err := Open(Options{FS: disk, Now: clock, Note: "pid 4711 on port 8080"})
	ok(t, err)
	_, _, err = Open(Options{FS: disk, Now: clock})
	var locked *fsys.LockedError
	if !errors.As(err, &locked) || locked.Note != "pid 4711 on port 8080" {
		t.Errorf("second Open: %v", err)
	}
	ok(t, l.Close())
	l, _ = start(t, disk)
	ok(t, l.Close())
}

func TestOrderWithManyProducers(t *testing.T) {
	disk := fsys.NewMem()
	l, _ := start(t, disk)
	var announced []freshet.Position
	l.OnSafe(func(p freshet.Position) { announced = append(announced, p) })
	var wg sync.WaitGroup
	const producers, batches = 8, 40
	for producer := range producers {
		wg.Go(func() {
			for b := range batches {
				recs := []Record{{Seq: uint64(b), Source: fmt.Sprint(producer)}, {Seq: uint64(b), Source: fmt.Sprint(producer)}}
				last, err := l.Append(recs)
				if err == nil {
					err = l.WaitWritten(t.Context(), last)
				}
				if err == nil {
					err = l.WaitDurable(t.Context(), last)
				}
				if err != nil || l.Durable() < last {
					t.Errorf("producer %d batch %d: durable %d, %v", producer, b, l.Durable(), err)
				}
			}
		})
	}
	wg.Wait()
	ok(t, l.Close())
	if !slices.IsSorted(announced) || len(announced) == 0 || announced[len(announced)-1] != producers*batches*2 ||
		len(slices.Compact(slices.Clone(announced))) != len(announced) {
		t.Errorf("durable positions announced: %v", announced)
	}
	r, err := OpenReader(disk)
	ok(t, err)
	next := map[string]uint64{}
	for range producers * batches {
		a, errA := r.Next()
		b, errB := r.Next()
		ok(t, errors.Join(errA, errB))
		if a.Source != b.Source || a.Seq != b.Seq || a.Seq != next[a.Source] {
			t.Fatalf("batches mixed or out of order: %+v %+v, want number %d", a, b, next[a.Source])
		}
		next[a.Source]++
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last record: %v", err)
	}
	ok(t, r.Close())
}

func TestBusy(t *testing.T) {
	disk, free := fsys.NewMem(), make(chan struct{})
	var opened atomic.Bool
	disk.Fail = func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".seg") && opened.Load() {
			<-free
		}
		return nil
	}
	l, _, err := Open(Options{FS: disk, Now: clock, MaxPendingBytes: minSizeBytes})
	ok(t, err)
	opened.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	ok(t, l.WaitRoom(ctx))
	last, err := l.Append([]Record{{Payload: make([]byte, minSizeBytes)}})
	ok(t, err)
	ok(t, l.WaitWritten(ctx, last))
	done := make(chan error)
	go func() { done <- l.WaitRoom(ctx) }()
	cancel()
	if err := <-done; !errors.Is(err, ErrBusy) || !errors.Is(err, context.Canceled) {
		t.Errorf("WaitRoom: %v", err)
	}
	if err := l.WaitDurable(ctx, last); !errors.Is(err, context.Canceled) {
		t.Errorf("WaitDurable: %v", err)
	}
	_, err = l.Append([]Record{{Payload: make([]byte, minSizeBytes)}})
	ok(t, err)
	if _, err := l.Append([]Record{{}}); !errors.Is(err, ErrBusy) {
		t.Errorf("Append over twice the bound: %v", err)
	}
	if l.Durable() != 0 || l.Pending() < 2*minSizeBytes {
		t.Errorf("durable %d, %d bytes pending", l.Durable(), l.Pending())
	}
	close(free)
	ok(t, l.WaitRoom(t.Context()))
	ok(t, l.WaitDurable(t.Context(), 2))
	ok(t, l.Close())
}

func TestClosed(t *testing.T) {
	l, _ := start(t, fsys.NewMem())
	waiting := make(chan error)
	go func() { waiting <- l.WaitDurable(context.Background(), 2) }()
	put(t, l, 1)
	ok(t, l.Close())
	if err := <-waiting; !errors.Is(err, ErrClosed) {
		t.Errorf("a wait for a record that never came: %v", err)
	}
	if _, err := l.Append([]Record{{}}); !errors.Is(err, ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	if err := l.WaitRoom(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("WaitRoom: %v", err)
	}
	if err := l.WaitDurable(t.Context(), 1); err != nil || l.Durable() != 1 {
		t.Errorf("Close did not make the last record durable: %v", err)
	}
	if l.Err() != nil {
		t.Errorf("Err after a clean Close: %v", l.Err())
	}
}
