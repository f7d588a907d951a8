package main

import "github.com/spf13/cobra"

func (a *app) featuresCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "features",
		Short: "List features, read their values now or in the past, see what they cost",
		Example: `  freshet features list
  freshet features get --user ada --item b-0417
  freshet features backfill --data ./shop --out rows.parquet`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.featuresListCmd(), a.featuresGetCmd(), a.featuresDiffCmd(), a.featuresCostCmd(), a.featuresBackfillCmd())
	return c
}
