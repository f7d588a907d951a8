package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/config"
)

// defaultConfigFile is read when it exists and no other is named.
const defaultConfigFile = "freshet.yaml"

// configFlags are the flags of commands that work on a data directory.
func (a *app) configFlags(c *cobra.Command) {
	c.Flags().StringVar(&a.config, "config", "", "configuration file (FRESHET_CONFIG; default freshet.yaml if there is one)")
	c.Flags().String("data", "", "data directory (FRESHET_DATA; default ./data)")
}

// loadConfig reads the configuration: flags over FRESHET_* variables over the file over
// defaults. All problems are told at once; then it returns a failure without an error.
func (a *app) loadConfig(c *cobra.Command) (*config.Config, error) {
	return a.tellProblems(a.readConfig(c))
}

// readConfig is loadConfig without a word. What is wrong with the file is a *badConfig.
func (a *app) readConfig(c *cobra.Command) (*config.Config, error) {
	name, named := a.config, a.config != ""
	if !named {
		name, named = a.getenv("FRESHET_CONFIG")
	}
	if !named {
		name = a.keptConfig(c)
	}
	text, err := readLimited(name, config.MaxBytes+1)
	switch {
	case err == nil:
		return a.readText(c, name, text)
	case !named && errors.Is(err, fs.ErrNotExist):
		return a.overrideConfig(c, config.Default())
	}
	return nil, usagef("configuration: %w", err)
}

// keptConfig is the file to look for when none is named: the one in the data directory that the
// command names, where there is one, else the one in the current directory, which may name a
// directory itself; without either, the one in the directory that is used without a name.
func (a *app) keptConfig(c *cobra.Command) string {
	data, named := a.getenv("FRESHET_DATA")
	if flag := c.Flags().Lookup("data"); flag != nil && flag.Changed {
		data, named = flag.Value.String(), true
	}
	there := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	if !named || data == "" {
		data, named = config.Default().Data, !there(defaultConfigFile)
	}
	if kept := filepath.Join(data, defaultConfigFile); named && there(kept) {
		return kept
	}
	return defaultConfigFile
}

// unconfigured reports that no configuration file is named and none lies where one would be looked
// for.
func (a *app) unconfigured(c *cobra.Command) bool {
	if _, named := a.getenv("FRESHET_CONFIG"); named || a.config != "" {
		return false
	}
	_, err := os.Stat(a.keptConfig(c))
	return errors.Is(err, fs.ErrNotExist)
}

// badConfig is a configuration file with problems, of which there is at least one.
type badConfig struct{ problems []config.Problem }

// Error lists them all.
func (b *badConfig) Error() string {
	lines := make([]string, len(b.problems))
	for i, p := range b.problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// readText reads a text.
func (a *app) readText(c *cobra.Command, name string, text []byte) (*config.Config, error) {
	cfg, problems := config.Parse(name, text, a.getenv)
	if len(problems) > 0 {
		return nil, &badConfig{problems}
	}
	return a.overrideConfig(c, cfg)
}

// parseConfig reads a text of which all problems are told at once.
func (a *app) parseConfig(c *cobra.Command, name string, text []byte) (*config.Config, error) {
	return a.tellProblems(a.readText(c, name, text))
}

// tellProblems tells what is wrong with a file, and makes a failure of it without an error.
func (a *app) tellProblems(cfg *config.Config, err error) (*config.Config, error) {
	var bad *badConfig
	if !errors.As(err, &bad) {
		return cfg, err
	}
	fmt.Fprintln(a.stderr, bad)
	fmt.Fprintf(a.stderr, "%s, 0 warnings. Nothing was started.\n", plural(len(bad.problems), "error"))
	return nil, &failure{code: exitUsage}
}

// overrideConfig puts FRESHET_* variables, and flags over those, in the place of settings.
func (a *app) overrideConfig(c *cobra.Command, cfg *config.Config) (*config.Config, error) {
	for _, path := range config.Overridable() {
		variable := "FRESHET_" + strings.ToUpper(path)
		if value, ok := a.getenv(variable); ok {
			if err := cfg.Override(path, value, "variable "+variable); err != nil {
				return nil, &failure{code: exitUsage, err: err}
			}
		}
		flag := c.Flags().Lookup(strings.ReplaceAll(path, "_", "-"))
		if flag != nil && flag.Changed {
			if err := cfg.Override(path, flag.Value.String(), "flag --"+flag.Name); err != nil {
				return nil, &failure{code: exitUsage, err: err}
			}
		}
	}
	return cfg, nil
}

// readLimited reads a regular file of at most most bytes; of a longer one it returns most,
// which is for the caller to refuse.
func readLimited(name string, most int64) (text []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	text = make([]byte, min(info.Size(), most))
	n, err := f.ReadAt(text, 0)
	if err != nil && n < len(text) {
		return nil, err
	}
	return text, nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(int64(n)) + " " + noun + "s"
}

func (a *app) configCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Check or show the configuration, or have a server read it again",
		Example: `  freshet config check
  freshet config print --origin
  freshet config reload`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration; every problem is listed, nothing is started",
		Example: `  freshet config check
  freshet config check --config shop.yaml`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "configuration is good: %s, %s, %s, %s\n", plural(len(cfg.Events), "event name"),
				plural(len(cfg.Features), "feature"), plural(len(cfg.Recall), "recall route"), plural(len(cfg.Scenes), "scene"))
			return nil
		},
	}
	origin := false
	show := &cobra.Command{
		Use:   "print",
		Short: "Print the configuration in force, defaults included",
		Example: `  freshet config print
  freshet config print --origin`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			if !origin {
				_, err = a.stdout.Write(cfg.YAML())
				return err
			}
			origins := cfg.Origins()
			for _, path := range sortedKeys(origins) {
				fmt.Fprintf(a.stdout, "%-32s %s\n", path, origins[path])
			}
			return nil
		},
	}
	show.Flags().BoolVar(&origin, "origin", false, "show where each setting comes from instead of its value")
	for _, sub := range []*cobra.Command{check, show} {
		a.configFlags(sub)
		c.AddCommand(sub)
	}
	c.AddCommand(a.configSchemaCmd(), a.configReloadCmd())
	return c
}
