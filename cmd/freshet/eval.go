package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/source"
	"github.com/freshet-rec/freshet/source/file"
	"github.com/freshet-rec/freshet/stream"
	"github.com/freshet-rec/freshet/trial"
)

func (a *app) evalCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "eval",
		Short: "Measure how well slates hit what visitors then wanted",
		Example: `  freshet eval holdout --data ./films
  freshet eval stream --events clicks.jsonl.gz --warmup 24h --k 20 --delay 0s,10m,1h`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.evalHoldoutCmd(), a.evalStreamCmd(), a.evalWorldCmd(), a.evalCFCmd(), a.evalCTRCmd(), a.evalIPSCmd())
	return c
}

// evalFlags are the flags of every protocol.
type evalFlags struct {
	k     int
	event string
	seed  uint64
	model string // kind of the ranker, "" is the configured one
}

func (f *evalFlags) add(a *app, c *cobra.Command, event string) {
	a.configFlags(c)
	c.Flags().IntVar(&f.k, "k", 10, fmt.Sprintf("where lists are cut, 1 to %d", trial.MaxK))
	c.Flags().StringVar(&f.event, "event", "", event)
	c.Flags().Uint64Var(&f.seed, "seed", 1, "of the confidence intervals")
	c.Flags().StringVar(&f.model, "model", "", "kind of the ranker: "+strings.Join(learn.Learners, ", ")+" (default the configured one)")
	a.progressFlag(c)
}

// ranker is the kind of ranker that is put to the trial.
func (f *evalFlags) ranker(cfg *config.Config) (string, error) {
	kind := cmp.Or(f.model, cfg.Ranker.Kind)
	if !ranks(kind) {
		return "", &failure{code: exitUsage, err: fmt.Errorf("--model is %s", shownID(kind)), hint: "it is one of " + strings.Join(learn.Learners, ", ")}
	}
	return kind, nil
}

// options are those of a trial by this configuration.
func (f *evalFlags) options(cfg *config.Config) (trial.Options, error) {
	if f.k < 1 || f.k > trial.MaxK {
		return trial.Options{}, usagef("--k is %d; lists are cut at 1 to %d", f.k, trial.MaxK)
	}
	o := trial.Options{Fold: foldOptions(cfg), K: f.k, Event: f.event, Seed: f.seed}
	for _, r := range cfg.Recall {
		o.Routes = append(o.Routes, trial.Route{Route: foldRoute(r), N: r.N})
	}
	return o, nil
}

func (a *app) evalHoldoutCmd() *cobra.Command {
	var flags evalFlags
	c := &cobra.Command{
		Use:   "holdout",
		Short: "Hold out each visitor's last wanted item and ask for it",
		Long: `Replay the journal without the last item each visitor wanted and what that
visitor did after it, then ask for every visitor, over the whole catalogue less
what the visitor has seen, and see where the item stands. Printed are the slate,
ordered by a ranker that is trained on the same kept history, the merged recall,
plain popularity of all time, and each route alone; then for each route what share
of the wanted its first 200 have, what share it alone has, and how much of what it
proposes the others propose too. What routes of kind linear go by is trained on the
same kept history; trained vectors are not, so routes that go by them propose nothing.

The journal is read beside a running server; nothing is written.`,
		Example: `  freshet eval holdout --data ./films
  freshet eval holdout --data ./shop --event purchase --k 20 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(c)
			if err != nil {
				return err
			}
			o, err := flags.options(cfg)
			if err != nil {
				return err
			}
			kind, err := flags.ranker(cfg)
			if err != nil {
				return err
			}
			return a.evalHoldout(c.Context(), cfg, kind, o)
		},
	}
	flags.add(a, c, "name of the events that say an item was wanted (default like if there are any, else click)")
	return c
}

func (a *app) evalHoldout(ctx context.Context, cfg *config.Config, kind string, o trial.Options) (err error) {
	disk, err := fsys.Existing(cfg.Data)
	if err != nil {
		return dataError(cfg.Data, err)
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	bar := a.bar("replay", 0, "records")
	o.Progress = bar.of
	untrained := ""
	train := func(ctx context.Context, kept trial.Replay) (trial.Ranker, error) {
		ranker, err := trainRanker(ctx, cfg, kind, o.Seed, kept)
		if errors.Is(err, learn.ErrTooLittle) { // then the slate is in recall order
			untrained = fmt.Sprintf("no ranker was trained, so the slate is in recall order: %v", err)
			return nil, nil
		}
		return ranker, err
	}
	holdout := &trial.Holdout{Options: o, Train: train}
	if goesByLinear(cfg) {
		holdout.Routes = func(ctx context.Context, kept trial.Replay) (fold.Bundles, []stream.Entry, error) {
			return trainLinear(ctx, cfg, o.Seed, kept)
		}
	}
	results, err := holdout.Run(ctx, history(disk))
	switch {
	case errors.Is(err, trial.ErrNothingWanted):
		return &failure{code: exitFailed, err: fmt.Errorf("eval: %w", err), hint: "name the event that says an item was wanted: --event NAME"}
	case err != nil:
		return dataError(cfg.Data, err)
	}
	bar.done()
	if untrained != "" {
		results.Warnings = append(results.Warnings, eval.Warning{Code: eval.Untrained, Text: untrained})
	}
	return a.printResults(results)
}

// trainRanker trains a ranker of a kind on a history, as freshet train does on a journal, with the rows
// in memory.
func trainRanker(ctx context.Context, cfg *config.Config, kind string, seed uint64, replay trial.Replay) (trial.Ranker, error) {
	entries, exposures := 0, 0
	err := replay(ctx, func(e *stream.Entry) error {
		entries++
		if e.Event != nil && cfg.Events.Of(e.Event.Name).Signal == freshet.SignalImpression {
			exposures++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var rehearsal *learn.Rehearsal
	var bundles fold.Bundles
	if goesByLinear(cfg) {
		rehearsal = newRehearsal(cfg, entries, seed)
		bundles = rehearsal
	}
	o, err := historyOptions(cfg, bundles, entries, exposures, seed)
	if err != nil {
		return nil, err
	}
	if o.Exposures { // they would measure, and this is measured otherwise
		o.Questions = 0
	}
	h, err := learn.NewHistory(o, fsys.NewMem(), rowsDir)
	if err != nil {
		return nil, err
	}
	err = replay(ctx, func(e *stream.Entry) error {
		if e.Model != nil { // of bundles that are not here
			return nil
		}
		return applyRehearsed(ctx, h, rehearsal, e)
	})
	if err != nil {
		return nil, err
	}
	samples, err := h.Samples(ctx)
	if err != nil {
		return nil, err
	}
	questions, err := h.Questions()
	if err != nil {
		return nil, err
	}
	model, _, err := learn.FitRanker(ctx, samples, targets(cfg), learn.FitOptions{Kind: kind, Rate: negativesRate(&o), Seed: seed, Questions: questions})
	if err != nil {
		return nil, err
	}
	return &ranker{model: model}, nil
}

// ranker puts a trained ranker to the trial.
type ranker struct {
	model *rank.Ranker
	batch rank.Batch
	rows  rank.Rows
	odds  []float32
}

// Score implements trial.Ranker.
func (r *ranker) Score(m *trial.Moment, candidates []recall.Candidate, scores []float64) {
	builder := m.State.NewRowBuilder()
	builder.Start(m.Request.Visitor, m.Request.Time, nil)
	r.batch.Reset()
	r.rows.Reset()
	for i := range candidates {
		row := builder.Row(&candidates[i])
		r.model.Schema().Encode(&r.batch, row)
		r.rows.Append(row)
	}
	r.odds = slices.Grow(r.odds[:0], len(candidates))[:len(candidates)]
	r.model.Score(&r.batch, &r.rows, 0, r.odds, scores)
}

// onlineNegatives is how many other candidates a choice is compared with. They are drawn from
// all: drawn from the best ones only, whatever recall puts last would seem to be wanted.
const onlineNegatives = 4

// learner puts a model to the trial that learns from every choice. It begins knowing nothing.
type learner struct {
	online  *learn.Online
	rng     *rand.Rand
	builder *fold.RowBuilder // of the state of the last moment
	state   *fold.State
	rows    rank.Rows // of the candidates last scored
}

func newLearner(names rank.Names, kind string, seed uint64) *learner {
	return &learner{online: learn.NewOnline(names, kind, seed), rng: rand.New(rand.NewPCG(seed, 2))}
}

// Score implements trial.Ranker. Before anything was learned the scores are those of recall.
func (l *learner) Score(m *trial.Moment, candidates []recall.Candidate, scores []float64) {
	if l.state != m.State {
		l.state, l.builder = m.State, m.State.NewRowBuilder()
	}
	l.builder.Start(m.Request.Visitor, m.Request.Time, nil)
	l.rows.Reset()
	for i := range candidates {
		l.rows.Append(l.builder.Row(&candidates[i]))
		scores[i] = candidates[i].Score
	}
	l.online.Score(&l.rows, scores)
}

// Lesson implements trial.Learner: what was chosen against others that were proposed.
func (l *learner) Lesson(_ *trial.Moment, candidates []recall.Candidate, chosen uint32) func() error {
	found := slices.IndexFunc(candidates, func(c recall.Candidate) bool { return c.Item == chosen })
	if found < 0 || len(candidates) < 2 {
		return nil
	}
	lesson := rank.Rows{}
	teach := func(i int) {
		row := l.rows.Row(i)
		lesson.Append(&row)
	}
	teach(found)
	for range min(onlineNegatives, len(candidates)-1) {
		i := l.rng.IntN(len(candidates) - 1)
		if i >= found {
			i++
		}
		teach(i)
	}
	note := l.online.Look(found)
	return func() error {
		if note != nil {
			note()
		}
		for i := range lesson.Len() {
			row := lesson.Row(i)
			if err := l.online.Learn(&row, i == 0); err != nil {
				return err
			}
		}
		return nil
	}
}

// of sets count and total, once the total is known.
func (b *bar) of(done, total int64) {
	if total != b.total && b.drawn != nil {
		b.drawn.ChangeMax64(total)
	}
	b.total = total
	b.set(done)
}

// errEnough ends a replay at the record where an earlier one ended.
var errEnough = errors.New("enough")

// history replays the journal on a disk. A server may go on writing: what the first replay
// has seen is all that later ones bring.
func history(disk fsys.FS) trial.Replay {
	through := freshet.Position(0)
	return func(ctx context.Context, each func(*stream.Entry) error) error {
		last, err := eachEntry(ctx, disk, func(rec *journal.Record, e *stream.Entry) error {
			if through != 0 && rec.Position > through {
				return errEnough
			}
			return each(e)
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		if err == nil && through == 0 {
			through = last
		}
		return err
	}
}

func (a *app) evalStreamCmd() *cobra.Command {
	var flags evalFlags
	var events, warmup string
	var delays, compare []string
	var figure plotFlag
	c := &cobra.Command{
		Use:   "stream",
		Short: "Predict, then learn, event by event; with delays, show what freshness earns",
		Long: `Play a file of events, or with --data those of a journal, in the order of time. Before each wanted item after the
warm-up, ask for its visitor and see where the item stands; only then let the
system know of it. With a delay the system is asked as it stood that long ago. The
ranker of the slate begins knowing nothing and learns from every choice: what was
chosen against 4 others that recall had proposed. What it says is mixed with the
order of recall, at the share that did best lately.
What it has yet to learn waits in memory, some 2 KB (40 bytes more for each feature)
for each choice within the delay, of as many delays at a time as there are processors.
Printed for each delay are the slate, the merged recall, popularity of the last
hour, and each route alone, and for each route what share of the wanted its first
200 have, what share it alone has, and how much of what it proposes the others
propose too. A visitor's repeats, and items that nobody had
touched before, count as misses. With --compare each configuration is asked the same,
and its gains over the first are printed with intervals that draw visitors, the
same ones for both. A version of a ranker that the data directory keeps (lr@2)
ranks as it is, by the configuration that --config names, and learns nothing: it
must not have been trained on what it is asked.`,
		Example: `  freshet eval stream --events clicks.jsonl.gz --warmup 24h
  freshet eval stream --data ./shop --delay 0s,10m
  freshet eval stream --events clicks.jsonl.gz --warmup 24h --k 20 --delay 0s,10m,1h --json
  freshet eval stream --events clicks.jsonl.gz --delay 0s,30s,10m,1h,24h --plot freshness.svg
  freshet eval stream --events clicks.jsonl.gz --compare now=freshet.yaml --compare try=other.yaml
  freshet eval stream --events clicks.jsonl.gz --data ./shop --compare live=lr@2 --compare next=deepfm@1`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if events == "" && !a.namesData(c) {
				return &failure{code: exitUsage, err: errors.New("no events are named"), hint: "those of a file: freshet eval stream --events clicks.jsonl.gz     or of a journal: --data DIR"}
			}
			configs, err := a.comparedConfigs(c, compare)
			if err != nil {
				return err
			}
			p := trial.Prequential{}
			if p.Warmup, err = freshet.ParseDuration(warmup); err != nil {
				return usagef("--warmup: %w", err)
			}
			if p.Delays, err = parseDelays(delays); err != nil {
				return err
			}
			if err := figure.check(); err != nil {
				return err
			}
			results := &eval.Results{}
			for _, named := range configs {
				if p.Options, err = flags.options(named.Config); err != nil {
					return err
				}
				kind, err := flags.ranker(named.Config)
				if err != nil {
					return err
				}
				one, err := a.evalStream(c.Context(), &named, kind, p, events)
				if err != nil {
					return err
				}
				join(results, one, named.name, p.Seed)
			}
			if err := figure.draw(a, freshnessFigure(results, filepath.Base(cmp.Or(events, configs[0].Data)))); err != nil {
				return err
			}
			return a.printResults(results)
		},
	}
	flags.add(a, c, "name of the events that say an item was wanted (default every click, engagement, intent and conversion)")
	c.Flags().StringVar(&events, "events", "", "file of events, one JSON object a line, plain or gzip")
	c.Flags().StringVar(&warmup, "warmup", "24h", "how long events are only learned from")
	c.Flags().StringSliceVar(&delays, "delay", []string{"0s"}, "for how long events are withheld; several with commas")
	c.Flags().StringArrayVar(&compare, "compare", nil, "NAME=FILE or NAME=MODEL@VERSION: also by this configuration or ranker, told apart by name; repeated, each against the first")
	figure.add(c)
	return c
}

// evalStream plays a file of events, or if none is named a journal.
func (a *app) evalStream(ctx context.Context, named *namedConfig, kind string, p trial.Prequential, path string) (*eval.Results, error) {
	var im *source.Import
	var err error
	cfg, own := named.Config, path == ""
	if own {
		path = cfg.Data
		im, err = readJournal(ctx, cfg)
	} else {
		im, err = a.readEvents(ctx, cfg, path)
	}
	if err != nil {
		return nil, err
	}
	events := make([]*freshet.Event, len(im.Events))
	for i := range im.Events {
		events[i] = &im.Events[i].Event
	}
	state, err := fold.New(foldOptions(cfg))
	if err != nil {
		return nil, err
	}
	names := state.RowNames()
	p.NewLearner = func() trial.Learner { return newLearner(names, kind, p.Seed) }
	if named.kept != nil {
		p.NewLearner = func() trial.Learner { return &keptRanker{ranker{model: named.kept.Ranker}} }
	}
	bar := a.bar("replay", int64(len(events)*len(p.Delays)), "events")
	p.Progress = bar.of
	results, err := p.Run(ctx, im.Items, im.Users, events)
	switch {
	case errors.Is(err, trial.ErrNoEvents) && len(im.Events) == 0 && len(im.Refused) > 0:
		return nil, &failure{code: exitFailed, err: fmt.Errorf("eval %s: %s", path, refusedLines(im)), hint: "each line is one event, item or user, as the API takes them: freshet import names every fault"}
	case errors.Is(err, trial.ErrNoEvents):
		return nil, &failure{code: exitFailed, err: fmt.Errorf("eval %s: %w", path, err), hint: "a shorter --warmup, or another --event NAME"}
	case err != nil:
		return nil, fmt.Errorf("eval %s: %w", path, err)
	}
	bar.done()
	if k := named.kept; k != nil && own {
		results.Warnings = append(results.Warnings, eval.Warning{Code: eval.Seen, Text: fmt.Sprintf("%s@%d was trained on this journal up to record %d: of what was wanted until then it knows the answers", k.Model, k.Version, k.Until)})
	}
	if len(im.Refused) > 0 {
		results.Warnings = append(results.Warnings, eval.Warning{Code: eval.LinesLeftOut, Text: path + ": " + refusedLines(im)})
	}
	return results, nil
}

// refusedLines tells of lines that could not be used.
func refusedLines(im *source.Import) string {
	first := im.Refused[0]
	return fmt.Sprintf("%s could not be used and are left out; the first is line %d: %s", plural(len(im.Refused), "line"), first.Problem.Line, first.Problem.Message)
}

func (a *app) readEvents(ctx context.Context, cfg *config.Config, path string) (*source.Import, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, usagef("eval: %w", err)
	}
	rules := &codec.Rules{Kinds: cfg.Events, Strict: cfg.StrictEvents, Now: a.now().UnixMilli(), MaxFuture: cfg.MaxFuture}
	bar := a.bar("read", 0, "bytes")
	im, err := file.Read(ctx, os.DirFS(filepath.Dir(path)), filepath.Base(path), rules, bar.of)
	switch {
	case errors.Is(err, source.ErrNotRegular):
		return nil, usagef("eval: %w", err)
	case err != nil:
		return nil, fmt.Errorf("eval: %w", err)
	}
	bar.done()
	return im, nil
}

func (a *app) printResults(results *eval.Results) error {
	return a.printEval(results, results.Warnings, func() string { return resultsTable(results) + routesTable(results.Routes) + gainsTable(results.Gains) })
}

// printEval prints results: as JSON, or their table with the warnings beside it.
func (a *app) printEval(results any, warnings []eval.Warning, table func() string) error {
	if a.json {
		text, err := json.Marshal(results)
		if err != nil {
			return err
		}
		return a.print(string(text) + "\n")
	}
	for _, warning := range warnings {
		a.say("warning: %s", clean(warning.Text))
	}
	return a.print(table())
}

// routesTable is what each route is worth, for people: one block for each delay. Under "also in"
// stands the share of a route's proposals that another has too.
func routesTable(rows []eval.RouteRow) string {
	name := 0
	for _, r := range rows {
		name = max(name, width(shownID(r.Name)))
	}
	var b strings.Builder
	for i, r := range rows {
		if i == 0 || r.Delay != rows[i-1].Delay || r.Config != rows[i-1].Config {
			fmt.Fprintf(&b, "\nroutes%s · delay %s\n  %s  %10s  %7s  %9s  also in\n", under(r.Config), r.Delay, pad("", name), fmt.Sprintf("recall@%d", r.K), "unique", "proposals")
		}
		fmt.Fprintf(&b, "  %s  %10.4f", pad(shownID(r.Name), name), r.Recall)
		if r.Overlap != nil {
			fmt.Fprintf(&b, "  %7.4f  %9.1f", r.Unique, r.Proposals)
			for _, other := range slices.Sorted(maps.Keys(r.Overlap)) {
				fmt.Fprintf(&b, "  %s %.0f %%", strings.TrimPrefix(shownID(other), "route:"), 100*r.Overlap[other])
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// resultsTable is the results for people: one block of rows for each delay.
func resultsTable(results *eval.Results) string {
	name, ranked := 0, false
	for _, r := range results.Rows {
		name = max(name, width(shownID(r.Name)))
		ranked = ranked || r.AUC != nil
	}
	var b strings.Builder
	for i, r := range results.Rows {
		if i == 0 || r.Delay != results.Rows[i-1].Delay || r.Config != results.Rows[i-1].Config {
			if i > 0 {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "%s%s · delay %s · %s asks\n", results.Protocol, under(r.Config), r.Delay, grouped(int64(r.N)))
			head := fmt.Sprintf("  %s  %7s  %7s  %-15s  %6s  %8s  %7s", pad("", name), fmt.Sprintf("hit@%d", r.K), fmt.Sprintf("ndcg@%d", r.K), "95 % of ndcg", "mrr", "coverage", "novelty")
			if ranked {
				head += "  auc"
			}
			b.WriteString(head + "\n")
		}
		fmt.Fprintf(&b, "  %s  %7.4f  %7.4f  %.4f – %.4f  %6.4f  %6.1f %%  %7.2f", pad(shownID(r.Name), name), r.Hit, r.NDCG, r.CI[0], r.CI[1], r.MRR, 100*r.Coverage, r.Novelty)
		if r.AUC != nil {
			fmt.Fprintf(&b, "  %.4f", *r.AUC)
		}
		b.WriteString("\n")
	}
	return b.String()
}
