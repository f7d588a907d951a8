package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/stream"
)

// recovery is the name of the workload that measures restarts.
const recovery = "recovery"

// The world of the workload recovery, unless it is made smaller.
const (
	recoveryEvents = 20_000_000
	recoveryUsers  = 100_000
	recoveryItems  = 20_000
	recoverySpan   = 24 * time.Hour // of event time

	// recoveryReady is how soon a start from a snapshot is quick enough whatever its size.
	recoveryReady = 5 * time.Second
)

// benchRecovery measures how a data directory of its own, below dir, comes back: from the
// journal alone, beside the time that the same events took to be applied when they came; from a
// snapshot, beside reading and checksumming it; and what taking one does to slates.
func (a *app) benchRecovery(ctx context.Context, cfg *config.Config, dir string, o *benchOptions) (*bench.Result, error) {
	live, err := a.liveRecovery(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	debug.FreeOSMemory() // the state that is gone must not be paid for by the next one
	read, err := a.readJournal(cfg)
	if err != nil {
		return nil, err
	}
	a.say("  read       the journal in %.1f s", read.Seconds())
	result := &bench.Result{Bench: recovery}
	bound := live.Seconds() + read.Seconds()
	fromJournal, err := a.timedStart(ctx, cfg, func(n *node) error {
		began := a.now()
		info, err := a.snapshotLocked(cfg, n)
		a.say("  snapshot   %s bytes in %.1f s", grouped(info.Bytes), a.now().Sub(began).Seconds())
		return err
	})
	if err != nil {
		return nil, err
	}
	result.Lines = append(result.Lines, bench.Against("restart_from_journal", fromJournal.Seconds(), "s", true,
		fmt.Sprintf("applying %s events as they came, and reading the journal", grouped(int64(o.events))), [2]float64{bound, bound}))
	before, err := a.readSnapshot(cfg)
	if err != nil {
		return nil, err
	}
	fromSnapshot, err := a.timedStart(ctx, cfg, func(*node) error { return nil })
	if err != nil {
		return nil, err
	}
	after, err := a.readSnapshot(cfg)
	if err != nil {
		return nil, err
	}
	limits := [2]float64{max(2*before, recoveryReady).Seconds(), max(2*after, recoveryReady).Seconds()}
	result.Lines = append(result.Lines, bench.Against("restart_from_snapshot", fromSnapshot.Seconds(), "s", true,
		"5 s, or twice reading and checksumming the snapshot", limits))
	lines, err := a.benchBeside(ctx, cfg, dir, o)
	result.Lines = append(result.Lines, lines...)
	return result, err
}

// liveRecovery fills the data directory through the front door and returns how long that took,
// the making of the events not counted.
func (a *app) liveRecovery(ctx context.Context, cfg *config.Config, o *benchOptions) (took time.Duration, err error) {
	n, err := openNode(ctx, a, cfg, true)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	load := newRecoveryLoad(o.events, o.world.Seed, a.now().UnixMilli())
	if _, err := n.stream.Items(ctx, stream.SourceHTTP, load.at(0), load.items(), nil); err != nil {
		return 0, err
	}
	bar := a.bar("events", int64(o.events), "events")
	for at := 0; at < o.events; {
		chunk := load.events(at, min(importChunk, o.events-at))
		at += len(chunk)
		began := a.now()
		out, err := n.stream.Events(ctx, stream.SourceHTTP, load.at(at-1), chunk, nil)
		if err != nil {
			return 0, err
		}
		took += a.now().Sub(began)
		if out.Accepted != len(chunk) || out.Late > 0 {
			return 0, fmt.Errorf("of %d events %d were accepted, %d of them late", len(chunk), out.Accepted, out.Late)
		}
		bar.set(int64(at))
	}
	bar.done()
	a.say("  live       %s events in %.1f s, %s a second; %s", grouped(int64(o.events)), took.Seconds(),
		grouped(int64(float64(o.events)/took.Seconds())), memory())
	return took, nil
}

// timedStart opens the data directory as a server does, and returns how long it took to be
// ready. use gets the node before it is closed.
func (a *app) timedStart(ctx context.Context, cfg *config.Config, use func(n *node) error) (took time.Duration, err error) {
	began := a.now()
	n, err := openNode(ctx, a, cfg, true)
	if err != nil {
		return 0, err
	}
	took = a.now().Sub(began)
	a.say("  ready      at position %s in %.1f s; %s", n.stream.Applied(), took.Seconds(), memory())
	err = errors.Join(use(n), n.close())
	n = nil
	debug.FreeOSMemory()
	return took, err
}

// benchBeside measures slates while a snapshot is taken.
func (a *app) benchBeside(ctx context.Context, cfg *config.Config, dir string, o *benchOptions) (lines []bench.Line, err error) {
	disk, err := fsys.Dir(filepath.Join(dir, "bound"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	take := o.snapshot
	if take == nil {
		take = func(ctx context.Context, cfg *config.Config) error { return a.snapshotBeside(ctx, cfg, 0, a.startIdle) }
	}
	var failed error
	err = a.serve(ctx, "bench", cfg, nil, func(n *node, url string) {
		defer cancel()
		var options bench.Options
		if options, failed = a.benchOn(ctx, n, cfg, o); failed != nil {
			return
		}
		options.URL, options.Disk = url, disk
		lines, failed = bench.RunBeside(ctx, "slate_p99_beside_snapshot", "500 slates a second without a snapshot", options,
			func(ctx context.Context) error { return take(ctx, cfg) })
	})
	return lines, errors.Join(failed, err)
}

// readJournal returns how long reading every byte of the journal takes.
func (a *app) readJournal(cfg *config.Config) (took time.Duration, err error) {
	return a.readFiles(cfg, journalDir, crc32.New(crc32.MakeTable(crc32.Castagnoli)))
}

// readSnapshot returns how long reading the snapshots and their SHA-256 take.
func (a *app) readSnapshot(cfg *config.Config) (took time.Duration, err error) {
	return a.readFiles(cfg, "snapshots", sha256.New())
}

func (a *app) readFiles(cfg *config.Config, dir string, sum io.Writer) (took time.Duration, err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	entries, err := disk.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	space := make([]byte, 1<<20)
	began := a.now()
	for _, e := range entries {
		if err := readThrough(disk, dir+"/"+e.Name, space, sum); err != nil {
			return 0, err
		}
	}
	return a.now().Sub(began), nil
}

func readThrough(disk fsys.FS, name string, space []byte, sum io.Writer) (err error) {
	f, err := disk.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for at := int64(0); ; {
		n, err := f.ReadAt(space, at)
		at += int64(n)
		if _, failed := sum.Write(space[:n]); failed != nil {
			return failed
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// memory says what the process holds.
func memory() string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return fmt.Sprintf("%s MiB in use, %s MiB from the system", grouped(int64(m.HeapAlloc>>20)), grouped(int64((m.Sys-m.HeapReleased)>>20)))
}

// recoveryLoad makes events: users uniformly, items by a Zipf law of exponent 1.1, one click for
// every eight items shown, spread evenly over a day of event time.
type recoveryLoad struct {
	count   int
	began   int64 // Unix ms
	random  *rand.Rand
	popular *rand.Zipf
	userIDs []freshet.UserID
	itemIDs []freshet.ItemID
}

func newRecoveryLoad(events int, seed uint64, end int64) *recoveryLoad {
	random := rand.New(rand.NewPCG(seed, 4))
	l := &recoveryLoad{count: events, began: end - recoverySpan.Milliseconds(), random: random, popular: rand.NewZipf(random, 1.1, 1, recoveryItems-1)}
	for i := range recoveryUsers {
		l.userIDs = append(l.userIDs, freshet.UserID("user-"+strconv.Itoa(i)))
	}
	for i := range recoveryItems {
		l.itemIDs = append(l.itemIDs, freshet.ItemID("item-"+strconv.Itoa(i)))
	}
	return l
}

// at is the time of event i in Unix ms.
func (l *recoveryLoad) at(i int) int64 {
	return l.began + int64(float64(i)/float64(l.count)*float64(recoverySpan.Milliseconds()))
}

func (l *recoveryLoad) items() []freshet.Item {
	items := make([]freshet.Item, len(l.itemIDs))
	for i, id := range l.itemIDs {
		items[i] = freshet.Item{ID: id}
	}
	return items
}

// events makes n events from number first on; they are to be asked for in order.
func (l *recoveryLoad) events(first, n int) []freshet.Event {
	events := make([]freshet.Event, n)
	for i := range events {
		name := "expose"
		if l.random.IntN(9) == 0 {
			name = "click"
		}
		events[i] = freshet.Event{ID: "recovery-" + strconv.Itoa(first+i), User: l.userIDs[l.random.IntN(recoveryUsers)],
			Item: l.itemIDs[l.popular.Uint64()], Name: name, Time: l.at(first + i)}
	}
	return events
}
