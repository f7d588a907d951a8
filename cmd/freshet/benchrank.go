package main

import (
	"encoding/json"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench/scoring"
)

// benchRankCmd measures the models that score candidates, in this process.
func (a *app) benchRankCmd() *cobra.Command {
	o := scoring.Options{Size: scoring.Full(), Now: a.now, Say: a.say}
	var small bool
	c := &cobra.Command{
		Use:   scoring.Name,
		Short: "Measure how long candidates take to be scored",
		Long: `Score the candidates of a request with a DeepFM, a factorization machine and a
logistic regression, by what each kernel of this machine gives, and in halves: with
what the item's and the request's fields add up to computed before. Beside them a
program in C does the same; it is built with cc, and where there is none only our
own figures are printed.`,
		Example: `  freshet bench rank
  freshet bench rank --rows 1000 --dim 32 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if small {
				o.Size = scoring.Small()
			}
			a.say("Freshet %s  ·  bench %s  ·  %d processors, %s", version(), scoring.Name, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH)
			result, err := scoring.Run(c.Context(), o)
			if err != nil {
				return usageOf(err, scoring.ErrOptions)
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.Flags().IntVar(&o.Rows, "rows", o.Rows, "candidates")
	c.Flags().IntVar(&o.Fields, "fields", o.Fields, "of a row, half of them the item's")
	c.Flags().IntVar(&o.Dim, "dim", o.Dim, "numbers of a vector")
	c.Flags().IntVar(&o.Words, "words", o.Words, "in the vocabulary of each field")
	c.Flags().IntSliceVar(&o.Widths, "widths", o.Widths, "of the layers but the last")
	c.Flags().IntVar(&o.Turns, "turns", o.Turns, "how often each takes its turn")
	c.Flags().BoolVar(&small, "small", false, "a size for a try")
	c.Flags().Uint64Var(&o.Seed, "seed", 7, "which model and rows")
	return c
}
