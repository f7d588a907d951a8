package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
)

func (a *app) exportCmd() *cobra.Command {
	to := ""
	c := &cobra.Command{
		Use:   "export",
		Short: "Print the features' state, in a form that equal histories share, and its hash",
		Long: `Fold the journal and print what every feature knows, a line a key: sorted, whole
numbers as they are, decayed sums as hexadecimal floats. Events in another order,
or sent twice, make the same lines, but for the last bits of decayed sums. The hash
on stderr is the SHA-256 of the lines.`,
		Example: `  freshet export --data ./shop > state.tsv
  freshet export --data ./shop --to 61000 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			position, err := upTo(to)
			if err != nil {
				return err
			}
			out := bufio.NewWriterSize(a.stdout, 1<<16)
			var lines io.Writer = out
			if a.json { // then only what is said of the lines
				lines = io.Discard
			}
			state, err := a.stateAt(c.Context(), cfg, position, lines)
			if err == nil {
				err = out.Flush()
			}
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.stdout).Encode(state)
			}
			a.say("%s keys at position %s · sha256 %s", grouped(int64(state.Keys)), state.Position, state.SHA256)
			return nil
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&to, "to", "", "the position to fold up to (default everything that is durable)")
	return c
}

// upTo reads a position given to a flag, 0 for none.
func upTo(text string) (freshet.Position, error) {
	if text == "" {
		return 0, nil
	}
	p, err := freshet.ParsePosition(text)
	if err != nil {
		return 0, usagef("--to: %w", err)
	}
	if p == 0 {
		return 0, usagef("--to is 0; the first record has position 1")
	}
	return p, nil
}

// exported is what is said of an export.
type exported struct {
	Position freshet.Position `json:"position"`
	Keys     int              `json:"keys"`
	SHA256   string           `json:"sha256"`
}

// stateAt folds a journal, from its beginning if it still has one, up to a position, 0 for its end, writes the export
// to out, and returns what is to be said of it.
func (a *app) stateAt(ctx context.Context, cfg *config.Config, to freshet.Position, out io.Writer) (e exported, err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return e, dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	state, err := fold.New(pastFold(cfg, disk))
	if err != nil {
		return e, err
	}
	reader, err := journal.OpenReader(disk)
	if err != nil {
		return e, dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	a.sayMark(reader)
	last := reader.Durable()
	if to > last {
		return e, &failure{code: exitUsage, err: fmt.Errorf("--to is %s; the journal ends at position %s", to, last)}
	}
	if to == 0 {
		to = last
	}
	passed, err := passedOver(disk)
	if err != nil {
		return e, dataError(cfg.Data, err)
	}
	p := &past{state: state, reader: reader, passed: passed}
	if reader.First() > 1 { // a snapshot stands for what is gone
		if p, err = a.openPast(ctx, disk, cfg, to); err != nil {
			return e, dataError(cfg.Data, err)
		}
		defer func() { err = errors.Join(err, p.reader.Close()) }()
		a.say("from the snapshot of position %s on: the journal begins at position %s", p.at, reader.First())
	}
	bar := a.bar("history", int64(to), "records")
	for p.at < to {
		if err := ctx.Err(); err != nil {
			return e, err
		}
		if err := p.advance(min(to, p.at+4096)); err != nil {
			return e, dataError(cfg.Data, err)
		}
		bar.set(int64(p.at))
	}
	bar.done()
	return exportState(p.state, p.at, out)
}

// exportState writes a state's export.
func exportState(state *fold.State, p freshet.Position, out io.Writer) (exported, error) {
	e := exported{Position: p}
	var sum hash.Hash = sha256.New()
	err := state.Export(func(line string) error {
		e.Keys++
		_, _ = io.WriteString(sum, line) // never fails
		_, err := io.WriteString(out, line)
		return err
	})
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return e, err
}
