package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/stream"
)

// warmupShare is the share of the journal that only fills the recall tables: a row's recall
// scores then come from tables that have seen something.
const warmupShare = 0.2

// leastExposures is how many exposures a journal must hold for them to be the negatives.
const leastExposures = 100

func (a *app) trainCmd() *cobra.Command {
	var permute bool
	var seed uint64
	c := &cobra.Command{
		Use:   "train",
		Short: "Train a ranker on the journal and keep it as a new version",
		Long: `Replay the journal, make a row of what was known at each moment, and fit a
logistic regression to what came of it. Where exposures are recorded, those
without a click within 30 minutes are the negatives; otherwise they are sampled
from the candidates that recall had at the moment of each positive. The newest
fifth of the rows is held back and only validates.

The journal is read beside a running server; nothing is written but the new
version under models/. A server ranks by the newest version once it starts, or by
the one that freshet models promote names.`,
		Example: `  freshet train --data ./shop
  freshet train --data ./shop --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.train(c.Context(), cfg, learn.Options{Seed: seed, Permute: permute})
		},
	}
	a.configFlags(c)
	c.Flags().BoolVar(&permute, "permute-labels", false, "permute the labels first: a check that must find nothing; the version is not kept")
	c.Flags().Uint64Var(&seed, "seed", 1, "equal journals and seeds make equal models")
	a.progressFlag(c)
	return c
}

// trainReply is what train prints with --json.
type trainReply struct {
	Model    string  `json:"model"`
	Version  int     `json:"version"` // 0 when it was not kept
	SHA256   string  `json:"sha256"`
	Rows     int     `json:"rows"`
	AUC      float64 `json:"auc"`
	LogLoss  float64 `json:"logloss"`
	Baseline float64 `json:"baseline_logloss"`
	Held     int     `json:"held"`
	Positive int     `json:"positives"` // of held
	Negative string  `json:"negatives"`
}

func (a *app) train(ctx context.Context, cfg *config.Config, o learn.Options) (err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	records, exposures, err := survey(ctx, disk, cfg.Events)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	history, err := newHistory(cfg, records, exposures, o.Seed)
	if err != nil {
		return err
	}
	m := registry.Manifest{Model: "lr", From: 1, Definitions: feature.Hash(cfg.Features), Negatives: registry.Sampled, Permuted: o.Permute, Seed: o.Seed}
	if history.Exposures {
		m.Negatives = registry.Exposed
	}
	bar := a.bar("rows", int64(records), "records")
	if m.Until, err = eachEntry(ctx, disk, func(_ *journal.Record, e *stream.Entry) error {
		bar.set(int64(e.Position))
		return history.Apply(ctx, e)
	}); err != nil {
		return dataError(cfg.Data, err)
	}
	bar.done()
	model, report, err := learn.TrainLR(history.Rows(), o)
	if err != nil {
		return &failure{code: exitFailed, err: fmt.Errorf("train: %w", err), hint: "more events are needed; freshet status shows how many there are"}
	}
	m.Rows, m.Held, m.Positives = report.Rows, report.Held, report.Positives
	m.AUC, m.LogLoss, m.Baseline = report.AUC, report.LogLoss, report.Baseline
	if !o.Permute {
		if m, err = registry.Save(disk, m, model, a.now()); err != nil {
			return err
		}
	}
	reply := trainReply{m.Model, m.Version, m.SHA256, m.Rows, m.AUC, m.LogLoss, m.Baseline, m.Held, m.Positives, m.Negatives}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(reply)
	}
	kept := fmt.Sprintf("version %d", m.Version)
	if o.Permute {
		kept = "not kept"
	}
	_, err = fmt.Fprintf(a.stdout, "%s · %s · %s rows · AUC %.3f · log-loss %.4f (always the mean: %.4f) on %s newer rows with %s positives\n  negatives: %s\n",
		m.Model, kept, grouped(int64(m.Rows)), m.AUC, m.LogLoss, m.Baseline, grouped(int64(m.Held)), grouped(int64(m.Positives)), m.Negatives)
	return err
}

// newHistory returns a history that makes rows of so many entries, of which so many are
// exposures.
func newHistory(cfg *config.Config, entries, exposures int, seed uint64) (*learn.History, error) {
	state, err := fold.New(foldOptions(cfg))
	if err != nil {
		return nil, err
	}
	return learn.NewHistory(learn.HistoryOptions{State: state, Kinds: cfg.Events, Asks: foldAsks(cfg), Exposures: exposures >= leastExposures,
		Warmup: int(float64(entries) * warmupShare), Slack: cfg.MaxFuture, Seed: seed}), nil
}

// survey counts the records of a journal, and the exposures among them.
func survey(ctx context.Context, disk fsys.FS, kinds freshet.EventKinds) (records, exposures int, err error) {
	_, err = eachRecord(ctx, disk, func(rec *journal.Record) error {
		records++
		if name, ok := strings.CutPrefix(rec.Topic, freshet.Topic("")); ok && kinds.Of(name).Signal == freshet.SignalImpression {
			exposures++
		}
		return nil
	})
	return records, exposures, err
}

// eachRecord visits every durable record and returns the position of the last.
func eachRecord(ctx context.Context, disk fsys.FS, visit func(*journal.Record) error) (last freshet.Position, err error) {
	reader, err := journal.OpenReader(disk)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	return eachOf(ctx, reader, visit)
}

// eachOf visits every record that a reader has yet to return, and returns the last position.
func eachOf(ctx context.Context, reader *journal.Reader, visit func(*journal.Record) error) (last freshet.Position, err error) {
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return last, ctx.Err()
		}
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		last = rec.Position
		if err := visit(&rec); err != nil {
			return last, err
		}
	}
}

// eachEntry visits every durable record that is not passed over, decoded, as eachRecord does.
func eachEntry(ctx context.Context, disk fsys.FS, visit func(*journal.Record, *stream.Entry) error) (last freshet.Position, err error) {
	passed, err := passedOver(disk)
	if err != nil {
		return 0, err
	}
	return eachRecord(ctx, disk, func(rec *journal.Record) error {
		if _, ok := passed.Find(rec.Position); ok {
			return nil
		}
		e, err := stream.Decode(rec)
		if err != nil {
			return err
		}
		return visit(rec, &e)
	})
}

func foldAsks(cfg *config.Config) []fold.Ask {
	asks := make([]fold.Ask, len(cfg.Recall))
	for i, r := range cfg.Recall {
		asks[i] = fold.Ask{Kind: r.Kind, N: r.N}
	}
	return asks
}
