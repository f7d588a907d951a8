package main

import (
	"context"
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
	Seed       uint64   `json:"seed"`
	Permute    bool     `json:"permute"`
	models     []string // of trainable, in its order; nil is what the configuration needs
	ablate     []string // what rankers are fitted without once more
	foreground bool     // in this process
	anew       bool     // do not go on with a training that was cut off
}

// trainable are the models that there are to be trained, in the order in which they are: the rankers
// first.
var trainable = append(slices.Clone(learn.Learners), "embedding", "itemitem")

// ranks reports that a model is a ranker.
func ranks(model string) bool { return slices.Contains(learn.Learners, model) }

func (a *app) trainCmd() *cobra.Command {
	var o trainOptions
	var model string
	c := &cobra.Command{
		Use:   "train",
		Short: "Train models on the journal and keep them as new versions",
		Long: `Read the journal once, and train what rankers and routes go by:

lr         A ranker: logistic regression. Rows are made of what was known at each
           moment, and labelled with what came of it. Where exposures are recorded,
           those without a click within 30 minutes are the negatives; otherwise they
           are sampled from the candidates that recall had at the moment of each
           positive, and the probabilities are corrected for that.
fm         A ranker: a factorization machine, on the same rows.
deepfm     A ranker: the same beside a network.
embedding  Vectors of items, for routes of kind embedding.
itemitem   Weights from item to item, for routes of kind linear.

Of the rows the newest tenth (of few: fifth) only measures, and the tenth before says
when to stop and how to calibrate. Rows lie in files of the data directory meanwhile,
so memory does not grow with them.

The last two are trained on who took what, over the whole history: 24 bytes an
event, and for vectors of length d 8·d bytes for each visitor and item. What each
visitor took last is held back while parameters are chosen, and a model that finds
no more of it than popularity does is kept and never live.

The journal is read beside a running server, in a process of its own that gives way
to every other: on a machine that is never idle it does not end, but with
--foreground. Nothing is written but the new versions under models/, and rows
under training/ until it is over. A training that was cut off goes on when it is
begun again with the same options, and comes to the same models. A server goes by
the newest versions once it starts, or by those that freshet models promote names.`,
		Example: `  freshet train --data ./shop
  freshet train --data ./shop --model deepfm --ablate item.id,feature.user_category_taste
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
			if !o.foreground {
				return a.trainApart(c)
			}
			return a.train(c.Context(), cfg, o)
		},
	}
	a.configFlags(c)
	c.Flags().StringVar(&model, "model", "", strings.Join(trainable, ", ")+" or all (default what the configured ranker and routes go by)")
	c.Flags().StringSliceVar(&o.ablate, "ablate", nil, "rankers: names of fields, of groups (recall), or beginnings (feature.taste*); say what each is worth by a training without it")
	c.Flags().BoolVar(&o.foreground, "foreground", false, "train in this process, at its priority")
	c.Flags().BoolVar(&o.anew, "anew", false, "do not go on with a training that was cut off")
	c.Flags().BoolVar(&o.Permute, "permute-labels", false, "rankers: permute the labels first: a check that must find nothing; the version is not kept")
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
	if len(o.models) == 0 || slices.ContainsFunc(o.models, ranks) {
		return nil
	}
	switch {
	case o.Permute:
		return usagef("--permute-labels is a check of rankers, which --model %s leaves out", model)
	case len(o.ablate) > 0:
		return usagef("--ablate is about fields of rankers, which --model %s leaves out", model)
	}
	return nil
}

// needed are the models that a configuration needs: a ranker, and what its routes go by.
func needed(cfg *config.Config) []string {
	list := cfg.Ranker.Kinds()
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

// train trains one model after the other. Those that cannot be trained are named in the error.
func (a *app) train(ctx context.Context, cfg *config.Config, o trainOptions) (err error) {
	if o.models == nil {
		o.models = needed(cfg)
	}
	if o.Permute {
		o.models = slices.DeleteFunc(slices.Clone(o.models), func(model string) bool { return !ranks(model) })
	}
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	t := &training{app: a, disk: disk, options: o, definitions: feature.Hash(cfg.Features)}
	key, err := keyOf(o, o.ablate, o.models, t.definitions, slateConfig(cfg), targets(cfg), version())
	if err != nil {
		return err
	}
	var lock fsys.Lock
	if t.plan, lock, err = openPlan(disk, key, o.anew); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := t.prepare(ctx, cfg); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close(ctx)) }()
	var failed []error
	for _, model := range o.models {
		if v := t.plan.done(disk, model); v > 0 {
			a.say("%s · version %d, trained before this was cut off", model, v)
			continue
		}
		var err error
		switch model {
		case "embedding":
			err = t.embedding(ctx)
		case "itemitem":
			err = t.itemitem(ctx)
		default:
			err = t.ranker(ctx, cfg, model)
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
	app         *app
	disk        *fsys.OS
	options     trainOptions
	definitions string // hash of those of features
	plan        *plan
	history     learn.HistoryOptions // how rows are made, for rankers
	rehearsal   *learn.Rehearsal     // of linear routes while rows are made; nil without such
	samples     *learn.Samples       // the rows; nil without rankers
	questions   *learn.Questions     // that choose and measure rankers; nil without
	live        fold.Switch          // the ranker that is live where the journal ends; zero for none
	takes       *learn.Takes         // nil without a model that proposes
	taken       *learn.Taken         // what they come to, once asked for
}

// prepare reads the journal: for how much there is of it, for the rows of rankers, and for who took
// what.
func (t *training) prepare(ctx context.Context, cfg *config.Config) error {
	if t.plan.Until != 0 {
		t.app.say("a training that was cut off goes on, on the records up to %s; --anew begins another", t.plan.Until)
	}
	all, err := survey(ctx, t.disk, cfg.Events, t.plan.Until)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	t.plan.Until, t.live = all.last, all.live
	if err := t.plan.save(t.disk); err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(t.options.models), func(model string) bool { return t.plan.done(t.disk, model) != 0 })
	if slices.ContainsFunc(left, ranks) {
		// What routes went by at a moment was trained on what came before it.
		bundles := fold.Bundles(registry.NewShelf(t.disk, true))
		if goesByLinear(cfg) && slices.Contains(t.options.models, "itemitem") { // what serving will have too
			t.rehearsal = newRehearsal(cfg, all.records, t.options.Seed)
			bundles = rehearsed{bundles, t.rehearsal}
		}
		if t.history, err = historyOptions(cfg, bundles, all.records, all.exposures, t.options.Seed); err != nil {
			return err
		}
		if err := t.rows(ctx, cfg); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(left, func(model string) bool { return !ranks(model) }) {
		return nil
	}
	t.takes = learn.NewTakes(cfg.Events)
	err = eachUntil(ctx, t.disk, t.plan.Until, func(_ *journal.Record, e *stream.Entry) error {
		t.takes.Apply(e)
		return nil
	})
	if err != nil {
		return dataError(cfg.Data, err)
	}
	return nil
}

// close removes what a training that is over needed. One that is cut off keeps it.
func (t *training) close(ctx context.Context) error {
	var err error
	if t.samples != nil {
		err = t.samples.Close()
	}
	if t.questions != nil {
		err = errors.Join(err, t.questions.Close())
	}
	if ctx.Err() != nil {
		return err
	}
	return errors.Join(err, removePlan(t.disk), learn.RemoveSamples(t.disk, rowsDir), learn.RemoveQuestions(t.disk, rowsDir))
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
