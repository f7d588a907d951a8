package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/bench/candidates"
	"github.com/freshet-rec/freshet/bench/engine"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/registry"
)

func (a *app) benchCmd() *cobra.Command {
	options := benchOptions{duration: 5 * time.Second}
	var seed uint64
	var events int
	c := &cobra.Command{
		Use:   "bench NAME",
		Short: "Measure speed against bounds measured in the same run",
		Long: `Start a server on a temporary data directory, load it over HTTP, and print how much
of what this machine allows is reached: the ratio to a bound measured just before
and just after, with the same load.

  freshness   1,000 events a second: how soon the next slate reflects one
  ingest      durable events: one a request (64 connections), 1,000 a request (8), the
              latter also without recall; what one costs the server
  recommend   slates of ten (8 connections); how long one takes at half that rate, and
              at 2,000 a second
  journal     records of 120 bytes, 1 to 512 producers that each wait for their own to
              be durable; without a server
  recovery    20 million events (--events makes it fewer): a start from the journal alone
              and from a snapshot, and slates while one is taken; needs 5 GB of disk
  features    the feature engine alone, without a server: see freshet bench features --help
  recall      searches of vectors, without a server: see freshet bench recall --help
  factors     training of embeddings, and the fold-in of a user: see freshet bench factors --help
  rank        models that score candidates, without a server: see freshet bench rank --help
  train       an epoch of training of each ranker: see freshet bench train --help
  stage       all of recall over a million items, without HTTP: see freshet bench stage --help

The world is invented; recommend has one the size of MovieLens-100K, or with --data
a copy of that directory, which is only read. A model ranks the slates: the newest
of that directory, else one that is trained first. Files go to the system's
temporary directory (TMPDIR chooses another), up to some GB, and are deleted at the
end. What else runs on the machine shows in the figures.`,
		Example: `  freshet bench freshness
  freshet bench ingest --json --duration 2s`,
		ValidArgs: benchNames(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(benchNames(), args[0]) {
				return &failure{code: exitUsage, err: fmt.Errorf("bench takes one of %s", strings.Join(append(benchNames(), engine.Name, candidates.Name), ", ")), hint: "such as: freshet bench freshness"}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if options.duration < bench.MinDuration || options.duration > bench.MaxDuration {
				return usagef("--duration is %s; it must be in %s to %s", options.duration, bench.MinDuration, bench.MaxDuration)
			}
			options.name = args[0]
			options.invent(seed)
			if options.name == recovery {
				if options.events = events; events < 1 {
					return usagef("--events is %d; it must be 1 or more", events)
				}
			} else if c.Flags().Changed("events") {
				return usagef("--events is for recovery")
			}
			if c.Flags().Changed("data") {
				if options.name != "recommend" {
					return usagef("--data is for recommend; %s writes, and does so in a directory of its own", options.name)
				}
				data, err := c.Flags().GetString("data")
				if err != nil {
					return err
				}
				options.data = data
			}
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			result, err := a.bench(c.Context(), cfg, &options)
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.AddCommand(a.benchFeaturesCmd(), a.benchRecallCmd(), a.benchFactorsCmd(), a.benchRankCmd(), a.benchTrainCmd(), a.benchStageCmd(), a.benchOnlineCmd())
	a.configFlags(c)
	c.Flags().Lookup("data").Usage = "directory whose slates recommend measures, on a copy (default an invented world)"
	c.Flags().DurationVar(&options.duration, "duration", options.duration, "of each measurement; each limit takes half of it")
	c.Flags().IntVar(&events, "events", recoveryEvents, "of recovery")
	c.Flags().Uint64Var(&seed, "seed", 7, "which world, and which requests")
	return c
}

// benchNames lists what bench itself measures: over HTTP, and without a server. Beside them there
// are benchFeaturesCmd and benchRecallCmd.
func benchNames() []string { return append(bench.Names(), bench.Journal, recovery) }

// benchOptions is what the flags of bench say.
type benchOptions struct {
	name     string
	duration time.Duration
	data     string        // a directory to copy; "" makes a world
	world    sim.Options   // which one; a zero End is now
	events   int           // its exposures are thinned to leave that many events; 0 keeps all. Of recovery, all there are
	maxLag   time.Duration // 0 is the package's default

	snapshot func(ctx context.Context, cfg *config.Config) error               // takes one beside the server; nil is the default
	apart    func(ctx context.Context, load *bench.Load) (bench.Loaded, error) // sends a load; nil is a process of its own
}

// The size of MovieLens-100K.
const (
	visitors100K = 943
	items100K    = 1682
	events100K   = 100_000
)

// invent picks the world: the demo's, or for slates one the size of MovieLens-100K.
func (o *benchOptions) invent(seed uint64) {
	o.world = sim.Options{Seed: seed}
	if o.name == "recommend" {
		o.world.Visitors, o.world.Items, o.world.Days = visitors100K, items100K, 365
		o.events = events100K
	}
}

// bench serves a temporary directory and measures the server.
func (a *app) bench(ctx context.Context, cfg *config.Config, o *benchOptions) (result *bench.Result, err error) {
	dir, err := os.MkdirTemp("", "freshet-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a.say("Freshet %s  ·  bench %s, %s a measurement  ·  %d processors, %s, files in %s", version(), o.name, o.duration, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH, dir)
	if o.name == bench.Journal {
		return a.benchJournal(ctx, dir, o)
	}
	cfg.Data, cfg.Listen = filepath.Join(dir, "data"), "127.0.0.1:0"
	if o.name == recovery {
		return a.benchRecovery(ctx, cfg, dir, o)
	}
	if err := a.benchData(ctx, cfg, o); err != nil {
		return nil, err
	}
	disk, err := fsys.Dir(filepath.Join(dir, "bound"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()

	result, err = a.benchServed(ctx, cfg, o, disk, "")
	if err != nil || o.name != "ingest" {
		return result, err
	}
	plain := *cfg
	plain.Recall, plain.Scenes = nil, map[string]config.Scene{}
	for name, scene := range cfg.Scenes {
		plain.Scenes[name] = config.Scene{Budget: scene.Budget}
	}
	more, err := a.benchServed(ctx, &plain, o, disk, "_no_recall")
	if err != nil {
		return nil, err
	}
	result.Lines = append(result.Lines, more.Lines...)
	return result, nil
}

// benchServed serves the data directory and measures the server; batches is for
// bench.Options.
func (a *app) benchServed(ctx context.Context, cfg *config.Config, o *benchOptions, disk fsys.FS, batches string) (result *bench.Result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed error
	err = a.serve(ctx, "bench", cfg, nil, func(n *node, url string) {
		defer cancel()
		var options bench.Options
		if options, failed = a.benchOn(ctx, n, cfg, o); failed != nil {
			return
		}
		options.URL, options.Disk, options.Batches = url, disk, batches
		if options.Apart = a.sendApart; o.apart != nil {
			options.Apart = o.apart
		}
		if _, unknown := cpuTime(); unknown == nil {
			options.CPU = cpuTime
		}
		result, failed = bench.Run(ctx, o.name, options)
	})
	if err := errors.Join(failed, err); err != nil {
		return nil, err
	}
	return result, nil
}

// benchData makes the data directory to be served: a copy of one, or an invented world. A
// directory without a model gets one where slates are what is measured.
func (a *app) benchData(ctx context.Context, cfg *config.Config, o *benchOptions) error {
	if o.data != "" {
		if err := copyData(ctx, a.now, o.data, cfg.Data); err != nil {
			return dataError(o.data, err)
		}
	} else if err := a.fillBench(ctx, cfg, o); err != nil {
		return err
	}
	if o.name == "ingest" {
		return nil
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	models, err := registry.Names(disk)
	if err := errors.Join(err, disk.Close()); err != nil || len(models) > 0 {
		return err
	}
	trainer := *a
	trainer.json, trainer.stdout = false, a.stderr
	if a.quiet {
		trainer.stdout = io.Discard
	}
	err = trainer.train(ctx, cfg, trainOptions{Seed: 1})
	if err != nil && o.data != "" && ctx.Err() == nil {
		a.say("  model      none: %v", err) // slates in recall order can be measured as well, and the result says so
		return nil
	}
	return err
}

// benchOn describes a server's world to the workloads.
func (a *app) benchOn(ctx context.Context, n *node, cfg *config.Config, o *benchOptions) (options bench.Options, err error) {
	options = bench.Options{
		Kinds: cfg.Events, Now: a.now, Duration: o.duration, MaxLag: o.maxLag, Seed: o.world.Seed, Say: a.say,
		Effect: func(p freshet.Position) (took time.Duration, known bool) {
			n.stream.View(func(freshet.Position) { took, known = n.stream.Effect(p) })
			return took, known
		},
	}
	n.stream.View(func(freshet.Position) {
		s := n.state
		if o.data != "" { // what was long ago is asked for as of then
			options.At = s.Newest
		}
		var users []uint32
		for i := uint32(1); int(i) < s.Visitors.Len(); i++ {
			if id, user := strings.CutPrefix(s.Visitors.Name(i), "u:"); user {
				users = append(users, i)
				options.Users = append(options.Users, freshet.UserID(id))
			}
		}
		for i := 1; i < s.Items.Len(); i++ {
			options.Items = append(options.Items, s.Items.ID(uint32(i)))
		}
		q := options.At
		if q == 0 {
			q = a.now().UnixMilli()
		}
		asked, found := users[:min(len(users), benchAsked)], 0
		for _, user := range asked {
			candidates, failed := s.Candidates(ctx, foldAsks(cfg), s.Request(user, q))
			if err = failed; err != nil {
				return
			}
			found += len(candidates)
		}
		options.Ranking = "in recall order"
		if m := s.Model; m.Name != "" {
			options.Ranking = fmt.Sprintf("ranked by %s@%d", m.Name, m.Version)
		}
		if len(asked) > 0 {
			options.Ranking = fmt.Sprintf("%d candidates %s", found/len(asked), options.Ranking)
		}
	})
	a.say("  slates     %s", options.Ranking)
	return options, err
}

// benchAsked is how many users are asked for to say how many candidates one has.
const benchAsked = 200

// fillBench brings in an invented world.
func (a *app) fillBench(ctx context.Context, cfg *config.Config, o *benchOptions) (err error) {
	n, err := openNode(ctx, a, cfg, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if o.world.End.IsZero() {
		o.world.End = a.now()
	}
	world := sim.New(o.world)
	keep := func(*freshet.Event) bool { return true }
	if o.events > 0 {
		keep = thinned(world, o.events)
	}
	from, received := fmt.Sprintf("import:bench-%d", o.world.Seed), a.now().UnixMilli()
	if _, err := n.stream.Items(ctx, from, received, world.Items(), nil); err != nil {
		return err
	}
	chunk := make([]freshet.Event, 0, importChunk)
	flush := func() error {
		_, err := n.stream.Events(ctx, from, received, chunk, nil)
		chunk = make([]freshet.Event, 0, importChunk) // the stream keeps what it was given
		return err
	}
	for e := range world.History() {
		if !keep(&e) {
			continue
		}
		if chunk = append(chunk, e); len(chunk) == importChunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	a.say("  world      %s events, %d items", grouped(int64(n.stream.Ledger().Accepted)), len(world.Items()))
	return nil
}

// thinned returns what keeps, of a world's history walked in order, every act and as many
// exposures, evenly, as make so many events together.
func thinned(world *sim.World, events int) func(e *freshet.Event) bool {
	exposures := 0
	for e := range world.History() {
		if isExposure(&e) {
			exposures++
		}
	}
	kept := min(exposures, max(0, events-(world.Len()-exposures)))
	seen := 0
	return func(e *freshet.Event) bool {
		if !isExposure(e) {
			return true
		}
		seen++
		return seen*kept/exposures > (seen-1)*kept/exposures
	}
}

func isExposure(e *freshet.Event) bool { return e.Name == "expose" }

// journalDir is the part of a data directory that cannot be copied as it is, for a server may
// be writing it.
const journalDir = "journal"

// copyData makes a data directory out of another, of which a server may be the writer: the
// journal up to the durable mark, and every other subdirectory as it is.
func copyData(ctx context.Context, now func() time.Time, from, to string) (err error) {
	source, err := fsys.Existing(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := fsys.Dir(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if err := copyJournal(ctx, now, source, target); err != nil {
		return err
	}
	entries, err := source.ReadDir(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Dir && e.Name != journalDir {
			if err := os.CopyFS(filepath.Join(to, e.Name), os.DirFS(filepath.Join(from, e.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyJournal writes the durable records of one journal to a new one, at the same positions.
func copyJournal(ctx context.Context, now func() time.Time, from, to fsys.FS) (err error) {
	reader, err := journal.OpenReader(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	log, _, err := journal.Open(journal.Options{FS: to, Now: now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	var records []journal.Record
	var last freshet.Position
	flush := func() error {
		if len(records) == 0 {
			return nil
		}
		if err := log.WaitRoom(ctx); err != nil {
			return err
		}
		p, err := log.Append(records)
		if err == nil && p != last {
			err = fmt.Errorf("the copy has position %s where the journal has %s", p, last)
		}
		records = records[:0]
		return err
	}
	for {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return err
		}
		last = rec.Position
		if records = append(records, rec); len(records) == importChunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}
