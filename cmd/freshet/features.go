package main

import "github.com/spf13/cobra"

func (a *app) featuresCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "features",
		Short: "Compute features of the past",
		Example: `  freshet features backfill --data ./shop --out rows.parquet
  freshet features backfill --data ./shop --mode event-time --names 'user.*'`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.featuresBackfillCmd())
	return c
}
