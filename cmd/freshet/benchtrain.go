package main

import (
	"encoding/json"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench/epoch"
)

// benchTrainCmd measures the training of rankers, in this process.
func (a *app) benchTrainCmd() *cobra.Command {
	o := epoch.Options{Size: epoch.Full(), Now: a.now, Say: a.say}
	var small bool
	c := &cobra.Command{
		Use:   epoch.Name,
		Short: "Measure how long an epoch of training takes",
		Long: `Train a logistic regression, a factorization machine and a DeepFM on invented rows of
the shape of the Frappe data set. Beside the first two a program in C takes the same
steps; it is built with cc, and where there is none only the DeepFM is measured. Then
what memory training on a stream of rows holds, and on one four times as long.`,
		Example: `  freshet bench train
  freshet bench train --rows 1000000 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if small {
				o.Size = epoch.Small()
			}
			a.say("Freshet %s  ·  bench %s  ·  %d processors, %s", version(), epoch.Name, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH)
			result, err := epoch.Run(c.Context(), o)
			if err != nil {
				return usageOf(err, epoch.ErrOptions)
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.Flags().IntVar(&o.Rows, "rows", o.Rows, "of an epoch")
	c.Flags().IntVar(&o.Turns, "turns", o.Turns, "how often each takes its turn")
	c.Flags().BoolVar(&small, "small", false, "a size for a try")
	c.Flags().Uint64Var(&o.Seed, "seed", 7, "which rows, and of training")
	return c
}
