package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
)

// ctrOptions are the flags of eval ctr.
type ctrOptions struct {
	train, valid, test string
	model              string
	numeric            []string
	minCount           int
	trials             int
	seed               uint64
	seeds              int
}

// ctrKinds are the models that eval ctr trains.
var ctrKinds = []string{"lr", "fm", "deepfm"}

// searchedRows is up to how many rows of training settings are searched for.
const searchedRows = 1 << 20

func (a *app) evalCTRCmd() *cobra.Command {
	var o ctrOptions
	c := &cobra.Command{
		Use:   "ctr",
		Short: "Measure the prediction of clicks on files of train, valid and test rows",
		Long: `Train a model on the rows of one file, stop when those of a second are no longer
predicted better, and measure the probabilities it gives those of a third, which is
predicted once, at the end. Files are CSV, plain or gzip, with a header: the column
label is 0 or 1; all other columns are words, unless --numeric says that they are
numbers. A value that is left out is no value.

Each kind of model has a few settings that are tried, one training each, and judged
by the validation rows (--trials says how many; of more than a million rows only the
first). The same rows calibrate the probabilities. With --seeds each seed trains a
model of its own, by the settings that the first one chose.

Models: ` + strings.Join(ctrKinds, ", ") + `.`,
		Example: `  freshet eval ctr --train train.csv.gz --valid valid.csv.gz --test test.csv.gz --model fm
  freshet eval ctr --train a.csv --valid b.csv --test c.csv --model deepfm --numeric age,price --seeds 5 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.train == "" || o.valid == "" || o.test == "":
				return &failure{code: exitUsage, err: errors.New("--train, --valid and --test name the three files"), hint: "such as: freshet eval ctr --train train.csv --valid valid.csv --test test.csv"}
			case !slices.Contains(ctrKinds, o.model):
				return usagef("--model: there is no %q; there are %s", o.model, strings.Join(ctrKinds, ", "))
			case slices.Contains(o.numeric, labelColumn):
				return usagef("--numeric names the column %s, which is what is predicted", labelColumn)
			case o.minCount < 1 || o.trials < 1:
				return usagef("--min-count is %d and --trials %d; both are 1 or more", o.minCount, o.trials)
			case o.seeds < 1 || o.seeds > 100:
				return usagef("--seeds is %d; there are 1 to 100", o.seeds)
			}
			slices.Sort(o.numeric)
			o.numeric = slices.Compact(o.numeric)
			return a.evalCTR(c.Context(), &o)
		},
	}
	c.Flags().StringVar(&o.train, "train", "", "file of rows to train on")
	c.Flags().StringVar(&o.valid, "valid", "", "file of rows that say when to stop")
	c.Flags().StringVar(&o.test, "test", "", "file of rows to measure with")
	c.Flags().StringVar(&o.model, "model", "deepfm", "what to train: "+strings.Join(ctrKinds, ", "))
	c.Flags().StringSliceVar(&o.numeric, "numeric", nil, "columns that are numbers, with commas")
	c.Flags().IntVar(&o.minCount, "min-count", 1, "rows that a word must be in; others are one unknown word")
	c.Flags().IntVar(&o.trials, "trials", 3, "settings to try, the defaults first")
	c.Flags().Uint64Var(&o.seed, "seed", 1, "of what is drawn by lot")
	c.Flags().IntVar(&o.seeds, "seeds", 1, "trainings with seeds one after the other: their mean and spread")
	a.progressFlag(c)
	return c
}

// ctrResult is what eval ctr prints: the mean over all seeds, and each.
type ctrResult struct {
	Protocol      string         `json:"protocol"`
	Model         string         `json:"model"`
	AUC           float64        `json:"auc"`
	LogLoss       float64        `json:"logloss"`
	Seconds       float64        `json:"seconds"` // of one training, with what it was searched by for the first
	AUCSpread     float64        `json:"auc_spread"`
	LogLossSpread float64        `json:"logloss_spread"`
	Settings      string         `json:"settings"`
	Train         int            `json:"train_rows"`
	Valid         int            `json:"valid_rows"`
	Test          int            `json:"test_rows"`
	Positives     int            `json:"test_positives"`
	Fields        int            `json:"fields"`
	Weights       int            `json:"weights"`
	Runs          []ctrRun       `json:"runs"`
	Warnings      []eval.Warning `json:"warnings,omitempty"`
}

// ctrRun is one seed.
type ctrRun struct {
	Seed         uint64  `json:"seed"`
	AUC          float64 `json:"auc"`
	LogLoss      float64 `json:"logloss"`
	Raw          float64 `json:"logloss_uncalibrated"`
	ValidAUC     float64 `json:"valid_auc"`
	ValidLogLoss float64 `json:"valid_logloss"`
	Epochs       int     `json:"epochs"`
	Seconds      float64 `json:"seconds"`
}

// ctrTask is the three files, with what was fitted to the first.
type ctrTask struct {
	train, valid, test *ctrRows
	schema             *rank.Schema
	counts             [][]uint32
}

func (a *app) evalCTR(ctx context.Context, o *ctrOptions) (err error) {
	t := &ctrTask{}
	defer func() { err = errors.Join(err, t.close()) }()
	result, err := t.open(o)
	if err != nil {
		return err
	}
	trials := learn.Trials(o.model)
	trials = trials[:min(o.trials, len(trials))]
	if result.Train > searchedRows {
		trials = trials[:1]
	}
	var chosen learn.Trial
	bar := a.bar("train", 0, "epochs")
	epochs := int64(0)
	for i := range o.seeds {
		run := ctrRun{Seed: o.seed + uint64(i)}
		begun := a.now()
		if i > 0 {
			trials = []learn.Trial{chosen}
		}
		best, by, err := learn.TrainBest(ctx, trials, t.schema, t.counts, t.train, t.valid, learn.EpochOptions{Seed: run.Seed, Progress: func(int, learn.Progress) {
			epochs++
			bar.of(epochs, epochs)
		}})
		if err != nil {
			return fmt.Errorf("eval %s: %w", o.train, err)
		}
		chosen = by
		if err := t.measure(&best, &run); err != nil {
			return err
		}
		run.Seconds = a.now().Sub(begun).Seconds()
		result.Runs = append(result.Runs, run)
	}
	bar.done()
	result.Settings = chosen.Settings
	result.sum()
	return a.printEval(result, result.Warnings, result.table)
}

func (t *ctrTask) close() (err error) {
	for _, r := range []*ctrRows{t.train, t.valid, t.test} {
		if r != nil {
			err = errors.Join(err, r.Close())
		}
	}
	return err
}

// open opens and reads all three files, so that a fault of any shows before the work, and fits the
// fields to the first.
func (t *ctrTask) open(o *ctrOptions) (_ *ctrResult, err error) {
	result := &ctrResult{Protocol: "ctr", Model: o.model}
	for _, f := range []struct {
		path            string
		to              **ctrRows
		rows, positives *int
	}{{o.train, &t.train, &result.Train, new(int)}, {o.valid, &t.valid, &result.Valid, new(int)}, {o.test, &t.test, &result.Test, &result.Positives}} {
		if *f.to, err = openCTR(f.path, o.numeric); err != nil {
			return nil, err
		}
		if fault := (*f.to).like(t.train); fault != "" {
			return nil, &failure{code: exitFailed, err: fmt.Errorf("eval: %s:1: %s", f.path, fault), hint: "all three files have the same columns, in any order"}
		}
		if *f.rows, *f.positives, err = (*f.to).count(); err != nil {
			return nil, err
		}
	}
	fitted, err := learn.FitFields(t.train.Names(), result.Train, func(visit func(*rank.Row)) error {
		return learn.Each(t.train, visit)
	}, learn.FieldOptions{MinCount: o.minCount, Seed: o.seed})
	if err != nil {
		return nil, err
	}
	if t.schema, err = rank.NewSchema(fitted.Fields); err != nil {
		return nil, fmt.Errorf("eval %s: %w", o.train, err)
	}
	t.counts, result.Warnings = fitted.Counts, eval.Scarce(result.Positives, result.Test)
	for _, doubt := range fitted.Doubts {
		result.Warnings = append(result.Warnings, eval.Warning{Code: eval.Field, Text: doubt})
	}
	result.Fields, result.Weights = len(fitted.Fields), t.schema.Weights()
	return result, nil
}

// measure predicts the rows to test with.
func (t *ctrTask) measure(trained *learn.Trained, run *ctrRun) error {
	var scores, raw []float64
	var labels []bool
	err := learn.EachPredicted(t.test, trained.Model, t.schema, func(odds, label, _ float32) {
		scores = append(scores, rank.Sigmoid(trained.Calibrated.Of(float64(odds))))
		raw = append(raw, float64(odds))
		labels = append(labels, label > 0)
	})
	if err != nil {
		return err
	}
	var sound bool
	if run.AUC, sound = eval.AUC(raw, labels); !sound { // by the odds: probabilities round to 1
		return fmt.Errorf("eval %s: a prediction is no number", t.test.path)
	}
	run.LogLoss, _ = eval.LogLoss(scores, labels)
	for i, x := range raw {
		raw[i] = rank.Sigmoid(x)
	}
	run.Raw, _ = eval.LogLoss(raw, labels)
	run.ValidAUC, run.ValidLogLoss, run.Epochs = trained.AUC, trained.LogLoss, trained.Epochs
	return nil
}

// sum makes means and spreads, the standard deviations of the seeds as a sample.
func (r *ctrResult) sum() {
	over := func(of func(*ctrRun) float64) (mean, spread float64) {
		n := float64(len(r.Runs))
		for i := range r.Runs {
			mean += of(&r.Runs[i]) / n
		}
		for i := range r.Runs {
			spread += (of(&r.Runs[i]) - mean) * (of(&r.Runs[i]) - mean)
		}
		return mean, math.Sqrt(spread / max(1, n-1))
	}
	r.AUC, r.AUCSpread = over(func(run *ctrRun) float64 { return run.AUC })
	r.LogLoss, r.LogLossSpread = over(func(run *ctrRun) float64 { return run.LogLoss })
	r.Seconds, _ = over(func(run *ctrRun) float64 { return run.Seconds })
}

// table is the results for people.
func (r *ctrResult) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ctr · %s · %s rows to train on, %s to stop by, %s to test with, %s of them positive\n", r.Model, grouped(int64(r.Train)), grouped(int64(r.Valid)), grouped(int64(r.Test)), grouped(int64(r.Positives)))
	fmt.Fprintf(&b, "  %6s  %8s  %8s  %12s  %9s  %6s  %7s\n", "seed", "auc", "logloss", "uncalibrated", "valid auc", "epochs", "seconds")
	for _, run := range r.Runs {
		fmt.Fprintf(&b, "  %6d  %8.4f  %8.4f  %12.4f  %9.4f  %6d  %7.1f\n", run.Seed, run.AUC, run.LogLoss, run.Raw, run.ValidAUC, run.Epochs, run.Seconds)
	}
	if len(r.Runs) > 1 {
		fmt.Fprintf(&b, "  %6s  %8.4f  %8.4f\n  %6s  %8.4f  %8.4f\n", "mean", r.AUC, r.LogLoss, "spread", r.AUCSpread, r.LogLossSpread)
	}
	fmt.Fprintf(&b, "\n%s fields, %s weights, %s, chosen before the rows to test with were predicted.\n", grouped(int64(r.Fields)), grouped(int64(r.Weights)), r.Settings)
	return b.String()
}
