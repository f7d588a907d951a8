package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/stream"
)

// warmupShare is the share of the journal that only fills the recall tables: a row's recall
// scores then come from tables that have seen something.
const warmupShare = 0.2

// leastExposures is how many exposures a journal must hold for them to be the negatives.
const leastExposures = 100

// trainOptions are those of freshet train.
type trainOptions struct {
	learn.Options
	models []string // of trainable, in its order; nil is what the configuration needs
}

// trainable are the models that there are to be trained, in the order in which they are.
var trainable = []string{"lr", "embedding", "itemitem"}

func (a *app) trainCmd() *cobra.Command {
	var o trainOptions
	var model string
	c := &cobra.Command{
		Use:   "train",
		Short: "Train models on the journal and keep them as new versions",
		Long: `Read the journal once, and train what rankers and routes go by:

lr         A ranker. Rows are made of what was known at each moment, and a logistic
           regression is fitted to what came of it. Where exposures are recorded,
           those without a click within 30 minutes are the negatives; otherwise they
           are sampled from the candidates that recall had at the moment of each
           positive. The newest fifth of the rows is held back and only validates.
embedding  Vectors of items, for routes of kind embedding.
itemitem   Weights from item to item, for routes of kind linear.

The last two are trained on who took what, over the whole history: 24 bytes an
event, and for vectors of length d 8·d bytes for each visitor and item. What each
visitor took last is held back while parameters are chosen, and a model that finds
no more of it than popularity does is kept and never live.

The journal is read beside a running server; nothing is written but the new
versions under models/. A server goes by the newest versions once it starts, or by
those that freshet models promote names.`,
		Example: `  freshet train --data ./shop
  freshet train --data ./shop --model embedding
  freshet train --data ./shop --model all --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.choose(model); err != nil {
				return err
			}
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			return a.train(c.Context(), cfg, o)
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&model, "model", "", "lr, embedding, itemitem or all (default lr and what the configured routes go by)")
	c.Flags().BoolVar(&o.Permute, "permute-labels", false, "lr: permute the labels first: a check that must find nothing; the version is not kept")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "equal journals and seeds make equal models")
	a.progressFlag(c)
	return c
}

// choose reads --model.
func (o *trainOptions) choose(model string) error {
	switch {
	case model == "":
	case model == "all":
		o.models = trainable
	case slices.Contains(trainable, model):
		o.models = []string{model}
	default:
		return &failure{code: exitUsage, err: fmt.Errorf("--model is %s", shownID(model)), hint: "it is one of " + strings.Join(trainable, ", ") + " and all"}
	}
	if o.Permute && len(o.models) > 0 && !slices.Contains(o.models, "lr") {
		return usagef("--permute-labels is a check of lr, which --model %s leaves out", model)
	}
	return nil
}

// needed are the models that a configuration needs: a ranker, and what its routes go by.
func needed(cfg *config.Config) []string {
	list := []string{"lr"}
	for _, r := range cfg.Recall {
		name := ""
		switch {
		case r.Kind == config.KindEmbedding && r.Source == config.SourceTrained:
			name = "embedding"
		case r.Kind == config.KindLinear:
			name = "itemitem"
		}
		if name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	slices.SortFunc(list, func(a, b string) int { return slices.Index(trainable, a) - slices.Index(trainable, b) })
	return list
}

// trainReply is what train prints of a ranker with --json.
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

// train trains one model after the other. Those that cannot be trained are named in the error.
func (a *app) train(ctx context.Context, cfg *config.Config, o trainOptions) (err error) {
	if o.models == nil {
		o.models = needed(cfg)
		if o.Permute {
			o.models = []string{"lr"}
		}
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	t := &training{app: a, disk: disk, options: o}
	if err := t.read(ctx, cfg); err != nil {
		return err
	}
	var failed []error
	for _, model := range o.models {
		var err error
		switch model {
		case "lr":
			err = t.lr(feature.Hash(cfg.Features))
		case "embedding":
			err = t.embedding(ctx)
		case "itemitem":
			err = t.itemitem(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, learn.ErrTooLittle) {
			err = &failure{code: exitFailed, err: fmt.Errorf("train %s: %w", model, err), hint: "more events are needed; freshet status shows how many there are"}
		}
		if err != nil && len(o.models) > 1 && !errors.As(err, new(*failure)) {
			err = fmt.Errorf("train %s: %w", model, err)
		}
		failed = append(failed, err)
	}
	return oneError(failed)
}

// oneError is the one error of a list if there is just one, so that its hint is told, or all of them.
func oneError(list []error) error {
	list = slices.DeleteFunc(list, func(err error) bool { return err == nil })
	if len(list) == 1 {
		return list[0]
	}
	return errors.Join(list...)
}

// training is one run of freshet train.
type training struct {
	app     *app
	disk    *fsys.OS
	options trainOptions
	until   freshet.Position // of the last record
	history *learn.History   // nil without lr
	takes   *learn.Takes     // nil without a model that proposes
	taken   *learn.Taken     // what they come to, once asked for
}

// read reads the journal, once for what is trained on, and before that for how much there is of it.
func (t *training) read(ctx context.Context, cfg *config.Config) error {
	records, exposures, err := survey(ctx, t.disk, cfg.Events)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	if slices.Contains(t.options.models, "lr") {
		// What routes went by at a moment was trained on what came before it.
		if t.history, err = newHistory(cfg, registry.NewShelf(t.disk, true), records, exposures, t.options.Seed); err != nil {
			return err
		}
	}
	if len(t.options.models) > 1 || t.history == nil {
		t.takes = learn.NewTakes(cfg.Events)
	}
	bar := t.app.bar("rows", int64(records), "records")
	if t.until, err = eachEntry(ctx, t.disk, func(_ *journal.Record, e *stream.Entry) error {
		bar.set(int64(e.Position))
		if t.takes != nil {
			t.takes.Apply(e)
		}
		if t.history == nil {
			return nil
		}
		return t.history.Apply(ctx, e)
	}); err != nil {
		return dataError(cfg.Data, err)
	}
	bar.done()
	return nil
}

// lr trains a ranker of features with these definitions.
func (t *training) lr(definitions string) error {
	a, o := t.app, t.options.Options
	m := registry.Manifest{Model: "lr", From: 1, Until: t.until, Definitions: definitions, Negatives: registry.Sampled, Permuted: o.Permute, Seed: o.Seed}
	if t.history.Exposures {
		m.Negatives = registry.Exposed
	}
	model, report, err := learn.TrainLR(t.history.Rows(), o)
	if err != nil {
		return err
	}
	m.Rows, m.Held, m.Positives = report.Rows, report.Held, report.Positives
	m.AUC, m.LogLoss, m.Baseline = report.AUC, report.LogLoss, report.Baseline
	if !o.Permute {
		if m, err = registry.Save(t.disk, m, rank.Single("click", model), a.now()); err != nil {
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
	return a.print(fmt.Sprintf("%s · %s · %s rows · AUC %.3f · log-loss %.4f (always the mean: %.4f) on %s newer rows with %s positives\n  negatives: %s\n",
		m.Model, kept, grouped(int64(m.Rows)), m.AUC, m.LogLoss, m.Baseline, grouped(int64(m.Held)), grouped(int64(m.Positives)), m.Negatives))
}

// newHistory returns a history that makes rows of so many entries, of which so many are
// exposures, with routes that go by these bundles, nil for none.
func newHistory(cfg *config.Config, bundles fold.Bundles, entries, exposures int, seed uint64) (*learn.History, error) {
	o := foldOptions(cfg)
	o.Bundles = bundles
	state, err := fold.New(o)
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
