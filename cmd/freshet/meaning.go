package main

import (
	"fmt"
	"strings"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
)

// meaningChange is one feature whose definition changed under its name and version.
type meaningChange struct{ feature.Change }

// changedMeanings are the features of cfg that mean something else than the definitions before say,
// without a higher version.
func changedMeanings(was []feature.Definition, cfg *config.Config) (list []meaningChange) {
	for _, c := range feature.Changes(was, cfg.Features) {
		if c.Refused() {
			list = append(list, meaningChange{c})
		}
	}
	return list
}

// what says which feature it is, and its fields as old → new.
func (c *meaningChange) what() string {
	return fmt.Sprintf("feature %q means something else than it did: %s", c.Name, c.String())
}

// way says what to do about it.
func (c *meaningChange) way() string {
	return fmt.Sprintf("give it a new name, or version: %d", max(1, c.Was.Version)+1)
}

// backfillOf is the command that computes what features were in the past under their new meaning.
func (a *app) backfillOf(cfg *config.Config, names []string) string {
	command := "freshet features backfill --mode event-time --names " + strings.Join(names, ",") + " --data " + cfg.Data
	if a.config != "" {
		command += " --config " + a.config
	}
	return command
}

// refuseMeanings is the error of a start or another writer whose configuration changes what a feature
// means without saying so, nil when it does not: what the journal last said is what was served, stored
// and trained on under those names. Nothing was written by then.
func (a *app) refuseMeanings(journal []byte, cfg *config.Config) error {
	list := changedMeanings(fold.Definitions(journal), cfg)
	if len(list) == 0 {
		return nil
	}
	var lines, names []string
	for i := range list {
		lines = append(lines, clean(list[i].what()), "  "+list[i].way())
		names = append(names, list[i].Name)
	}
	return &failure{code: exitUsage, err: fmt.Errorf("data directory %s: %s", cfg.Data, strings.Join(lines, "\n")),
		hint: "its history under the new meaning: " + a.backfillOf(cfg, names)}
}
