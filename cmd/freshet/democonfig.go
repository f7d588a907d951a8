package main

import (
	_ "embed"
	"time"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/config"
)

//go:embed demo.yaml
var demoYAML []byte

// worldEnd is when the histories of invented shops end in evaluations, so that equal seeds make
// equal worlds on any day.
var worldEnd = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// demoConfig is the configuration that a command line names, else what an earlier demo left in
// the data directory, else that of the demo: a file that happens to lie where the demo was
// started is for the shop of whoever put it there.
func (a *app) demoConfig(c *cobra.Command, data string) (*config.Config, error) {
	if _, named := a.getenv("FRESHET_CONFIG"); !named && a.config == "" && data != "" {
		if kept := a.keptConfig(c); kept != defaultConfigFile {
			a.config = kept
		}
	}
	if _, named := a.getenv("FRESHET_CONFIG"); named || a.config != "" {
		return a.loadConfig(c)
	}
	return a.parseConfig(c, "demo.yaml", demoYAML)
}
