package main

import (
	"encoding/json"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench"
	"github.com/freshet-rec/freshet/bench/stage"
)

// benchStageCmd measures all of recall in this process, without HTTP.
func (a *app) benchStageCmd() *cobra.Command {
	o := stage.Full()
	o.Now, o.Say, o.CPU = a.now, a.say, cpuTime
	c := &cobra.Command{
		Use:   stage.Name,
		Short: "Measure the whole stage of recall, in this process",
		Long: `Make a state with a catalogue of a million items and a history, and ask for slates on
a schedule while events go on: six routes at once, merged, placed, and the rows of
what is shown; without HTTP, model and record. A slate is timed from when it was due.
What else runs on the machine shows in the figures: the same schedule with nothing
done is the bound.`,
		Example: `  freshet bench stage
  freshet bench stage --items 100000 --events 200000 --duration 5s --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Items < 1000 || o.Users < 1 || o.Events < 1 || o.Rate < 1 || o.Rate > 1e5 || o.Acts < 0 || o.Acts > 1e5 || o.For < bench.MinDuration || o.For > bench.MaxDuration {
				return usagef("out of bounds: --items from 1,000, --users and --events from 1, --rate from 1 and --acts from 0 to 100,000, --duration from %s to %s", bench.MinDuration, bench.MaxDuration)
			}
			a.say("Freshet %s  ·  bench %s  ·  %d processors, %s", version(), stage.Name, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH)
			measured, err := stage.Run(c.Context(), o)
			if err != nil {
				return err
			}
			result := bench.Result{Bench: stage.Name, Lines: measured.Lines()}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.Flags().IntVar(&o.Items, "items", o.Items, "of the catalogue")
	c.Flags().IntVar(&o.Users, "users", o.Users, "who visit")
	c.Flags().IntVar(&o.Events, "events", o.Events, "of the history")
	c.Flags().Float64Var(&o.Rate, "rate", o.Rate, "slates a second")
	c.Flags().Float64Var(&o.Acts, "acts", o.Acts, "events a second meanwhile")
	c.Flags().DurationVar(&o.For, "duration", 30*time.Second, "of the schedule")
	c.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "which world")
	return c
}
