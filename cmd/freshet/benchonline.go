package main

import (
	"encoding/json"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench/online"
)

// benchOnlineCmd measures the online update in this process.
func (a *app) benchOnlineCmd() *cobra.Command {
	var failed error
	o := online.Options{Say: a.say, Now: func() time.Time {
		used, err := cpuTime()
		if err != nil {
			failed = err
		}
		return time.Unix(0, int64(used))
	}}
	c := &cobra.Command{
		Use:   online.Name,
		Short: "Measure how many rows the online update takes in",
		Long: `Tell an online update of slates, of what was on screen, and of clicks, for a logistic
regression, a factorization machine and a DeepFM of 29 fields, and count the rows that it
learns from in a second of one processor. It takes about half a minute.`,
		Example: `  freshet bench online
  freshet bench online --slates 2000 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a.say("Freshet %s  ·  bench %s  ·  %d processors, %s", version(), online.Name, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH)
			result, err := online.Run(c.Context(), o)
			if err == nil {
				err = failed
			}
			if err != nil {
				return usageOf(err, online.ErrOptions)
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.Flags().IntVar(&o.Slates, "slates", 20_000, "of 10 items, for each kind of model")
	c.Flags().Uint64Var(&o.Seed, "seed", 7, "which model and rows")
	return c
}
