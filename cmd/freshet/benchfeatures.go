package main

import (
	"encoding/json"
	"errors"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/bench/engine"
)

// benchFeaturesCmd measures the feature engine in this process, without a server. It is a command
// of its own because it takes other flags than the workloads that load a server.
func (a *app) benchFeaturesCmd() *cobra.Command {
	full := engine.Full()
	o := engine.Options{Size: full, Now: a.now, Say: a.say}
	var small bool
	sizes := []struct {
		flag, usage string
		value       func(s *engine.Size) *int
	}{
		{"events", "of fold and wait, over 24 hours of event time", func(s *engine.Size) *int { return &s.Events }},
		{"users", "of fold and wait", func(s *engine.Size) *int { return &s.Users }},
		{"items", "of fold and wait", func(s *engine.Size) *int { return &s.Items }},
		{"read-items", "items with a state in read", func(s *engine.Size) *int { return &s.ReadItems }},
		{"read-pairs", "pairs of user and item with a state in read", func(s *engine.Size) *int { return &s.ReadPairs }},
		{"reads", "requests of read", func(s *engine.Size) *int { return &s.Reads }},
	}
	c := &cobra.Command{
		Use:   engine.Name,
		Short: "Measure the feature engine against flat tables",
		Long: `Measure the feature engine in this process, without a server: ten features, of
user, item, user and item, user and category, beside loops over flat tables that
do the same arithmetic for the same keys and nothing else, in the same run.

  fold        a day of events applied from empty, on one goroutine: events a second
              with and without the look-ups of ids, memory
  read        the rows of one user and 300 candidates out of millions of keys
  wait        how long readers wait for the lock while 500,000 events a second are
              applied

Where the engine and the flat tables do not come to the same values, it fails. The
full size needs some 20 GB of memory and a quarter of an hour; --small takes
seconds, and its figures say little.`,
		Example: `  freshet bench features
  freshet bench features --part read --read-items 1000000 --read-pairs 2000000 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if small {
				given := o.Size
				o.Size = engine.Small()
				for _, s := range sizes {
					if c.Flags().Changed(s.flag) {
						*s.value(&o.Size) = *s.value(&given)
					}
				}
			}
			a.say("Freshet %s  ·  bench %s  ·  %d processors, %s", version(), engine.Name, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH)
			result, err := engine.Run(c.Context(), o)
			if errors.Is(err, engine.ErrOptions) {
				return usagef("%w", err)
			}
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.Flags().StringSliceVar(&o.Parts, "part", engine.Parts(), "what to measure")
	for _, s := range sizes {
		c.Flags().IntVar(s.value(&o.Size), s.flag, *s.value(&full), s.usage)
	}
	c.Flags().BoolVar(&small, "small", false, "a size for a try; what is given beside it stands")
	c.Flags().DurationVar(&o.Duration, "duration", 5*time.Second, "of each measurement of wait, from "+bench.MinDuration.String())
	c.Flags().Uint64Var(&o.Seed, "seed", 7, "which events, and which candidates")
	return c
}
