package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/internal/plot"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/stream"
	"github.com/freshet-rec/freshet/trial"
)

// The bounds of eval world.
const (
	maxSeeds  = 100
	maxVisits = 1_000_000
	maxSlates = 100
)

// worldOptions are the flags of eval world.
type worldOptions struct {
	k, seeds, visits, slates int
	worlds, delays           []string
	shift                    bool
	figure                   plotFlag
}

// kinds of worlds, by name. All but demo and plain have a tenth of their clicks by accident unless they say
// otherwise.
var worldKinds = []struct {
	name, about string
	options     sim.Options
}{
	{"demo", "that of freshet demo: every second visit is for one shelf", harbourBooks},
	{"plain", "the same without such visits", sim.Options{}},
	{"d4", "4 dimensions of taste beside the shelves", sim.Options{Tastes: 4, NoiseClicks: 0.1}},
	{"d16", "16 dimensions", sim.Options{Tastes: 16, NoiseClicks: 0.1}},
	{"d64", "64 dimensions", sim.Options{Tastes: 64, NoiseClicks: 0.1}},
	{"d16-nobias", "16, and every place of a slate is looked at alike", sim.Options{Tastes: 16, NoiseClicks: 0.1, PositionBias: -1}},
	{"d16-noise30", "16, and three in ten clicks are accidents", sim.Options{Tastes: 16, NoiseClicks: 0.3}},
}

func (a *app) evalWorldCmd() *cobra.Command {
	var o worldOptions
	var kinds strings.Builder
	for _, kind := range worldKinds {
		fmt.Fprintf(&kinds, "\n%-12s %s", kind.name, kind.about)
	}
	c := &cobra.Command{
		Use:   "world",
		Short: "Live on in invented shops whose truth is known, beside popularity and the oracle",
		Long: `Invent bookshops, train a ranker on their history, and let visitors come and go.
Popularity, popularity in the categories that a visitor takes, the merged recall,
the slate in the ranker's order, the same with a ranker that goes on learning, and
an oracle that knows every taste each show their own slates to the same visitors
and learn from what these do. Printed is the share of what was shown that is
clicked, by the shops' own truth, and how much of the gap between popularity and
the oracle is closed; intervals of gaps and differences draw whole shops.

Worlds:` + kinds.String() + `

With --shift everybody's tastes change for others in the middle of the visits; the
second half is told apart. With --delay events are withheld that long from all but
the oracle; with --slates each visitor looks at so many slates, a minute apart, so
that what they just did matters. Without it those of demo look at one to four, as
they do in freshet demo, and all others at one.`,
		Example: `  freshet eval world
  freshet eval world --seeds 10 --worlds d4,d16,d64,d16-nobias,d16-noise30 --plot worlds.svg
  freshet eval world --worlds d16 --slates 4 --delay 0s,10m --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.seeds < 1 || o.seeds > maxSeeds:
				return usagef("--seeds is %d; there are 1 to %d worlds", o.seeds, maxSeeds)
			case o.visits < 1 || o.visits > maxVisits:
				return usagef("--visits is %d; 1 to %d visitors come to a world", o.visits, maxVisits)
			case c.Flags().Changed("slates") && o.slates < 1 || o.slates > maxSlates:
				return usagef("--slates is %d; a visitor looks at 1 to %d", o.slates, maxSlates)
			}
			cfg, err := a.demoConfig(c, "")
			if err != nil {
				return err
			}
			options, err := (&evalFlags{k: o.k, seed: 1}).options(cfg)
			if err != nil {
				return err
			}
			delays, err := parseDelays(o.delays)
			if err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			return a.evalWorld(c.Context(), cfg, &o, trial.World{Options: options, Delays: delays})
		},
	}
	c.Flags().StringVar(&a.config, "config", "", "configuration file (default that of the demo)")
	c.Flags().IntVar(&o.k, "k", 10, fmt.Sprintf("length of a slate, 1 to %d", trial.MaxK))
	c.Flags().IntVar(&o.seeds, "seeds", 5, "how many shops of each world")
	c.Flags().IntVar(&o.visits, "visits", 2000, "how many visits to each")
	c.Flags().IntVar(&o.slates, "slates", 0, "how many slates a visitor looks at, a minute apart (default as the world has it)")
	c.Flags().StringSliceVar(&o.worlds, "worlds", []string{"demo"}, "the worlds, with commas, or all")
	c.Flags().BoolVar(&o.shift, "shift", false, "change everybody's tastes in the middle of the visits")
	c.Flags().StringSliceVar(&o.delays, "delay", []string{"0s"}, "for how long events are withheld; several with commas")
	o.figure.add(c)
	a.progressFlag(c)
	return c
}

// check reads --worlds and --plot.
func (o *worldOptions) check() error {
	var known []string
	for _, kind := range worldKinds {
		known = append(known, kind.name)
	}
	if slices.Contains(o.worlds, "all") {
		o.worlds = known
	}
	for i, name := range o.worlds {
		switch {
		case !slices.Contains(known, name):
			return usagef("--worlds: there is no %q; there are %s, and all", clean(name), strings.Join(known, ", "))
		case slices.Contains(o.worlds[:i], name):
			return usagef("--worlds names %s twice", name)
		}
	}
	if len(o.worlds) == 0 {
		return usagef("--worlds names none; there are %s, and all", strings.Join(known, ", "))
	}
	if n := len(o.worlds) * len(o.delays); len(o.figure.files) > 0 && n > plot.MaxCategories {
		return usagef("--plot: %d worlds at so many delays are too much for a figure; %d can be drawn", n, plot.MaxCategories)
	}
	return o.figure.check()
}

// parseDelays reads --delay.
func parseDelays(texts []string) (delays []freshet.Duration, err error) {
	if len(texts) == 0 {
		return nil, usagef("--delay names none; 0s withholds nothing")
	}
	if len(texts) > trial.MaxDelays {
		return nil, usagef("--delay names %d delays; one run compares at most %d", len(texts), trial.MaxDelays)
	}
	for _, text := range texts {
		delay, err := freshet.ParseDuration(text)
		if err != nil {
			return nil, usagef("--delay: %w", err)
		}
		if slices.Contains(delays, delay) {
			return nil, usagef("--delay names %s twice", delay)
		}
		delays = append(delays, delay)
	}
	return delays, nil
}

func (a *app) evalWorld(ctx context.Context, cfg *config.Config, o *worldOptions, w trial.World) error {
	bar := a.bar("play", 0, "lives")
	w.Train = func(ctx context.Context, past trial.Replay) (trial.Ranker, error) {
		return trainRanker(ctx, cfg, cfg.Ranker.Kind, w.Seed, past)
	}
	w.Online = func(trained trial.Ranker) (trial.Online, error) {
		return newFollower(trained.(*ranker).model, cfg), nil
	}
	all := &eval.Rates{}
	for n, name := range o.worlds {
		w.Name = name
		w.Progress = func(done, total int64) { bar.of(int64(n)*total+done, int64(len(o.worlds))*total) }
		rates, err := w.Run(ctx, o.shops(name))
		switch {
		case errors.Is(err, learn.ErrTooLittle):
			return &failure{code: exitFailed, err: fmt.Errorf("eval: %w", err)}
		case err != nil:
			return fmt.Errorf("eval: %w", err)
		}
		all.Protocol, all.Warnings = rates.Protocol, rates.Warnings // those of the number of shops, the same for all
		all.Rows, all.Differences = append(all.Rows, rates.Rows...), append(all.Differences, rates.Differences...)
	}
	bar.done()
	if err := o.figure.draw(a, worldsFigure(all, o)); err != nil {
		return err
	}
	return a.printEval(all, all.Warnings, func() string { return ratesTable(all, o.shift) })
}

// shops are those of a kind of world.
func (o *worldOptions) shops(name string) (shops []trial.Place) {
	options := worldKinds[slices.IndexFunc(worldKinds, func(kind struct {
		name, about string
		options     sim.Options
	}) bool {
		return kind.name == name
	})].options
	options.End = worldEnd
	for seed := range uint64(o.seeds) {
		options.Seed = seed + 1
		s := &shop{visits: o.visits, slates: o.slates}
		if o.shift {
			options.Shift = time.UnixMilli(s.middle())
		}
		s.world = sim.New(options)
		shops = append(shops, s)
	}
	return shops
}

// ratesTable is the rates for people: one block for each world and delay.
func ratesTable(rates *eval.Rates, halves bool) string {
	var b strings.Builder
	base := 0.0
	for i, r := range rates.Rows {
		if i == 0 || r.World != rates.Rows[i-1].World || r.Delay != rates.Rows[i-1].Delay {
			if i > 0 {
				b.WriteString("\n")
			}
			base = r.CTR
			fmt.Fprintf(&b, "world %s · delay %s · %s · %s each way\n", r.World, r.Delay, plural(len(r.BySeed), "shop"), plural(r.N, "slate"))
			fmt.Fprintf(&b, "  %-8s  %8s  %-17s  × %s  %s", "", "clicked", "95 %", r.Name, gapHead)
			if halves {
				fmt.Fprintf(&b, "   second half: clicked  %s", gapHead)
			}
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "  %-8s  %6.2f %%  %5.2f %% – %5.2f %%  %9.2f  %s", r.Name, 100*r.CTR, 100*r.CI[0], 100*r.CI[1], r.CTR/base, gapText(&r.Share))
		if halves {
			fmt.Fprintf(&b, "   %18.2f %%  %s", 100*r.Late.CTR, gapText(&r.Late))
		}
		b.WriteString("\n")
		if i+1 == len(rates.Rows) || rates.Rows[i+1].World != r.World || rates.Rows[i+1].Delay != r.Delay {
			writeDifferences(&b, rates.Differences, r.World, r.Delay, halves)
		}
	}
	return b.String()
}

// gapHead is the head of gapText.
const gapHead = "gap closed  95 %             "

// gapText is how much of the gap is closed.
func gapText(s *eval.Share) string {
	if math.IsNaN(s.GapCI[0]) {
		return fmt.Sprintf("%8.1f %%  %-17s", 100*s.Gap, "")
	}
	return fmt.Sprintf("%8.1f %%  %5.1f %% – %5.1f %%", 100*s.Gap, 100*s.GapCI[0], 100*s.GapCI[1])
}

// writeDifferences writes those of a world at a delay.
func writeDifferences(b *strings.Builder, list []eval.Difference, world string, delay freshet.Duration, halves bool) {
	for _, d := range list {
		if d.World != world || d.Delay != delay || d.Part != "all" && !halves {
			continue
		}
		what, unit := d.Name+" − "+d.Than, "points of the gap"
		if d.Part != "all" {
			unit += ", second half"
		}
		digits := 1
		if d.Measure == "ctr" {
			unit, digits = "points clicked", 2
		}
		fmt.Fprintf(b, "  %-26s  %+.*f %s", what, digits, 100*d.Value, unit)
		if !math.IsNaN(d.CI[0]) {
			fmt.Fprintf(b, ", %+.*f to %+.*f", digits, 100*d.CI[0], digits, 100*d.CI[1])
		}
		b.WriteString("\n")
	}
}

// shop is an invented bookshop as a trial sees it.
type shop struct {
	world  *sim.World
	visits int
	slates int // of each visit, 0 for as many as the visitor likes
}

// visitsEvery is the mean time between two visits: a busy hour of the demo's history.
const visitsEvery = 30 * freshet.Second

// Past implements trial.Place.
func (s *shop) Past(ctx context.Context, each func(*stream.Entry) error) error {
	items := s.world.Items()
	received := s.world.Start().UnixMilli()
	for i := range items {
		if err := each(&stream.Entry{Topic: freshet.TopicCatalog, Received: received, Item: &items[i]}); err != nil {
			return err
		}
	}
	n := 0
	for e := range s.world.History() {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := each(&stream.Entry{Topic: freshet.Topic(e.Name), Received: e.Time, Event: &e}); err != nil {
			return err
		}
	}
	return nil
}

// slatesEvery is the time between two slates of one visit.
const slatesEvery = freshet.Minute

// times are when visits begin, the same in every world.
func (s *shop) times() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		rng := rand.New(rand.NewPCG(1, 1))
		at := float64(worldEnd.UnixMilli())
		for range s.visits {
			at -= math.Log(1-rng.Float64()) * float64(visitsEvery)
			if !yield(int64(at)) {
				return
			}
		}
	}
}

// middle is when half of the visits have begun.
func (s *shop) middle() int64 {
	n := 0
	for at := range s.times() {
		if n++; n > s.visits/2 {
			return at
		}
	}
	return worldEnd.UnixMilli()
}

// Visits implements trial.Place: each slate is a visit to it.
func (s *shop) Visits() iter.Seq[trial.Visit] {
	return func(yield func(trial.Visit) bool) {
		crowd := s.world.Crowd(1)
		var waiting coming[*guest]
		show := func(g *guest) bool {
			if !yield(g) {
				return false
			}
			if next := g.next(s.slates); next != nil {
				waiting.add(next)
			}
			return true
		}
		before := func(t int64) bool {
			for g, due := waiting.next(t); due; g, due = waiting.next(t) {
				if !show(g) {
					return false
				}
			}
			return true
		}
		for at := range s.times() {
			if !before(at) || !show(&guest{Visit: crowd.Come(at), slate: 1}) {
				return
			}
		}
		before(math.MaxInt64)
	}
}

// guest is somebody at a slate, as a trial sees it.
type guest struct {
	*sim.Visit
	slate int // of the visit, from 1
}

// next is the guest at the next slate of so many, or of as many as the visitor likes when that is 0;
// nil for somebody who leaves. The ways of a trial show the same visitor different slates, so that
// when somebody comes to the next cannot depend on what was done with this one.
func (g *guest) next(slates int) *guest {
	if slates == 0 && g.Next(nil) == nil || slates > 0 && g.slate >= slates {
		return nil
	}
	return &guest{g.Again(g.Time() + int64(slatesEvery)), g.slate + 1}
}

// React implements trial.Visit.
func (g *guest) React(slate []freshet.ItemID) []freshet.Event { return g.Visit.React(slate, "") }
