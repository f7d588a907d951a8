package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/deadletter"
	"github.com/freshet-rec/freshet/external"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/clock"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/outgoing"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/quarantine"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/snapshot"
	"github.com/freshet-rec/freshet/store/mem"
	"github.com/freshet-rec/freshet/stream"
)

// node is a data directory at work: the journal, the dead letters, the stream over them and, when
// it serves, the state and the server. Its parts are made in the order of the data path and closed from the
// outside in.
type node struct {
	disk    *fsys.OS
	log     *journal.Log
	report  journal.Report
	letters *deadletter.Store
	stream  *stream.Stream
	state   *fold.State     // nil when only admitting
	server  *serve.Server   // nil when only admitting
	shelf   *registry.Shelf // of the models that routes go by; nil when none is asked
	outside []*external.Client

	cfg     atomic.Pointer[config.Config] // the configuration in force
	keeping sync.Mutex                    // held while the journal is let go of; guards kept and yield
	kept    bool                          // somebody reads the journal from its beginning
	yield   func()                        // has that end; nil is nobody
	fulled  chan struct{}                 // has a token when the disk has become full
	passed  *quarantine.List              // what is passed over of the journal
	clock   *clock.Clock
	deaths  *deathWatch      // nil when not the writer
	started bool             // to apply what comes live
	paused  time.Duration    // from the newest event by HTTP to the start, by the clock
	snapped freshet.Position // of the newest snapshot used or taken, 0 for none
	carried freshet.Position // of the snapshot of a former release that the state is made from, 0 for none
	alone   fsys.Lock        // the journal's, held where there is no log while a snapshot is carried over; nil else
}

// openNode opens the data directory of cfg as its writer and replays the journal. With
// serving it folds the state and starts a server; without, it only admits events, which is
// all an import needs.
func openNode(ctx context.Context, a *app, cfg *config.Config, serving bool) (n *node, err error) {
	n = &node{fulled: make(chan struct{}, 1)}
	n.cfg.Store(cfg)
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	if n.disk, err = fsys.Dir(cfg.Data); err != nil {
		return n, dataError(cfg.Data, err)
	}
	n.clock = clock.New(clock.Options{Wall: a.now, Slept: clock.Slept, Most: max(cfg.MaxFuture.Std(), leastStep), Report: func(msg string) { a.say("warning: %s", msg) }})
	from, err := newestSnapshot(n.disk)
	if err != nil {
		return n, dataError(cfg.Data, err)
	}
	if n.log, n.report, err = journal.Open(journal.Options{FS: n.disk, Now: n.clock.Now, Note: a.lockNote(), From: from, BallastBytes: int64(cfg.Journal.BallastMiB) << 20, Relaxed: cfg.Durability == config.DurabilityRelaxed,
		Report: func(msg string, err error) {
			a.sayFull(cfg.Data, msg, err)
			n.noteFull(err)
		}}); err != nil {
		return n, dataError(cfg.Data, err)
	}
	a.sayReport(cfg.Data, n.report)
	strange, err := snapshot.Ignored(n.disk)
	if err != nil {
		return n, dataError(cfg.Data, err)
	}
	for _, name := range strange {
		a.say("snapshots: warning: ignoring %s/%s, which is not a snapshot", cfg.Data, name)
	}
	if err := n.openLetters(a, cfg.Data); err != nil {
		return n, dataError(cfg.Data, err)
	}
	if serving {
		n.state, n.shelf = &fold.State{}, registry.NewShelf(n.disk, false)
	}
	if n.passed, err = passedOver(n.disk); err != nil {
		return n, dataError(cfg.Data, err)
	}
	if n.deaths, err = n.watchDeaths(a, cfg.Data); err != nil {
		return n, dataError(cfg.Data, err)
	}
	if err := errors.Join(n.rebuild(ctx, a, cfg), n.deaths.over()); err != nil {
		return n, err
	}
	if err := a.refuseMeanings(n.stream.Definitions(), cfg); err != nil {
		return n, err
	}
	n.stream.DeadLettered(n.letters.Counts().Total)
	a.sayPassed(cfg.Data, n.passed)
	n.started = true
	n.stream.Start()
	if serving {
		if err := n.setClock(ctx, a, cfg); err != nil {
			return n, dataError(cfg.Data, err)
		}
	}
	definitions, err := definitionsText(cfg)
	if err != nil {
		return n, err
	}
	if err := n.stream.Define(ctx, a.now().UnixMilli(), definitions); err != nil {
		return n, dataError(cfg.Data, err)
	}
	if serving {
		options := serveOptions(a, cfg, n)
		if n.outside, err = askOutside(cfg, options.Routes); err != nil {
			return n, err
		}
		if n.server, err = serve.New(options); err != nil {
			return n, err
		}
		err = n.server.Adopt(ctx)
	}
	return n, err
}

// lockNote says to whoever finds a lock taken who has it.
func (a *app) lockNote() string {
	return fmt.Sprintf("pid %d, started %s", os.Getpid(), a.now().Format("15:04"))
}

// config is the configuration in force.
func (n *node) config() *config.Config { return n.cfg.Load() }

// leastStep is the least that the system's clock may step by and be followed.
const leastStep = time.Minute

// longPause is how long nothing may have come by HTTP before a start asks whether the clock is right.
const longPause = 30 * 24 * time.Hour

// now is the time that a node goes by.
func (n *node) now(a *app) func() time.Time {
	if n.clock == nil { // it takes nothing in
		return a.now
	}
	return n.clock.Now
}

// setClock holds the clock against what came by HTTP before. If it is behind that, it was ahead then
// or is behind now. It is believed: the watermark comes back to it, by a record of the journal, and
// should it catch up with what came before, it is followed there.
func (n *node) setClock(ctx context.Context, a *app, cfg *config.Config) error {
	ms, ok := n.stream.Watermarks()[stream.SourceHTTP]
	if !ok {
		return nil
	}
	now, newest := n.clock.Now(), time.UnixMilli(ms)
	n.clock.Expect(newest)
	n.paused = now.Sub(newest)
	switch {
	case newest.Sub(now) > cfg.MaxFuture.Std():
		a.say("warning: the clock says %s, and events came by HTTP at %s: it is wrong now, or was then. From here on what is late goes by this clock",
			now.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339))
		return n.stream.SetBack(ctx, now.UnixMilli(), stream.SourceHTTP, now.UnixMilli())
	case n.paused > longPause:
		a.say("warning: the clock says %s, and nothing came by HTTP since %s: if that is not so, stop, and set the clock before events come",
			now.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339))
	}
	return nil
}

// sayFull tells that the disk is full, or is not any more.
func (a *app) sayFull(dir, msg string, err error) {
	if err == nil {
		a.say("data directory %s: %s", dir, msg)
		return
	}
	a.say("warning: data directory %s: %s: %v", dir, msg, err)
}

// noteFull leaves a token for whoever makes room, when the disk is full.
func (n *node) noteFull(err error) {
	if !errors.Is(err, journal.ErrNoSpace) {
		return
	}
	select {
	case n.fulled <- struct{}{}:
	default:
	}
}

// openLetters opens the dead letters and tells what is wrong with them. Damage there is no reason
// not to start.
func (n *node) openLetters(a *app, dir string) (err error) {
	var r deadletter.Report
	if n.letters, r, err = deadletter.Open(deadletter.Options{FS: n.disk}); err != nil {
		return err
	}
	if r.CutBytes > 0 {
		a.say("dead letters: cut %d bytes of an unfinished write: %s/%s at byte %d; the import that wrote them was not finished", r.CutBytes, dir, r.CutFile, r.CutOffset)
	}
	for _, d := range r.Damages {
		a.say("dead letters: warning: %s/%s", dir, d)
	}
	return nil
}

// rebuild makes the state of the newest snapshot and the journal behind it, anew when a record turns
// out to be one that cannot be folded in.
func (n *node) rebuild(ctx context.Context, a *app, cfg *config.Config) error {
	for again := 0; ; again++ {
		if err := n.anew(a, cfg); err != nil {
			return err
		}
		n.snapped = 0
		if err := n.restore(a, cfg, anyPosition); err != nil {
			return dataError(cfg.Data, err)
		}
		n.carried = 0
		err := n.carryOver(ctx, a, cfg)
		if err == nil {
			err = n.replay(ctx, a, anyPosition)
		}
		var poison *stream.PoisonError
		if errors.As(err, &poison) && again < mostPoison {
			if _, ok := n.passed.Find(poison.Position); ok {
				continue
			}
		}
		if err == nil && n.carried != 0 && n.state != nil { // from here on it is a function of this snapshot
			_, err = a.snapshotLocked(cfg, n)
			var locked *fsys.LockedError
			if errors.As(err, &locked) {
				err = fmt.Errorf("%w (%s)", errCarryUnkept, locked.Note)
			}
		}
		if err != nil {
			return dataError(cfg.Data, err)
		}
		return nil
	}
}

// replay rebuilds state and the memory of admissions from the journal, up to a position.
func (n *node) replay(ctx context.Context, a *app, to freshet.Position) (err error) {
	reader, err := journal.OpenReader(n.disk)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	a.sayMark(reader)
	from := n.stream.Applied()
	if last := reader.Durable(); from > last {
		return &journal.BehindError{Last: last, Known: from}
	}
	if err := reader.Seek(from + 1); err != nil {
		return err
	}
	reader.Until(to)
	if from > 0 && a.verbose {
		a.say("  snapshot   of position %s", from)
	}
	bar := a.bar("history", int64(min(reader.Durable(), to)-from), "records")
	if err := n.stream.Replay(ctx, reader, func(records int) { bar.set(int64(records)) }); err != nil {
		return err
	}
	bar.done()
	return nil
}

// close closes whatever is open, from the outside in.
func (n *node) close() error {
	var errs []error
	if n.server != nil && n.stream.Poison() == nil { // else it waits for a state that nobody reads any more
		n.server.Close()
	}
	for _, client := range n.outside {
		client.Close()
	}
	if n.stream != nil {
		n.stream.Close()
	}
	if n.letters != nil { // before the log, whose lock covers them
		errs = append(errs, n.letters.Close())
	}
	if n.log != nil {
		errs = append(errs, n.log.Close())
	}
	if n.deaths != nil {
		errs = append(errs, n.deaths.close())
	}
	if n.disk != nil {
		errs = append(errs, n.disk.Close())
	}
	return errors.Join(errs...)
}

// sayReport tells what opening the journal found, as far as an operator should know.
func (a *app) sayReport(dir string, r journal.Report) {
	if torn := r.CutBytes - r.CutZeros; torn > 0 {
		a.say("journal: cut %d bytes of an unfinished write after the last whole record: %s/%s at byte %d; nothing in them was acknowledged", torn, dir, r.CutFile, r.CutOffset)
	}
	if r.CutZeros > 0 {
		a.say("journal: cut %d zero bytes at the end of %s/%s, the space kept ready by a server that was not stopped", r.CutZeros, dir, r.CutFile)
	}
	if r.TornMark {
		a.say("journal: one of the two places in %s/journal/durable did not read, as a power cut may leave it; what the other and the records themselves prove is there", dir)
	}
	if a.verbose {
		a.say("journal: %s in %s, positions %s to %s, durable for certain up to %s", plural(int(r.Records), "record"), plural(r.Segments, "segment"), r.First, r.Last, r.Proved)
	}
	if a.verbose && r.Checked > r.First {
		a.say("journal: read from position %s on, a snapshot stands for what is before", r.Checked)
	}
	for _, name := range r.Removed {
		a.say("journal: removed %s/%s, which an interrupted run had left", dir, name)
	}
	for _, name := range r.Ignored {
		a.say("journal: warning: ignoring %s/%s, which is not part of the journal", dir, name)
	}
}

// dataError adds to an error about the data directory which one it is and what to do.
func dataError(dir string, err error) error {
	var locked *fsys.LockedError
	var corrupt *journal.CorruptError
	var behind *journal.BehindError
	switch {
	case errors.Is(err, errCarryBeside):
		return &failure{code: exitInUse, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "stop that one or wait for its end, then start this release: freshet serve carries the snapshot over by itself; no snapshot was written"}
	case errors.Is(err, errCarryUnkept):
		return &failure{code: exitInUse, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "run it again when that one has ended"}
	case errors.As(err, &locked) && locked.Name == snapshot.LockName:
		return &failure{code: exitInUse, err: fmt.Errorf("data directory %s: another snapshot is being taken (%s)", dir, locked.Note),
			hint: "that one will do; or wait for its end"}
	case errors.As(err, &locked):
		return &failure{code: exitInUse, err: fmt.Errorf("data directory %s is in use by freshet (%s)", dir, locked.Note),
			hint: "use another: --data DIR     or talk to that one: freshet status"}
	case errors.As(err, &corrupt):
		return &failure{code: exitDamaged, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "nothing was changed; restore the file from a copy"}
	case errors.Is(err, errNoJournal):
		return &failure{code: exitDamaged, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: fmt.Sprintf("mount %s/journal or copy it back; to begin with nothing, move %s/snapshots away", dir, dir)}
	case errors.As(err, &behind):
		return &failure{code: exitDamaged, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "restore the journal from a copy; to go on without what is missing, remove the snapshots"}
	case errors.As(err, new(*errReleased)):
		return &failure{code: exitUsage, err: fmt.Errorf("data directory %s: %w", dir, err), hint: "go back to the features before, or to some whose windows fit into what the journal keeps (journal.retain)"}
	case errors.Is(err, journal.ErrReleased):
		return &failure{code: exitUsage, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "no snapshot made for this configuration by this release stands for what is gone (journal.retain); freshet serve and freshet snapshot carry over one of a release before, where they can; else go back to that configuration or release, or restore a copy"}
	case errors.As(err, new(*quarantine.DamagedError)):
		return &failure{code: exitDamaged, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "restore the file from a copy; without it those records are tried again, and found again"}
	case errors.Is(err, stream.ErrUndecodable), errors.Is(err, stream.ErrPanicked):
		return &failure{code: exitDamaged, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "start a server on it: freshet serve puts such records aside and goes on"}
	case errors.Is(err, quarantine.ErrTooMany):
		return &failure{code: exitDamaged, err: fmt.Errorf("data directory %s: %w", dir, err),
			hint: "try the release and the configuration from before; then remove " + quarantine.FileName + ", and the records are tried again"}
	case errors.Is(err, quarantine.ErrNewerFormat), errors.Is(err, journal.ErrNewerFormat), errors.Is(err, snapshot.ErrNewerFormat), errors.Is(err, deadletter.ErrNewerFormat):
		return &failure{code: exitNewer, err: fmt.Errorf("data directory %s: %w", dir, err), hint: "use that release; nothing was changed"}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, errReadOnly):
		return &failure{code: exitUsage, err: fmt.Errorf("data directory %s: %w", dir, err)}
	}
	return &failure{code: exitCode(err), err: fmt.Errorf("data directory %s: %w", dir, err)}
}

// foldOptions are those of a fold that learns and judges.
func foldOptions(cfg *config.Config) fold.Options {
	o := fold.Options{Config: slateConfig(cfg), Kinds: cfg.Events, Features: cfg.Features, MaxFuture: cfg.MaxFuture, MaxKeys: cfg.Memory.FeatureKeys, Words: cfg.Ranker.Fields, NewTable: mem.New}
	for _, r := range cfg.Recall {
		o.Routes = append(o.Routes, foldRoute(r))
	}
	return o
}

// foldRoute is what the fold knows of a configured route.
func foldRoute(r config.Route) fold.Route {
	return fold.Route{Name: r.Name, Kind: r.Kind, Window: r.Window, Within: r.Within, Against: r.Against, Distance: r.Distance, Where: r.Where, Order: r.Order, Source: r.Source, Dim: r.Dim,
		Normalise: r.Normalise, HalfLife: r.HalfLife, Session: r.Session}
}

// pastFold is the fold in which slates of the past are made again: as watched, and each model that
// routes went by is read once it is asked for.
func pastFold(cfg *config.Config, disk fsys.FS) fold.Options {
	o, shelf := watchedFold(cfg), registry.NewShelf(disk, true)
	o.Bundles, o.Rankers = shelf, shelf
	return o
}

// watchOneIn is the share of feature keys whose values are recomputed from raw events as they are
// served: one in so many.
const watchOneIn = 64

// watchedFold is the fold that serves, and that snapshots are of: it recomputes what it serves, and
// updates the ranker.
func watchedFold(cfg *config.Config) fold.Options {
	o := foldOptions(cfg)
	o.Watch = watchOneIn
	if cfg.Ranker.Online.Enabled {
		o.Updater = learn.NewUpdater(updaterOptions(cfg))
	}
	return o
}

func serveOptions(a *app, cfg *config.Config, n *node) serve.Options {
	began := time.Now()
	o := serve.Options{
		Stopwatch: func() time.Duration { return time.Since(began) },
		Stream:    n.stream, State: n.state, Now: n.now(a), NewID: newID(a.now), Kinds: cfg.Events, MaxFuture: cfg.MaxFuture,
		Scenes: map[string]serve.Scene{}, Disk: n.disk, Shelf: n.shelf, Rankers: cfg.Ranker.Kinds(),
		Report: func(msg string, err error) { a.say("warning: %s: %v", msg, err) },
	}
	for _, r := range cfg.Recall {
		o.Routes = append(o.Routes, serve.Route{Name: r.Name, Kind: r.Kind, N: r.N, Budget: r.Budget})
	}
	for name, scene := range cfg.Scenes {
		o.Scenes[name] = serve.Scene{Routes: scene.Recall, Budget: scene.Budget, Explore: scene.Explore.Share}
	}
	return o
}

// askOutside gives each route that asks outside somebody to ask.
func askOutside(cfg *config.Config, routes []serve.Route) (clients []*external.Client, err error) {
	rules, err := outgoing.Parse(cfg.Outgoing.Allow)
	if err != nil {
		return nil, fmt.Errorf("outgoing.allow: %w", err)
	}
	for i, r := range cfg.Recall {
		if r.Kind != config.KindExternal {
			continue
		}
		client, err := external.New(external.Options{URL: r.URL, Rules: rules, Conns: r.Slots})
		if err != nil {
			return clients, fmt.Errorf("recall route %s: %w", r.Name, err)
		}
		clients = append(clients, client)
		routes[i].Outside, routes[i].Slots, routes[i].Budget = client, r.Slots, r.Timeout
	}
	return clients, nil
}

// definitionsText is what the journal keeps of the configuration: everything that shapes
// what the journal's events mean.
func definitionsText(cfg *config.Config) ([]byte, error) {
	type route struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
		N    int    `json:"n"`
		fold.Route
	}
	text := struct {
		Hash        string               `json:"hash"` // of features
		Features    []feature.Definition `json:"features"`
		Events      freshet.EventKinds   `json:"events"`
		Recall      []route              `json:"recall"`
		Lateness    freshet.Duration     `json:"lateness"`
		MaxFuture   freshet.Duration     `json:"max_future"`
		FeatureKeys int                  `json:"feature_keys"`
		Online      *freshet.Duration    `json:"online,omitempty"` // the window of the online update; absent without one
	}{Hash: feature.Hash(cfg.Features), Features: cfg.Features, Events: cfg.Events, Lateness: cfg.Lateness, MaxFuture: cfg.MaxFuture, FeatureKeys: cfg.Memory.FeatureKeys}
	for _, r := range cfg.Recall {
		text.Recall = append(text.Recall, route{r.Name, r.Kind, r.N, foldRoute(r)})
	}
	if o := &cfg.Ranker.Online; o.Enabled {
		text.Online = &o.Window
	}
	return json.Marshal(text)
}

// slateConfig is the hash of what shapes a slate: of all that shapes a state but the lateness and the
// online update, whose verdicts are in the journal, and of the words in rows.
func slateConfig(cfg *config.Config) string {
	same := *cfg
	same.Lateness, same.Ranker.Online.Enabled = 0, false // what was published is in the journal
	text, err := definitionsText(&same)
	if err != nil {
		return "" // openNode has failed of it, or will
	}
	for _, name := range cfg.Ranker.Fields { // rows have their words
		text = append(append(text, '\n'), name...)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// newID makes request ids: r-, then 48 bits of time and 64 random bits in base 32, so that
// they sort by time and cannot be guessed.
func newID(now func() time.Time) func() string {
	encoding := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
	return func() string {
		var b [14]byte
		ms := now().UnixMilli()
		for i := range 6 {
			b[i] = byte(ms >> (40 - 8*i))
		}
		_, _ = rand.Read(b[6:]) // never fails: the runtime ends the process instead
		return "r-" + encoding.EncodeToString(b[:])
	}
}
