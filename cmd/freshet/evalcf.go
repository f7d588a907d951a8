package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/eval"
)

// cfOptions are the flags of eval cf.
type cfOptions struct {
	train, test string
	methods     []string
	k           int
	seed        uint64
	workers     int
}

// maxListLength is the most that --k may be.
const maxListLength = 1000

func (a *app) evalCFCmd() *cobra.Command {
	var o cfOptions
	known := strings.Join(collab.Methods(), ", ")
	c := &cobra.Command{
		Use:   "cf",
		Short: "Measure collaborative filtering on a split of train and test pairs",
		Long: `Train on one file of who took what, rank the whole catalogue but for what each
user took there, and see where the items of a second file stand. Lines are a user
and items, numbers with blanks between, plain or gzip.

Settings are searched on a tenth of each user's train pairs, held out at random.
Without --method a blend is searched: its parts (popular, itemcf, ease or, for many
items, local, spectral, ials), then their weights; it is trained on all train pairs. The
test file is looked at once, at the end. Measured are recall and NDCG, averaged over
the users of the test file. Of several methods is also shown what each finds among
its first 200, what only it finds, and how much of it others have, as of routes.

Methods: ` + known + `.`,
		Example: `  freshet eval cf --train train.txt.gz --test test.txt.gz
  freshet eval cf --train train.txt.gz --test test.txt.gz --method itemcf,spectral --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.train == "" || o.test == "":
				return &failure{code: exitUsage, err: errors.New("--train and --test name the two files"), hint: "such as: freshet eval cf --train train.txt.gz --test test.txt.gz"}
			case o.k < 1 || o.k > maxListLength:
				return usagef("--k is %d; lists are cut at 1 to %d", o.k, maxListLength)
			case o.workers < 0 || o.workers > 1024:
				return usagef("--workers is %d; there are 1 to 1024, or 0 for one a processor", o.workers)
			}
			if slices.Contains(o.methods, "all") {
				o.methods = collab.Methods()
			}
			for k, method := range o.methods {
				if !slices.Contains(collab.Methods(), method) {
					return usagef("--method: there is no %q; there are %s, and all", method, known)
				}
				if slices.Contains(o.methods[:k], method) {
					return usagef("--method names %s twice", method)
				}
			}
			if o.workers == 0 {
				o.workers = runtime.GOMAXPROCS(0)
			}
			return a.evalCF(c.Context(), &o)
		},
	}
	c.Flags().StringVar(&o.train, "train", "", "file of lines `user item item …` to train on")
	c.Flags().StringVar(&o.test, "test", "", "file of such lines to measure with")
	c.Flags().StringSliceVar(&o.methods, "method", nil, "methods to measure, with commas, or all (default: the best one, chosen by itself)")
	c.Flags().IntVar(&o.k, "k", 20, fmt.Sprintf("where lists are cut, 1 to %d", maxListLength))
	c.Flags().Uint64Var(&o.seed, "seed", 1, "of the pairs held out, and of training")
	c.Flags().IntVar(&o.workers, "workers", 0, "goroutines that compute; they change no figure (0: one a processor)")
	a.progressFlag(c)
	return c
}

func (a *app) evalCF(ctx context.Context, o *cfOptions) error {
	train, err := readRows(o.train)
	if err != nil {
		return err
	}
	// Read now, so that a fault shows before the work; looked at after the choice.
	test, err := readRows(o.test)
	if err != nil {
		return err
	}
	problem, err := collab.NewProblem(train, test)
	if err != nil {
		return fmt.Errorf("eval %s and %s: %w", o.train, o.test, err)
	}
	results := &eval.ListResults{Protocol: "cf", K: o.k}
	methods := o.methods
	if len(methods) == 0 {
		methods = []string{"blend"} // which searches the others
	}
	bar := a.bar("tune", 0, "trials")
	var trials []collab.Trial
	tune := collab.TuneOptions{K: o.k, Seed: o.seed, Workers: o.workers, Tried: func(t collab.Trial) {
		trials = append(trials, t)
		results.Tuning = append(results.Tuning, eval.ListRow{Name: t.Method, Settings: t.Settings, Lists: eval.Lists{Recall: t.Recall, NDCG: t.NDCG}})
		bar.of(int64(len(trials)), int64(len(trials)))
	}}
	begun := a.now()
	tuned, err := collab.Tune(ctx, problem.Train, tune, methods...)
	if err != nil {
		return fmt.Errorf("eval %s: %w", o.train, err)
	}
	bar.done()
	searched := a.now().Sub(begun).Seconds()
	compared := newComparison(problem.Wanted)
	rank := a.bar("test", int64(len(tuned)), "methods")
	for k, method := range tuned {
		begun := a.now()
		model, err := method.Train(ctx, problem.Train)
		if err != nil {
			return fmt.Errorf("train %s: %w", method.Method, err)
		}
		lists, err := collab.MeasureLists(ctx, model, problem.Train, problem.Wanted, o.k, o.workers, comparedAt, compared.told(method.Method))
		if err != nil {
			return err
		}
		results.Rows = append(results.Rows, eval.ListRow{Name: method.Method, Settings: method.Settings, Lists: lists, Seconds: a.now().Sub(begun).Seconds()})
		rank.set(int64(k + 1))
	}
	rank.done()
	results.Routes, results.Warnings = compared.rows()
	if len(o.methods) == 0 {
		results.Choice = tuned[0].Method
		results.Rows[0].Seconds += searched
	}
	return a.printLists(results)
}

func readRows(path string) (rows *collab.Rows, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usagef("eval: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if rows, err = collab.ReadRows(f, path); err != nil {
		return nil, &failure{code: exitFailed, err: fmt.Errorf("eval: %w", err), hint: "each line is a user and items, such as: 17 4 8 15"}
	}
	return rows, nil
}

func (a *app) printLists(results *eval.ListResults) error {
	return a.printEval(results, results.Warnings, func() string { return listsTable(results) + routesTable(results.Routes) })
}

// listsTable is the results for people.
func listsTable(results *eval.ListResults) string {
	var b strings.Builder
	if len(results.Tuning) > 0 {
		fmt.Fprintf(&b, "tuning · %s on pairs held out of the train part\n", plural(len(results.Tuning), "trial"))
		writeLists(&b, results.K, results.Tuning, false)
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s · %s users\n", results.Protocol, grouped(int64(results.Rows[0].N)))
	writeLists(&b, results.K, results.Rows, true)
	if results.Choice != "" {
		fmt.Fprintf(&b, "\n%s was chosen before the test part was looked at.\n", results.Choice)
	}
	return b.String()
}

// writeLists writes rows as a table.
func writeLists(b *strings.Builder, k int, rows []eval.ListRow, tested bool) {
	name := 0
	for _, r := range rows {
		name = max(name, width(r.Name))
	}
	fmt.Fprintf(b, "  %s  %9s  %8s", pad("", name), fmt.Sprintf("recall@%d", k), fmt.Sprintf("ndcg@%d", k))
	if tested {
		fmt.Fprintf(b, "  %7s", "seconds")
	}
	b.WriteString("  settings\n")
	for _, r := range rows {
		fmt.Fprintf(b, "  %s  %9.4f  %8.4f", pad(r.Name, name), r.Recall, r.NDCG)
		if tested {
			fmt.Fprintf(b, "  %7.1f", math.Max(0, r.Seconds))
		}
		fmt.Fprintf(b, "  %s\n", r.Settings)
	}
}
