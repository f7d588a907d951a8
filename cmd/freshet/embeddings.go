package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/backfill"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/registry"
)

func (a *app) embeddingsCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "embeddings",
		Short:   "Export the vectors of a trained embedding",
		Example: `  freshet embeddings export --data ./shop --out vectors`,
		Args:    unknownCommand,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.embeddingsExportCmd())
	return c
}

// embeddingsOptions are the flags of embeddings export.
type embeddingsOptions struct {
	out     string
	model   string
	version int
}

func (a *app) embeddingsExportCmd() *cobra.Command {
	o := embeddingsOptions{}
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the vectors of all users and items as Parquet",
		Long: `Write users.parquet (user_id, kind, vector), items.parquet (item_id, vector) and
manifest.json into a new directory: the vectors of a trained embedding, whose inner
product says how much a user wants an item.

A user's vector is folded in from their last acts, as a request at the end of the
journal would do it; a user of whom no act on an item that the embedding knows is
known has none. Equal journals and embeddings make equal files. The journal is read
beside a running server, or without one.`,
		Example: `  freshet embeddings export --data ./shop --out vectors
  freshet embeddings export --data ./shop --out vectors --version 3 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.version < 0 {
				return usagef("--version is %d; versions run from 1", o.version)
			}
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.exportEmbeddings(c.Context(), cfg, &o)
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&o.out, "out", "vectors", "the directory to make")
	c.Flags().StringVar(&o.model, "model", "embedding", "the name of the model")
	c.Flags().IntVar(&o.version, "version", 0, "the version (default the one that is live, or the newest if none is)")
	a.progressFlag(c)
	return c
}

// vectorsManifest says what a directory of vectors holds. It is what embeddings export prints with
// --json, too.
type vectorsManifest struct {
	Model   string           `json:"model"`
	Version int              `json:"version"`
	SHA256  string           `json:"sha256"` // of the file of the model
	Method  string           `json:"method"`
	Trained freshet.Position `json:"trained_until_position"`
	Until   freshet.Position `json:"until_position"` // of the last record that users' vectors go by
	Dim     int              `json:"dim"`
	Metric  string           `json:"metric"`
	Files   []tableFile      `json:"files"`
}

// exportEmbeddings runs the command.
func (a *app) exportEmbeddings(ctx context.Context, cfg *config.Config, o *embeddingsOptions) (err error) {
	if err := absent(o.out); err != nil {
		return err
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	state, last, err := a.foldAll(ctx, cfg, disk)
	if err != nil {
		return err
	}
	bundle, err := chooseEmbedding(disk, o, state.Live(fold.Embedding))
	if err != nil {
		return err
	}
	m := vectorsManifest{Model: bundle.Model, Version: bundle.Version, SHA256: bundle.SHA256, Method: bundle.Recall.Method, Trained: bundle.Until,
		Until: last, Dim: bundle.Vectors.Model.Dim(), Metric: "inner product"}
	if err := m.write(ctx, o.out, cfg.Events, state, bundle.Vectors); err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(&m)
	}
	return a.print(fmt.Sprintf("%s@%d · %s users and %s items · %d numbers each · until position %s · %s\n",
		shownID(m.Model), m.Version, grouped(int64(m.Files[0].Rows)), grouped(int64(m.Files[1].Rows)), m.Dim, m.Until, clean(o.out)))
}

// foldAll folds what is durable of the journal, from the newest snapshot on, and returns the state and
// the last position.
func (a *app) foldAll(ctx context.Context, cfg *config.Config, disk *fsys.OS) (state *fold.State, last freshet.Position, err error) {
	p, err := a.openPast(ctx, disk, cfg, anyPosition)
	if err != nil {
		return nil, 0, dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, p.reader.Close()) }()
	a.sayMark(p.reader)
	last = p.reader.Durable()
	bar := a.bar("history", int64(last), "records")
	if err := advance(ctx, p, last, bar); err != nil {
		return nil, last, dataError(cfg.Data, err)
	}
	bar.done()
	return p.state, last, nil
}

// chooseEmbedding reads the version asked for: the live one without a word, or the newest.
func chooseEmbedding(disk fsys.FS, o *embeddingsOptions, live *fold.Model) (*registry.Bundle, error) {
	version, sum := o.version, ""
	switch {
	case version > 0:
	case live.Name == o.model:
		version, sum = live.Version, live.SHA256
	default:
		list, err := registry.List(disk, o.model)
		if len(list) == 0 {
			if err == nil {
				err = fmt.Errorf("there is no model %s", shownID(o.model))
			}
			return nil, &failure{code: exitFailed, err: err, hint: "freshet train --model embedding makes one"}
		}
		version = list[len(list)-1].Version
	}
	bundle, err := registry.NewShelf(disk, false).Load(o.model, version, sum)
	if err != nil {
		return nil, &failure{code: exitFailed, err: err, hint: "freshet models list shows what there is"}
	}
	if bundle.Vectors == nil {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("%s@%d is no embedding: it has no vectors", shownID(o.model), version), hint: "freshet train --model embedding makes one"}
	}
	return bundle, nil
}

// write makes the directory, whole or not at all.
func (m *vectorsManifest) write(ctx context.Context, out string, kinds freshet.EventKinds, state *fold.State, v *recall.Vectors) error {
	return writeTables(out, m, func(draft string) error {
		users, err := writeTable(draft, "users.parquet", userVectors(ctx, kinds, state, v))
		if err != nil {
			return err
		}
		items, err := writeTable(draft, "items.parquet", itemVectors(ctx, v))
		m.Files = []tableFile{users, items}
		return err
	})
}

// userVectors are the vectors of all visitors who have one, by visitor.
func userVectors(ctx context.Context, kinds freshet.EventKinds, state *fold.State, v *recall.Vectors) iter.Seq2[backfill.UserVector, error] {
	return func(yield func(backfill.UserVector, error) bool) {
		route := recall.NewEmbedding("vector", 0, state.Items, kinds, func() (*recall.Vectors, error) { return v, nil })
		names := make([]string, 0, state.Visitors.Len())
		for n := uint32(1); int(n) < state.Visitors.Len(); n++ {
			names = append(names, state.Visitors.Name(n))
		}
		slices.Sort(names)
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				yield(backfill.UserVector{}, err)
				return
			}
			model, user := route.Query(state.Request(state.Visitors.Find(name), state.Newest))
			if model == nil {
				continue
			}
			letter, id, _ := strings.Cut(name, ":")
			kind := map[string]string{"u": "user", "a": "anonymous", "s": "session"}[letter]
			if !yield(backfill.UserVector{User: id, Kind: kind, Vector: user}, nil) {
				return
			}
		}
	}
}

// itemVectors are the vectors of all items, by id.
func itemVectors(ctx context.Context, v *recall.Vectors) iter.Seq2[backfill.ItemVector, error] {
	return func(yield func(backfill.ItemVector, error) bool) {
		for row := range uint32(v.IDs.Len()) {
			if err := ctx.Err(); err != nil {
				yield(backfill.ItemVector{}, err)
				return
			}
			if !yield(backfill.ItemVector{Item: string(v.IDs.ID(row)), Vector: v.Model.Vector(row)}, nil) {
				return
			}
		}
	}
}
