package main

import (
	"encoding/json"
	"errors"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/bench/factors"
)

// benchFactorsCmd measures training and the fold-in of vectors in this process.
func (a *app) benchFactorsCmd() *cobra.Command {
	o := factors.Options{Size: factors.Full(), Workers: runtime.GOMAXPROCS(0), Now: a.now, Say: a.say}
	var small bool
	c := &cobra.Command{
		Use:   factors.Name,
		Short: "Measure the training of embeddings and the fold-in of a user",
		Long: `Fold in histories of 100 items one after the other (foldin), and train an epoch of
iALS on a random matrix of the size of MovieLens 20M (ials), beside the rate at which
this machine multiplies dense matrices. It takes about two minutes and 3 GB of memory.`,
		Example: `  freshet bench factors
  freshet bench factors --part foldin --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if small {
				o.Size = factors.Small()
			}
			a.say("Freshet %s  ·  bench %s  ·  %d processors, %s", version(), factors.Name, runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH)
			result, err := factors.Run(c.Context(), o)
			if err != nil {
				return usageOf(err, factors.ErrOptions)
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(result)
			}
			return result.WriteText(a.stdout)
		},
	}
	c.Flags().StringSliceVar(&o.Parts, "part", factors.Parts(), "what to measure")
	c.Flags().IntVar(&o.Workers, "workers", o.Workers, "goroutines of ials and of its bound")
	c.Flags().BoolVar(&small, "small", false, "a size for a try")
	c.Flags().Uint64Var(&o.Seed, "seed", 7, "which matrix and histories")
	return c
}

// usageOf makes an error that is about options one of usage.
func usageOf(err, options error) error {
	if errors.Is(err, options) {
		return usagef("%w", err)
	}
	return err
}
