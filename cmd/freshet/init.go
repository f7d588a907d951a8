package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/internal/fsys"
)

// schemaFile is the name under which the first line of a starter file looks for the schema.
const schemaFile = "freshet.schema.json"

// starter is the configuration that init writes: the default one, commented.
//
//go:embed starter.yaml
var starter []byte

func (a *app) initCmd() *cobra.Command {
	force := false
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a commented freshet.yaml to begin from, and its JSON Schema",
		Long: `Write freshet.yaml into the current directory: every setting with its default value
and a comment, so that freshet serve does the same with it as without. Beside it
goes ` + schemaFile + `, with which editors complete and check the file.

Nothing is overwritten without --force; with it the old files are gone.`,
		Example: `  freshet init
  freshet init --force`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.initialize(".", force) },
	}
	c.Flags().BoolVar(&force, "force", false, "replace files that are there")
	return c
}

// init writes the starter files into a directory that exists. A crash in between leaves whole
// files only.
func (a *app) initialize(dir string, force bool) (err error) {
	disk, err := fsys.Existing(dir)
	if err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("init: %w", err)}
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	files := []struct {
		name string
		text []byte
	}{{schemaFile, config.Schema()}, {defaultConfigFile, starter}} // the one that counts last
	if !force {
		if err := free(disk); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := fsys.Replace(disk, f.name, f.text); err != nil {
			return &failure{code: exitCode(err), err: fmt.Errorf("init: %w", err)}
		}
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(map[string][]string{"written": {defaultConfigFile, schemaFile}})
	}
	if err := a.print(fmt.Sprintf("wrote %s (every value the default) and %s (for your editor)\n", defaultConfigFile, schemaFile)); err != nil {
		return err
	}
	a.say("Next:")
	for _, next := range []struct{ command, says string }{
		{"serve", "start it"},
		{"import events.jsonl", "or bring in a history first"},
		{"send click --user ada --item b-1", "an event, from a second terminal"},
		{"recommend --user ada", "a slate"},
		{"doctor", "is everything as it should be?"},
	} {
		a.say("  %-46s # %s", program()+" "+next.command, next.says)
	}
	return nil
}

// free refuses to go on when a file would be lost: any configuration, or something else under
// the name of the schema.
func free(disk fsys.FS) error {
	taken := func(name string) error {
		return &failure{code: exitUsage, err: fmt.Errorf("init: %s is already there; nothing was written", name), hint: "replace it: freshet init --force"}
	}
	if _, err := disk.Stat(defaultConfigFile); !errors.Is(err, fs.ErrNotExist) {
		return taken(defaultConfigFile)
	}
	schema := config.Schema()
	old, err := fsys.ReadFile(disk, schemaFile, int64(len(schema))) // a longer one is an error
	if errors.Is(err, fs.ErrNotExist) || err == nil && bytes.Equal(old, schema) {
		return nil
	}
	return taken(schemaFile)
}

func (a *app) configSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration, for editors",
		Long: `Print the JSON Schema (draft 7) of the configuration: every setting with its type,
bounds, default and what it is for. freshet init writes it beside freshet.yaml.`,
		Example: `  freshet config schema
  freshet config schema > ` + schemaFile,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.print(string(config.Schema())) },
	}
}
