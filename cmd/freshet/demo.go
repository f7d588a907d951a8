package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/stream"
)

// defaultVisits is how many visitors come to the demo's shop a second: with what they do, some
// fifty events.
const defaultVisits = 5

// demo is what the flags of freshet demo say.
type demo struct {
	seed      uint64
	visits    float64 // a second
	temporary bool    // the data directory is deleted at the end
}

func (a *app) demoCmd() *cobra.Command {
	var d demo
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve an invented bookshop and see one click change the next slate",
		Long: `Invent a bookshop with two weeks of history, serve it, train a ranker beside the
server and let visitors come, who click by hidden tastes. What they click is held
against popularity, and against an oracle that knows their tastes.`,
		Example: `  freshet demo
  freshet demo --data ./shop`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if !(d.visits >= 0 && d.visits <= 100) { // not a number is neither
				return usagef("--visits is %v; 0 to 100 visitors come a second", d.visits)
			}
			data, err := c.Flags().GetString("data")
			if err != nil {
				return err
			}
			cfg, err := a.demoConfig(c, data)
			if err != nil {
				return err
			}
			if cfg.Data, d.temporary = data, data == ""; d.temporary {
				if cfg.Data, err = os.MkdirTemp("", "freshet-demo-"); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, os.RemoveAll(cfg.Data)) }()
			}
			return a.demo(c.Context(), cfg, &d)
		},
	}
	a.configFlags(c)
	c.Flags().Lookup("config").Usage = "configuration file (FRESHET_CONFIG; default one for the bookshop)"
	c.Flags().Lookup("data").Usage = "data directory to keep (default a temporary one)"
	c.Flags().String("listen", "", "address to listen on (default 127.0.0.1:3737)")
	c.Flags().Uint64Var(&d.seed, "seed", 7, "which shop: equal seeds make equal shops")
	c.Flags().Float64Var(&d.visits, "visits", defaultVisits, "visitors a second, 0 for none")
	return c
}

// demo fills an empty data directory with a generated history and serves it.
func (a *app) demo(ctx context.Context, cfg *config.Config, d *demo) error {
	a.say("Freshet %s  ·  demo world \"harbour books\", seed %d  ·  everything local, nothing leaves this machine", version(), d.seed)
	var world *sim.World
	prepare := func(n *node) (err error) {
		world, err = a.fillDemo(ctx, n, d.seed)
		return err
	}
	return a.serve(ctx, "demo", cfg, prepare, func(n *node, url string) { a.liveDemo(ctx, cfg, d, n, url, world) })
}

// liveDemo shows the first screen, trains, and lets visitors come until ctx ends.
func (a *app) liveDemo(ctx context.Context, cfg *config.Config, d *demo, n *node, url string, world *sim.World) {
	s := a.newScreen()
	defer s.end()
	a.say("%s", a.step("features", 1, plural(len(cfg.Features), "definition")))
	a.say("%s", a.step("recall", 1, plural(len(cfg.Recall), "route")+", "+grouped(int64(len(world.Items())))+" books"))
	trained := n.server.Live().Name != ""
	if trained {
		live := n.server.Live()
		a.say("%s", a.step("ranker", 1, fmt.Sprintf("%s@%d, trained by an earlier start", live.Name, live.Version)))
	} else {
		s.mark(a.step("ranker", 0, trainingDemo))
	}
	a.say("  API        %s/v1     status %s/status", url, url)
	configFile := a.sayDemoData(cfg, d)
	a.sayDemoTries(cfg, url)
	var wg sync.WaitGroup
	if !trained {
		wg.Go(func() { a.trainDemo(ctx, cfg, configFile, n, s) })
	}
	if d.visits > 0 {
		wg.Go(func() { a.crowdDemo(ctx, d, n, url, world, s) })
	} else {
		s.show("Ctrl-C to stop.")
	}
	<-ctx.Done()
	wg.Wait()
}

// sayDemoData tells where the data is. The configuration is put beside it, for training and for
// later; its path is returned.
func (a *app) sayDemoData(cfg *config.Config, d *demo) (configFile string) {
	if d.temporary {
		a.say("  Data       temporary, deleted on exit   (--data ./shop to keep it)")
	} else {
		a.say("  Data       %s", cfg.Data)
	}
	if configFile = a.config; configFile == "" {
		if _, named := a.getenv("FRESHET_CONFIG"); named {
			return "" // the environment tells whoever else needs it
		}
		configFile = filepath.Join(cfg.Data, defaultConfigFile)
		if err := os.WriteFile(configFile, demoYAML, 0o640); err != nil {
			a.say("warning: the configuration could not be kept: %v", err)
			return ""
		}
	}
	if !d.temporary {
		a.say("             serve it again: %s serve --data %s --config %s", program(), cfg.Data, configFile)
	}
	return configFile
}

// sayDemoTries tells what to try.
func (a *app) sayDemoTries(cfg *config.Config, url string) {
	to := ""
	if cfg.Listen != config.Default().Listen {
		to = " --server " + url
	}
	a.say("Try this in a second terminal:")
	tries := []struct{ command, says string }{
		{"recommend --user ada", "what she sees now"},
		{"send click --user ada --item b-0417", "she clicks a sea story"},
		{"recommend --user ada --diff", "what changed, and why"},
	}
	widest := 0
	for i := range tries {
		tries[i].command = program() + " " + tries[i].command + to
		widest = max(widest, width(tries[i].command))
	}
	for _, try := range tries {
		a.say("  %s   # %s", pad(try.command, widest), try.says)
	}
}

// harbourBooks is the demo's world: every second visit is for one shelf, as people come to a shop for
// something, and what somebody clicked a minute ago says for which.
var harbourBooks = sim.Options{Errands: 0.5}

// trainingDemo is said of the ranker until there is one.
const trainingDemo = "lr, training; slates already come, in recall's order"

// trainDemo trains the ranker and lets the server adopt it. Who is shown something is not to wait for
// other programs to end: a training that they leave nothing to gives way no longer.
func (a *app) trainDemo(ctx context.Context, cfg *config.Config, configFile string, n *node, s *screen) {
	began := a.now()
	progress := func(share float64) { s.rewrite(a.step("ranker", share, trainingDemo)) }
	reply, err := a.trainBeside(ctx, cfg, configFile, true, progress)
	if errors.Is(err, errStarved) {
		reply, err = a.trainBeside(ctx, cfg, configFile, false, progress)
	}
	if err == nil {
		err = n.server.Adopt(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		a.say("warning: no ranker was trained, recall's order stays: %v", err)
	default:
		text := a.step("ranker", 1, fmt.Sprintf("%s@%d   AUC %.3f, log-loss %.3f   %.1f s", reply.Model, reply.Version, reply.AUC, reply.LogLoss, a.now().Sub(began).Seconds()))
		if s.terminal {
			s.rewrite(text)
		} else {
			a.say("%s", text)
		}
	}
}

// crowdDemo lets visitors come and tells how they do.
func (a *app) crowdDemo(ctx context.Context, d *demo, n *node, url string, world *sim.World, s *screen) {
	server, err := a.clientOf(url)
	if err != nil {
		a.say("warning: nobody comes: %v", err)
		return
	}
	defer server.close()
	past, err := newYardstick(ctx, n.disk)
	if err != nil {
		if ctx.Err() == nil {
			a.say("warning: nobody comes: %v", err)
		}
		return
	}
	c := newCrowd(a, server, world, past, uint64(a.now().UnixMilli()), d.visits) // another crowd each time, with ids of its own
	var wg sync.WaitGroup
	wg.Go(func() { c.run(ctx) })
	defer wg.Wait()
	every := tellEvery
	if s.terminal {
		every = 500 * time.Millisecond
	}
	s.show("Ctrl-C to stop.")
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	rate := rateMeter{counts: []int{0}, times: []time.Time{a.now()}}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		tally, failed := c.seen()
		perSecond := rate.of(tally.events, a.now())
		if failed != nil && ctx.Err() == nil {
			a.say("warning: a visitor was let down: %v", failed)
		}
		if s.terminal {
			s.show(tally.lines(perSecond)...)
		} else {
			a.say("live %s", tally.pairs(perSecond))
		}
	}
}

// rateMeter turns a count that grows into a rate over the last seconds.
type rateMeter struct {
	counts []int
	times  []time.Time
}

func (r *rateMeter) of(count int, now time.Time) float64 {
	r.counts, r.times = append(r.counts, count), append(r.times, now)
	for len(r.times) > 2 && now.Sub(r.times[0]) > 10*time.Second {
		r.counts, r.times = r.counts[1:], r.times[1:]
	}
	if span := now.Sub(r.times[0]).Seconds(); span > 0 {
		return float64(count-r.counts[0]) / span
	}
	return 0
}

// lines are a tally for people, in forms for terminals that are ever narrower.
func (t *crowdTally) lines(perSecond float64) []string {
	const stop = "Ctrl-C to stop."
	if t.shown == 0 {
		return []string{stop + "   live: the first visitors are on their way", stop}
	}
	p50, p99 := t.effect()
	per := 100 / float64(t.shown)
	rate, effect := fmt.Sprintf("%.0f ev/s", perSecond), fmt.Sprintf("event→effect p50 %s p99 %s", millis(p50), millis(p99))
	ctr := fmt.Sprintf("CTR %.1f %% (popular %.1f %%, oracle %.1f %%)", t.clicks*per, t.popular*per, t.oracled*per)
	return []string{
		stop + "   live: " + rate + "   " + effect + "   " + ctr,
		"live: " + rate + "   " + effect + "   " + ctr,
		stop + "   " + rate + "   " + ctr,
		ctr,
		fmt.Sprintf("CTR %.1f %%", t.clicks*per),
	}
}

// pairs is a tally for machines.
func (t *crowdTally) pairs(perSecond float64) string {
	p50, p99 := t.effect()
	per := 1 / float64(max(1, t.shown))
	return fmt.Sprintf("events_per_s=%.0f effect_p50_ms=%.2f effect_p99_ms=%.2f ctr=%.4f ctr_popular=%.4f ctr_oracle=%.4f",
		perSecond, p50, p99, t.clicks*per, t.popular*per, t.oracled*per)
}

// effect is how long the newest posts took, in ms.
func (t *crowdTally) effect() (p50, p99 float64) {
	if len(t.effects) == 0 {
		return 0, 0
	}
	slices.Sort(t.effects)
	last := len(t.effects) - 1
	return t.effects[last/2], t.effects[last*99/100]
}

// fillDemo brings in the generated catalogue and history. The history ends when the data
// directory was made, so that what an earlier start brought in is known again by its place and
// a start that was cut off is completed.
func (a *app) fillDemo(ctx context.Context, n *node, seed uint64) (*sim.World, error) {
	began, err := firstReceived(n.disk)
	if err != nil {
		return nil, err
	}
	options := harbourBooks
	options.Seed, options.End = seed, began
	world := sim.New(options)
	from := fmt.Sprintf("import:demo-%d", seed)
	received := a.now().UnixMilli()
	items := world.Items()
	seqs := make([]uint64, len(items))
	for i := range items {
		seqs[i] = stream.Seq(0, i+1)
	}
	if _, err := n.stream.Items(ctx, from, received, items, seqs); err != nil {
		return nil, err
	}
	bar := a.bar("history", int64(world.Len()), "events")
	var events []freshet.Event
	seqs = nil
	count := 0
	flush := func() error {
		_, err := n.stream.Events(ctx, from, received, events, seqs)
		bar.set(int64(count))
		events, seqs = make([]freshet.Event, 0, importChunk), seqs[:0] // the stream keeps the events it was given
		return err
	}
	for e := range world.History() {
		count++
		events, seqs = append(events, e), append(seqs, stream.Seq(1, count))
		if len(events) == importChunk {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	bar.done()
	return world, nil
}

// firstReceived is when the first record of a journal was received.
func firstReceived(disk fsys.FS) (t time.Time, err error) {
	reader, err := journal.OpenReader(disk)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	rec, err := reader.Next()
	return time.UnixMilli(rec.Received), err
}

// program is how this program was called, for commands to type.
func program() string {
	if len(os.Args) > 0 && os.Args[0] != "" {
		return os.Args[0]
	}
	return "freshet"
}
