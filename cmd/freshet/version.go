package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/journal"
)

// release is the version of this source.
const release = "0.1.0"

func version() string { return release }

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  freshet version
  freshet version --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return json.NewEncoder(a.stdout).Encode(map[string]any{"freshet": release, "go": runtime.Version(), "journal_format": journal.FormatVersion})
			}
			_, err := fmt.Fprintf(a.stdout, "freshet %s (%s, journal format %d)\n", release, runtime.Version(), journal.FormatVersion)
			return err
		},
	}
}

// noArgs refuses arguments as a usage error.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, got %q", c.CommandPath(), args)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
