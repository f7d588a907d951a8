package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/internal/plot"
	"github.com/freshet-rec/freshet/registry"
)

// maxCompared is how many configurations one run compares: as many as a figure can tell apart.
const maxCompared = plot.MaxSeries

// The intervals of gains, as those of rows.
const (
	gainResamples = 500
	gainLevel     = 0.95
)

// namedConfig is one of several configurations; its name is "" when it is the only one.
type namedConfig struct {
	name string
	*config.Config
	kept *registry.Bundle // what ranks; nil is a ranker that learns on the way
}

// comparedConfigs are those of --compare, or the one that every command takes. A version of a ranker
// goes by that one, too.
func (a *app) comparedConfigs(c *cobra.Command, compare []string) (list []namedConfig, err error) {
	if len(compare) == 0 {
		cfg, err := a.loadConfig(c)
		return []namedConfig{{"", cfg, nil}}, err
	}
	if len(compare) > maxCompared {
		return nil, usagef("--compare comes %d times; one run compares at most %d", len(compare), maxCompared)
	}
	common := a.config
	defer func() { a.config = common }()
	for _, text := range compare {
		name, file, found := strings.Cut(text, "=")
		if !found || name == "" || file == "" {
			return nil, usagef("--compare is %q; it is NAME=FILE or NAME=MODEL@VERSION", clean(text))
		}
		for _, other := range list {
			if other.name == name {
				return nil, usagef("--compare names %s twice", shownID(name))
			}
		}
		kept := isVersion(file)
		switch {
		case kept:
			a.config = common
		case common != "":
			return nil, usagef("--config and --compare NAME=FILE cannot be used together: --config is of versions that are compared; name every other configuration by --compare")
		default:
			a.config = file
		}
		this := namedConfig{name: name}
		if this.Config, err = a.loadConfig(c); err != nil {
			return nil, err
		}
		if kept {
			if this.kept, err = keptVersion(this.Config, file); err != nil {
				return nil, err
			}
		}
		list = append(list, this)
	}
	return list, nil
}

// join adds the results of a configuration to those before, with its gains over the first.
func join(all, one *eval.Results, name string, seed uint64) {
	all.Protocol = one.Protocol
	for i := range one.Rows {
		one.Rows[i].Config = name
	}
	for i := range one.Routes {
		one.Routes[i].Config = name
	}
	for _, w := range one.Warnings {
		if name != "" {
			w.Text = name + ": " + w.Text
		}
		all.Warnings = append(all.Warnings, w)
	}
	if len(all.Rows) > 0 {
		gains, paired := eval.Gains(all.Rows, one.Rows, gainResamples, gainLevel, rand.New(rand.NewPCG(seed, 0)))
		if !paired {
			all.Warnings = append(all.Warnings, eval.Warning{Code: eval.NotPaired, Text: fmt.Sprintf("%s is asked other questions than %s, since their events mean something else: the rows cannot be compared", name, all.Rows[0].Config)})
		}
		all.Gains = append(all.Gains, gains...)
	}
	all.Rows, all.Routes = append(all.Rows, one.Rows...), append(all.Routes, one.Routes...)
}

// under says by which configuration a block of rows is.
func under(name string) string {
	if name == "" {
		return ""
	}
	return " · " + shownID(name)
}

// gainsTable is the gains for people: one block for each configuration and delay.
func gainsTable(list []eval.Gain) string {
	name := 0
	for _, g := range list {
		name = max(name, width(shownID(g.Name)))
	}
	var b strings.Builder
	for i, g := range list {
		if i == 0 || g.Config != list[i-1].Config || g.Delay != list[i-1].Delay {
			fmt.Fprintf(&b, "\n%s over %s · delay %s\n", shownID(g.Config), shownID(g.Than), g.Delay)
		}
		fmt.Fprintf(&b, "  %s  %-8s  %+.4f  %+.4f – %+.4f\n", pad(shownID(g.Name), name), g.Measure, g.Value, g.CI[0], g.CI[1])
	}
	return b.String()
}
