package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/internal/sim"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/stream"
	"github.com/freshet-rec/freshet/trial"
)

// The bounds of eval world.
const (
	maxSeeds  = 100
	maxVisits = 1_000_000
)

func (a *app) evalWorldCmd() *cobra.Command {
	var k, seeds, visits int
	c := &cobra.Command{
		Use:   "world",
		Short: "Live on in invented shops whose truth is known, beside popularity and the oracle",
		Long: `Invent bookshops, train a ranker on their history, and let visitors come and go.
Popularity, the merged recall, the slate in the ranker's order, and an oracle that
knows every taste each show their own slates to the same visitors and learn from
what these do. Printed is the share of what was shown that is clicked, by the
shops' own truth.`,
		Example: `  freshet eval world
  freshet eval world --seeds 5 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case seeds < 1 || seeds > maxSeeds:
				return usagef("--seeds is %d; there are 1 to %d worlds", seeds, maxSeeds)
			case visits < 1 || visits > maxVisits:
				return usagef("--visits is %d; 1 to %d visitors come to a world", visits, maxVisits)
			}
			cfg, err := a.demoConfig(c, "")
			if err != nil {
				return err
			}
			o, err := (&evalFlags{k: k, seed: 1}).options(cfg)
			if err != nil {
				return err
			}
			return a.evalWorld(c.Context(), cfg, o, seeds, visits)
		},
	}
	c.Flags().StringVar(&a.config, "config", "", "configuration file (default that of the demo)")
	c.Flags().IntVar(&k, "k", 10, fmt.Sprintf("length of a slate, 1 to %d", trial.MaxK))
	c.Flags().IntVar(&seeds, "seeds", 5, "how many shops")
	c.Flags().IntVar(&visits, "visits", 2000, "how many visits to each")
	a.progressFlag(c)
	return c
}

func (a *app) evalWorld(ctx context.Context, cfg *config.Config, o trial.Options, seeds, visits int) error {
	bar := a.bar("play", 0, "lives")
	o.Progress = bar.of
	train := func(ctx context.Context, past trial.Replay) (trial.Ranker, error) {
		return trainRanker(ctx, cfg, o.Seed, past)
	}
	var shops []trial.Place
	for seed := range uint64(seeds) {
		shops = append(shops, &shop{world: sim.New(sim.Options{Seed: seed + 1, End: worldEnd}), visits: visits})
	}
	rates, err := (&trial.World{Options: o, Train: train}).Run(ctx, shops)
	switch {
	case errors.Is(err, learn.ErrTooLittle):
		return &failure{code: exitFailed, err: fmt.Errorf("eval: %w", err)}
	case err != nil:
		return fmt.Errorf("eval: %w", err)
	}
	bar.done()
	if a.json {
		text, err := json.Marshal(rates)
		if err != nil {
			return err
		}
		return a.print(string(text) + "\n")
	}
	return a.print(ratesTable(rates))
}

// ratesTable is the rates for people.
func ratesTable(rates *eval.Rates) string {
	var b strings.Builder
	base := rates.Rows[0].CTR
	fmt.Fprintf(&b, "world · %s · %s each way\n", plural(len(rates.Rows[0].BySeed), "shop"), plural(rates.Rows[0].N, "visit"))
	fmt.Fprintf(&b, "  %-8s  %8s  %-17s  × %s\n", "", "clicked", "95 %", rates.Rows[0].Name)
	for _, r := range rates.Rows {
		fmt.Fprintf(&b, "  %-8s  %6.2f %%  %5.2f %% – %5.2f %%  %6.2f\n", r.Name, 100*r.CTR, 100*r.CI[0], 100*r.CI[1], r.CTR/base)
	}
	return b.String()
}

// shop is an invented bookshop as a trial sees it.
type shop struct {
	world  *sim.World
	visits int
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

// Visits implements trial.Place.
func (s *shop) Visits() iter.Seq[trial.Visit] {
	return func(yield func(trial.Visit) bool) {
		crowd, rng := s.world.Crowd(1), rand.New(rand.NewPCG(1, 1))
		at := float64(worldEnd.UnixMilli())
		for range s.visits {
			at -= math.Log(1-rng.Float64()) * float64(visitsEvery)
			if !yield(guest{crowd.Come(int64(at))}) {
				return
			}
		}
	}
}

// guest is a visit as a trial sees it.
type guest struct{ *sim.Visit }

// React implements trial.Visit.
func (g guest) React(slate []freshet.ItemID) []freshet.Event { return g.Visit.React(slate, "") }
