package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
)

// featureDiff is what features diff prints with --json.
type featureDiff struct {
	Was     string           `json:"was"`
	Now     string           `json:"now"`
	Changes []featureDiffOne `json:"changes"`
	Refused int              `json:"refused"` // of changes, those that need a name or version of their own
}

type featureDiffOne struct {
	Name    string              `json:"name"`
	Change  string              `json:"change"` // added, removed or changed
	Fields  []map[string]string `json:"fields,omitempty"`
	Refused bool                `json:"refused,omitempty"`
	change  feature.Change
}

func (a *app) featuresDiffCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "diff [WAS NOW]",
		Short: "Compare the configuration with a running server, or two files",
		Long: `Compare the features of the configuration with those that a running server has in
force, or those of two configuration files. Exit code 1 says that a feature would mean
something else under its old name and version, which a server refuses.`,
		Example: `  freshet features diff --config freshet.yaml
  freshet features diff old.yaml new.yaml --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 0 && len(args) != 2 {
				return &failure{code: exitUsage, err: fmt.Errorf("%s given; diff takes two files, or none to compare with a server", plural(len(args), "argument"))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 2 {
				return a.diffFiles(c, args[0], args[1])
			}
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.withServer(func(server *client) error {
				reply, _, err := server.featureDefs(c.Context())
				if err != nil {
					return err
				}
				was := make([]feature.Definition, len(reply.Data))
				for i := range reply.Data {
					was[i] = reply.Data[i].Definition
				}
				return a.diffFeatures(was, cfg, "the server", "the configuration")
			})
		},
	}
	a.configFlags(c)
	return c
}

func (a *app) diffFiles(c *cobra.Command, was, now string) error {
	var both [2]*config.Config
	for i, name := range []string{was, now} {
		text, err := readLimited(name, config.MaxBytes+1)
		if err != nil {
			return usagef("configuration: %w", err)
		}
		if both[i], err = a.parseConfig(c, name, text); err != nil {
			return err
		}
	}
	return a.diffFeatures(both[0].Features, both[1], was, now)
}

func (a *app) diffFeatures(was []feature.Definition, now *config.Config, wasName, nowName string) (err error) {
	reply := featureDiff{Was: wasName, Now: nowName, Changes: []featureDiffOne{}}
	for _, c := range feature.Changes(was, now.Features) {
		one := featureDiffOne{Name: c.Name, Change: "changed", Refused: c.Refused(), change: c}
		switch {
		case c.Was == nil:
			one.Change = "added"
		case c.Now == nil:
			one.Change = "removed"
		}
		for _, f := range c.Fields {
			one.Fields = append(one.Fields, map[string]string{"field": f.Field, "was": f.Was, "now": f.Now})
		}
		if one.Refused {
			reply.Refused++
		}
		reply.Changes = append(reply.Changes, one)
	}
	if a.json {
		err = json.NewEncoder(a.stdout).Encode(&reply)
	} else {
		err = a.print(a.diffPage(&reply, now))
	}
	if err == nil && reply.Refused > 0 {
		return &failure{code: exitFailed} // which was said
	}
	return err
}

// diffPage is the comparison for people.
func (a *app) diffPage(r *featureDiff, now *config.Config) string {
	if len(r.Changes) == 0 {
		return fmt.Sprintf("%s and %s have the same features\n", clean(r.Was), clean(r.Now))
	}
	var b strings.Builder
	sign := map[string]string{"added": "+", "removed": "-", "changed": "~"}
	for i := range r.Changes {
		one := &r.Changes[i]
		line := fmt.Sprintf("%s %s", sign[one.Change], shownID(one.Name))
		c := &one.change
		if one.Change == "changed" {
			line += fmt.Sprintf("  version %d → %d", max(1, c.Was.Version), max(1, c.Now.Version))
			if len(c.Fields) > 0 {
				line += "  " + clean(c.String())
			}
		}
		b.WriteString(line + "\n")
		if one.Refused {
			m := meaningChange{*c}
			fmt.Fprintf(&b, "    refused: %s; its history under the new meaning: %s\n", m.way(), a.backfillOf(now, []string{one.Name}))
		}
	}
	return b.String()
}
