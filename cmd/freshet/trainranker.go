package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/internal/fsys"
	"github.com/freshet-rec/freshet/journal"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/stream"
)

// trainReply is what train prints of a ranker with --json.
type trainReply struct {
	Model       string             `json:"model"`
	Version     int                `json:"version"` // 0 when it was not kept
	SHA256      string             `json:"sha256"`
	Rows        int                `json:"rows"`
	AUC         float64            `json:"auc"`
	LogLoss     float64            `json:"logloss"`
	Baseline    float64            `json:"baseline_logloss"`
	Held        int                `json:"held"`
	Positive    int                `json:"positives"` // of held
	Negative    string             `json:"negatives"`
	Heads       []learn.Fit        `json:"heads"`
	Ablation    map[string]float64 `json:"ablation,omitempty"` // by what was left out: AUC without it
	GAUC        float64            `json:"gauc"`
	Calibration float64            `json:"calibration"`
}

// targets are what rankers predict by the configuration, what is worth least first: it happens most, so
// that the first head, by which a ranker is judged, has most to be judged by.
func targets(cfg *config.Config) (list []learn.Target) {
	for name, worth := range cfg.Ranker.Objective {
		list = append(list, learn.Target{Signal: name, Weight: worth})
	}
	slices.SortFunc(list, func(a, b learn.Target) int {
		return cmp.Or(cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.Signal, b.Signal))
	})
	return list
}

// negativesEach is about how many negatives are sampled for each positive where there are no
// exposures.
const negativesEach = 8

// questionsAsked is about how many questions choose and measure rankers.
const questionsAsked = 1500

// historyOptions say how rows are made of so many entries, of which so many are exposures, with routes
// that go by these bundles, nil for none.
func historyOptions(cfg *config.Config, bundles fold.Bundles, entries, exposures int, seed uint64) (o learn.HistoryOptions, err error) {
	f := foldOptions(cfg)
	f.Bundles = bundles
	state, err := fold.New(f)
	if err != nil {
		return o, err
	}
	o = learn.HistoryOptions{State: state, Kinds: cfg.Events, Asks: foldAsks(cfg), Exposures: exposures >= leastExposures,
		Warmup: int(float64(entries) * warmupShare), Slack: cfg.MaxFuture, Seed: seed, Questions: questionsAsked, Entries: entries, Scenes: map[string][]string{}}
	for name, scene := range cfg.Scenes {
		o.Scenes[name] = scene.Recall
	}
	for _, target := range targets(cfg) {
		o.Signals = append(o.Signals, target.Signal)
	}
	if o.Exposures {
		o.Rate = min(1, float64(learn.MaxRows)/float64(exposures))
	} else {
		o.Rate = learn.NegativeRate(o.Asks, negativesEach)
	}
	return o, nil
}

// negativesRate is the share of negatives that rows keep while they keep all positives. Exposures are thinned
// whatever came of them, which leaves their odds as they are.
func negativesRate(o *learn.HistoryOptions) float64 {
	if o.Exposures {
		return 1
	}
	return o.Rate
}

// rowsTask is what the progress of making rows is told under.
const rowsTask = "rows"

// rows makes the rows that rankers are trained on, or finds those of a training that was cut off.
func (t *training) rows(ctx context.Context, cfg *config.Config) error {
	if t.plan.Rows {
		var err error
		if t.samples, err = learn.OpenSamples(t.disk, rowsDir); err == nil {
			t.questions, err = learn.OpenQuestions(t.disk, rowsDir)
			return err
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	h, err := learn.NewHistory(t.history, t.disk, rowsDir)
	if err != nil {
		return err
	}
	if err := t.checkAblations(h.Names()); err != nil {
		return errors.Join(err, h.Close())
	}
	bar := t.app.bar(rowsTask, int64(t.plan.Until), "records")
	err = eachUntil(ctx, t.disk, t.plan.Until, func(_ *journal.Record, e *stream.Entry) error {
		bar.set(int64(e.Position))
		return applyRehearsed(ctx, h, t.rehearsal, e)
	})
	if err != nil {
		return errors.Join(dataError(cfg.Data, err), h.Close())
	}
	if t.samples, err = h.Samples(ctx); err != nil {
		return errors.Join(err, h.Close())
	}
	if t.questions, err = h.Questions(); err != nil {
		return errors.Join(err, h.Close())
	}
	bar.done()
	t.plan.Rows, t.plan.Like = true, h.Likeness()
	return t.plan.save(t.disk)
}

// ranker trains a ranker of a kind, on features with these definitions.
func (t *training) ranker(ctx context.Context, cfg *config.Config, kind string) error {
	a, o := t.app, t.options
	var way *learn.Way // nil where nothing is chosen
	ranker, fits, err := t.fit(ctx, cfg, kind, learn.FitOptions{Questions: t.choosing(), Chose: func(w learn.Way) { way = &w }})
	if err != nil {
		return err
	}
	first := &fits[0]
	m := registry.Manifest{Model: kind, From: 1, Until: t.plan.Until, Definitions: t.definitions, Negatives: registry.Sampled, Permuted: o.Permute, Seed: o.Seed,
		Rows: first.Rows, Held: first.Held, Positives: first.Positives, AUC: first.AUC, LogLoss: first.LogLoss, Baseline: first.Baseline}
	m.Training = &registry.Training{Rate: t.history.Rate, Fields: fieldNames(ranker.Schema())}
	for _, fit := range fits {
		m.Training.Heads = append(m.Training.Heads, registry.Head(fit))
	}
	if t.history.Exposures {
		m.Negatives = registry.Exposed
	}
	if t.plan.Like != (learn.Likeness{}) {
		m.Training.Likeness = (*registry.Likeness)(&t.plan.Like)
	}
	var unranked registry.Ranking
	if t.questions != nil && !o.Permute {
		if m.Ranking, unranked, err = t.ranking(ctx, ranker); err != nil {
			return err
		}
	}
	for _, what := range o.ablate {
		_, without, err := t.fit(ctx, cfg, kind, learn.FitOptions{Way: way, Without: named(t.samples.Names, what)})
		if err != nil {
			return fmt.Errorf("without %s: %w", what, err)
		}
		m.Training.Ablation = append(m.Training.Ablation, registry.Ablation{Without: what, AUC: without[0].AUC, GAUC: without[0].GAUC, LogLoss: without[0].LogLoss})
	}
	if !o.Permute {
		if m, err = t.plan.keep(t.disk, m, ranker, a.now()); err != nil {
			return err
		}
	}
	return a.printRanker(&m, fits, &unranked)
}

// ranking is how a ranker stands, beside recall, popularity and the one that was live when the journal
// was read, as trained, if its rows are of the same fields. By the questions about slates that no ranker had
// put in order, unranked has the same of recall and of the live one: slates of a model like this one flatter
// it.
func (t *training) ranking(ctx context.Context, ranker *rank.Ranker) (r, unranked registry.Ranking, err error) {
	s, err := t.questions.Stand(ctx, ranker, learn.Measuring)
	if err != nil || len(s.Model) < 2 { // of one nothing can be said
		return r, unranked, err
	}
	n := len(s.Model)
	r = registry.Ranking{K: learn.QuestionK, Questions: n, Found: float64(s.Found) / float64(n), NDCG: meanOf(s.Model), Recall: against(&s, s.Recall, notOf(learn.ByRecall)), Popular: against(&s, s.Popular, anyMaker)}
	unranked.Recall = against(&s, s.Recall, func(maker string) bool { return maker != learn.ByRecall && !byRanker(maker) })
	live := &t.live
	if live.Name == "" {
		return r, unranked, nil
	}
	b, err := registry.Load(t.disk, live.Name, live.Version)
	if err != nil || b.Ranker == nil || b.SHA256 != live.SHA256 || b.Definitions != t.definitions || b.Ranker.Schema().Differs(t.questions.Names) != "" {
		t.app.say("%s version %d is live, and cannot be asked what this one is", shownID(live.Name), live.Version)
		return r, unranked, nil
	}
	other, err := t.questions.Stand(ctx, b.Ranker, learn.Measuring)
	if err != nil {
		return r, unranked, err
	}
	if r.Live = against(&s, other.Model, notOf(live.SHA256)); r.Live.Questions == 0 {
		return r, unranked, nil
	}
	unranked.Live = against(&s, other.Model, func(maker string) bool { return !byRanker(maker) })
	r.Live.Model, r.Live.Version, r.Live.SHA256 = live.Name, live.Version, live.SHA256
	return r, unranked, nil
}

func anyMaker(string) bool { return true }

// notOf leaves out an order's own slates: what stands first is seen first, and wanted for that.
func notOf(maker string) func(string) bool { return func(by string) bool { return by != maker } }

// byRanker reports that a slate was put in order by a ranker that the journal knows.
func byRanker(maker string) bool {
	return maker != "" && maker != learn.ByRecall && maker != learn.Elsewhere
}

// against holds an order against the ranker's, by the questions about slates of some makers.
func against(s *learn.Standing, other []float64, made func(maker string) bool) (a registry.Against) {
	var own, their []float64
	elsewhere, ordered := 0, 0
	for i, by := range s.Makers {
		if !made(by) {
			continue
		}
		if by == learn.Elsewhere {
			elsewhere++
		}
		if by != "" {
			ordered++
		}
		own, their = append(own, s.Model[i]), append(their, other[i])
	}
	a.Questions = len(own)
	if len(own) < 2 {
		return a
	}
	n := float64(len(own))
	a.NDCG, a.Elsewhere, a.Ordered = meanOf(their), float64(elsewhere)/n, float64(ordered)/n
	a.Ahead, a.Bound = eval.Ahead(own, their)
	return a
}

func meanOf(list []float64) (sum float64) {
	for _, x := range list {
		sum += x
	}
	return sum / float64(len(list))
}

// fit fits a ranker of a kind to the rows; what else there is to say, o says.
func (t *training) fit(ctx context.Context, cfg *config.Config, kind string, o learn.FitOptions) (*rank.Ranker, []learn.Fit, error) {
	const parts = 1000
	name := kind
	if o.Without != nil {
		name += " without"
	}
	bar := t.app.bar(name, parts, "parts")
	o.Kind, o.Rate, o.Seed, o.Permute = kind, negativesRate(&t.history), t.options.Seed, t.options.Permute
	o.Progress = func(done, all float64) { bar.set(int64(parts * done / all)) }
	ranker, fits, err := learn.FitRanker(ctx, t.samples, targets(cfg), o)
	if err == nil {
		bar.done()
	}
	return ranker, fits, err
}

// choosing are the questions that choose a ranker. Those about slates on screen only measure: they favour
// what is like the order that made them.
func (t *training) choosing() *learn.Questions {
	if t.history.Exposures {
		return nil
	}
	return t.questions
}

// checkAblations refuses what cannot be left out of rows of these names.
func (t *training) checkAblations(names rank.Names) error {
	served := t.history.State.RowNames() // a ranker goes by some of these
	for _, what := range t.options.ablate {
		out := named(names, what)
		left := func(name string) bool { return !slices.Contains(out, name) }
		hint := "freshet features list names features; the manifest of a model has all its fields"
		switch {
		case len(out) == 0:
			return &failure{code: exitUsage, err: fmt.Errorf("--ablate: rows have nothing that is named %s", shownID(what)), hint: hint}
		case !slices.ContainsFunc(served.Numbers, left) && !slices.ContainsFunc(served.Words, left):
			return &failure{code: exitUsage, err: fmt.Errorf("--ablate: without %s rows have nothing left to rank by", shownID(what)), hint: hint}
		}
	}
	return nil
}

// named are the numbers and lists of a row that are named so, begin so before a dot, or where what ends
// in a star, begin with what stands before it.
func named(names rank.Names, what string) (list []string) {
	begin, open := strings.CutSuffix(what, "*")
	for _, kind := range [][]string{names.Numbers, names.Words} {
		for _, name := range kind {
			if (name == what || strings.HasPrefix(name, what+".") || open && strings.HasPrefix(name, begin)) && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

func fieldNames(s *rank.Schema) (names []string) {
	for i := range s.Fields {
		names = append(names, s.Fields[i].Name)
	}
	return names
}

// printRanker says what a ranker is worth.
func (a *app) printRanker(m *registry.Manifest, fits []learn.Fit, unranked *registry.Ranking) error {
	first := &fits[0]
	if a.json {
		reply := trainReply{Model: m.Model, Version: m.Version, SHA256: m.SHA256, Rows: m.Rows, AUC: m.AUC, LogLoss: m.LogLoss, Baseline: m.Baseline, Held: m.Held, Positive: m.Positives,
			Negative: m.Negatives, Heads: fits, GAUC: first.GAUC, Calibration: first.Calibration}
		for _, without := range m.Training.Ablation {
			if reply.Ablation == nil {
				reply.Ablation = map[string]float64{}
			}
			reply.Ablation[without.Without] = without.AUC
		}
		return json.NewEncoder(a.stdout).Encode(reply)
	}
	for _, doubt := range first.Doubts {
		a.say("warning: %s", clean(doubt))
	}
	kept := fmt.Sprintf("version %d", m.Version)
	if m.Version == 0 {
		kept = "not kept"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %s · %s rows · %s, the best of epoch %d\n", m.Model, kept, grouped(int64(m.Rows)), first.Settings, first.Epochs)
	for i := range fits {
		f := &fits[i]
		fmt.Fprintf(&b, "  %s: AUC %.3f (%.3f within a slate) · log-loss %.4f (always the mean: %.4f) · calibration %.2f, off by %.4f · on %s newer rows with %s positives\n",
			f.Signal, f.AUC, f.GAUC, f.LogLoss, f.Baseline, f.Calibration, f.Error, grouped(int64(f.Held)), grouped(int64(f.Positives)))
	}
	if r := &m.Ranking; r.Questions > 0 {
		fmt.Fprintf(&b, "  in order: NDCG@%d %.4f of what %d visitors wanted next, of the whole catalogue · popularity %.4f%s%s\n", r.K, r.NDCG, r.Questions, r.Popular.NDCG, beside("recall", &r.Recall, &unranked.Recall),
			beside(fmt.Sprintf("%s@%d", r.Live.Model, r.Live.Version), &r.Live, &unranked.Live))
	}
	for _, w := range m.Training.Ablation {
		fmt.Fprintf(&b, "  without %s: AUC %.4f instead of %.4f · log-loss %.5f instead of %.5f\n", shownID(w.Without), w.AUC, m.AUC, w.LogLoss, m.LogLoss)
	}
	fmt.Fprintf(&b, "  negatives: %s\n", m.Negatives)
	if l := m.Training.Likeness; l != nil {
		fmt.Fprintf(&b, "  rows of slates: %s as they were served to the bit, %s otherwise", grouped(int64(l.Equal)), grouped(int64(l.Different)))
		if l.Anew > 0 {
			fmt.Fprintf(&b, "; %s under other definitions or routes", grouped(int64(l.Anew)))
		}
		if l.Gone > 0 {
			fmt.Fprintf(&b, "; %s of slates too long ago, read when they were on screen", grouped(int64(l.Gone)))
		}
		b.WriteByte('\n')
	}
	if why := m.Faulty(); why != "" && m.Version > 0 {
		fmt.Fprintf(&b, "  it is never live: %s\n", why)
	}
	return a.print(b.String())
}

// beside says what another order is worth, "" when it was asked nothing, and where not all that it was asked
// is of slates that no ranker put in order, by those too.
func beside(name string, a, unranked *registry.Against) string {
	if a.Questions == 0 {
		return ""
	}
	said := fmt.Sprintf(" · %s %.4f, ahead of it by %+.4f ± %.4f on %d that it did not show", shownID(name), a.NDCG, a.Ahead, a.Bound, a.Questions)
	switch n := unranked.Questions; {
	case n == a.Questions:
	case n < 2: // of one nothing can be said
		said += ", but rankers did"
	default:
		said += fmt.Sprintf(", %+.4f ± %.4f on the %d of them that no known ranker did", unranked.Ahead, unranked.Bound, n)
	}
	return said
}

// surveyed is what there is in a journal up to a position.
type surveyed struct {
	last               freshet.Position
	records, exposures int
	live               fold.Switch // the newest that made a ranker live
}

// survey looks over the records of a journal up to a position, 0 for the last.
func survey(ctx context.Context, disk fsys.FS, kinds freshet.EventKinds, until freshet.Position) (s surveyed, err error) {
	_, err = eachRecord(ctx, disk, func(rec *journal.Record) error {
		if until != 0 && rec.Position > until {
			return errEnough
		}
		s.last = rec.Position
		s.records++
		var one fold.Switch
		if rec.Topic == freshet.TopicModel && json.Unmarshal(rec.Payload, &one) == nil && one.Slot == fold.Ranker {
			s.live = one
		}
		if name, ok := strings.CutPrefix(rec.Topic, freshet.Topic("")); ok && kinds.Of(name).Signal == freshet.SignalImpression {
			s.exposures++
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return s, err
}
