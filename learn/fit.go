package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// Target is a signal that a ranker predicts, and what it is worth: see rank.Head.
type Target struct {
	Signal string
	Weight float64 // above 0
	Value  string
}

// FitOptions say how a ranker is fitted to samples. The zero value of a field is its default.
type FitOptions struct {
	Kind     string  // one of Learners; "" is the first
	Rate     float64 // the share of negatives that was kept where all positives were; 0 is 1
	Epochs   int     // over the training rows, at most; 0 is 10
	Patience int     // epochs without a better one before it is over; 0 is 2
	Fields   FieldOptions
	Without  []string // numbers and lists of words that are left out: what are they worth?
	Seed     uint64
	Permute  bool // permute the labels over all rows: a check that must find nothing
	// Questions, unless nil, choose a way: see FitRanker. Chose, unless nil, is told which.
	Questions *Questions
	Chose     func(Way)
	// Way, unless nil, is taken without a choice. What something is worth is the difference to a ranker
	// Without it only if both are fitted in the same way.
	Way      *Way
	Progress func(done, total float64)
}

func (o FitOptions) withDefaults() FitOptions {
	o.Kind, o.Rate, o.Epochs, o.Patience = cmp.Or(o.Kind, Learners[0]), cmp.Or(o.Rate, 1), cmp.Or(o.Epochs, 10), cmp.Or(o.Patience, 2)
	o.Fields.Seed = o.Seed
	return o
}

// Learners are the kinds of models that can be fitted.
var Learners = []string{"lr", "fm", "deepfm"}

// trialsOf are the trials of a kind, one at least.
func trialsOf(kind string) ([]Trial, error) {
	trials := Trials(kind)
	if len(trials) == 0 {
		return nil, fmt.Errorf("there is no model of the kind %q", kind)
	}
	return trials, nil
}

// Fit says what a fit did. All measures are of rows newer than all that anything was fitted to, with
// the rank known at which each was shown, and heed for how many rows of the candidates a sampled one
// stands.
type Fit struct {
	Signal      string   `json:"signal"`
	Kind        string   `json:"kind"`
	Rows        int      `json:"rows"`      // trained on
	Tuned       int      `json:"tuned"`     // rows newer than those, which say when to stop and how to calibrate
	Held        int      `json:"held"`      // rows newer than those, which measure
	Positives   int      `json:"positives"` // of Held
	Epochs      int      `json:"epochs"`    // until the best
	Settings    string   `json:"settings"`  // of the learner: see Trials
	Fields      int      `json:"fields"`
	Weights     int      `json:"weights"`
	AUC         float64  `json:"auc"`
	GAUC        float64  `json:"gauc"` // mean over groups of rows that answer one question; 0 when there is none with both labels
	LogLoss     float64  `json:"logloss"`
	Baseline    float64  `json:"baseline_logloss"`         // of always saying the share of positives among the rows trained on
	Calibration float64  `json:"calibration"`              // mean probability over the share of positives: 1 is right
	Error       float64  `json:"calibration_error"`        // expected, over tenths of the rows by probability
	Raw         float64  `json:"raw_error"`                // likewise, with the correction for sampling and nothing else
	Steps       int      `json:"isotonic_steps,omitempty"` // of the calibration, 0 where it is a line
	Doubts      []string `json:"doubts,omitempty"`
}

// Shares of the rows, by time: what is trained on, then what says when to stop, then what measures. Of
// few rows a greater share measures, so that a verdict has something to go by.
const (
	tunedShare   = 0.1
	heldLeast    = 0.1
	heldMost     = 0.2
	heldEnough   = 10_000  // rows
	mostMeasured = 500_000 // rows of each of the last two: of more the newest
)

// splitOf are the ends of the shares of n rows.
func splitOf(n int) [3]int {
	held := min(heldMost, max(heldLeast, heldEnough/float64(n)))
	return [3]int{int((1 - tunedShare - held) * float64(n)), int((1 - held) * float64(n)), n}
}

// MinRows is how many rows a training needs.
const MinRows = 200

// ErrTooLittle says that there is not enough to learn from.
var ErrTooLittle = errors.New("too little to learn from")

// fitting is the fit of one head as it goes on.
type fitting struct {
	FitOptions
	way     Way
	known   models // nil keeps none
	samples *Samples
	signal  int    // by which rows are labelled: its place in Sample.Signals
	labels  []bool // by row, permuted; nil is as they are
	split   [3]int // ends of the shares
	rng     *rand.Rand
	schema  *rank.Schema
	counts  [][]uint32 // of words, as in Fitted
	begun   float64    // heads before
	heads   float64
	fit     Fit
}

// FitRanker fits a ranker to rows, with a head for each target; the targets are the signals that the
// rows are labelled with, in their order. Fields are fitted to the values and words that there are;
// weights epoch by epoch until rows that are newer are predicted no better; and then by the same rows
// a line or steps that make probabilities of the log-odds (see calibrate), after the correction that
// sampling asks for (see NegativeRate). Of equal samples and options equal rankers come. Errors wrap
// ErrTooLittle when there are too few rows or labels of one kind only, or are those of ctx and of the
// disk.
//
// With questions, and unless labels are permuted, fields are left out or a way is given, it is fitted in
// several ways, and the one is taken whose order puts what was wanted highest in their older half, by
// NDCG@QuestionK: see ways. The other half is for the caller to measure by.
func FitRanker(ctx context.Context, samples *Samples, targets []Target, o FitOptions) (*rank.Ranker, []Fit, error) {
	o = o.withDefaults()
	if o.Way != nil {
		return fitRanker(ctx, samples, targets, o, *o.Way, nil)
	}
	if len(o.Without) > 0 || o.Permute || o.Questions == nil {
		return fitRanker(ctx, samples, targets, o, usualWay, nil)
	}
	return choose(ctx, samples, targets, o)
}

// fitRanker fits in one way.
func fitRanker(ctx context.Context, samples *Samples, targets []Target, o FitOptions, way Way, known models) (*rank.Ranker, []Fit, error) {
	if len(o.Without) > 0 {
		samples = samples.without(o.Without)
	}
	n := samples.Len()
	if n < MinRows {
		return nil, nil, fmt.Errorf("%w: %d rows; at least %d are needed", ErrTooLittle, n, MinRows)
	}
	split := splitOf(n)
	fitted, err := FitFields(samples.Names, split[0], func(visit func(*rank.Row)) error {
		return samples.Each(0, split[0], func(_ int, s *Sample) error {
			visit(&s.Row)
			return nil
		})
	}, o.Fields)
	if err != nil {
		return nil, nil, err
	}
	way.mute(&fitted)
	schema, err := rank.NewSchema(fitted.Fields)
	if err != nil {
		return nil, nil, err
	}
	rest, err := withoutRank(schema)
	if err != nil {
		return nil, nil, err
	}
	ranker, fits := &rank.Ranker{}, []Fit{}
	for i, target := range targets {
		f := &fitting{FitOptions: o, way: way, known: known, samples: samples, signal: i, split: split, rng: rand.New(rand.NewPCG(o.Seed, uint64(i))), schema: schema, counts: fitted.Counts, begun: float64(i), heads: float64(len(targets)),
			fit: Fit{Signal: target.Signal, Kind: o.Kind, Rows: split[0], Fields: len(rest.Fields), Weights: rest.Weights()}}
		if i == 0 {
			f.fit.Doubts = fitted.Doubts
		}
		head, err := f.head(ctx, rest)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", target.Signal, err)
		}
		head.Signal, head.Weight, head.Value = target.Signal, target.Weight, target.Value
		ranker.Heads, fits = append(ranker.Heads, head), append(fits, f.fit)
	}
	return ranker, fits, ranker.Check()
}

// head fits one head.
func (f *fitting) head(ctx context.Context, rest *rank.Schema) (h rank.Head, err error) {
	share, err := f.look()
	if err != nil {
		return h, err
	}
	model, err := f.learn(ctx)
	if err != nil {
		return h, err
	}
	if model, err = f.blend(model); err != nil {
		return h, err
	}
	if h.Calibration, err = f.measure(model, share); err != nil {
		return h, err
	}
	h.Model = shownFirst(model, rest)
	return h, nil
}

// look counts labels, and permutes them if that is asked for. It returns the share of positives among
// the candidates that the rows trained on stand for.
func (f *fitting) look() (share float64, err error) {
	if f.Permute {
		f.labels = make([]bool, f.samples.Len())
		to := f.rng.Perm(len(f.labels))
		if err := f.samples.eachOutcome(func(i int, s *Sample) { f.labels[to[i]] = s.Signals>>f.signal&1 != 0 }); err != nil {
			return 0, err
		}
	}
	var positives [3]int
	all, some := 0.0, 0.0
	err = f.samples.eachOutcome(func(i int, s *Sample) {
		part := 0
		for i >= f.split[part] {
			part++
		}
		label := f.label(i, s)
		if label {
			positives[part]++
		}
		if part == 0 {
			all += float64(s.Stands)
			if label {
				some += float64(s.Stands)
			}
		}
	})
	if err != nil {
		return 0, err
	}
	from := 0
	for part, what := range []string{"to train on", "to tune by", "held back to measure"} {
		rows := f.split[part] - from
		from = f.split[part]
		if positives[part] == 0 || positives[part] == rows {
			return 0, fmt.Errorf("%w: all %d rows %s have the same label", ErrTooLittle, rows, what)
		}
	}
	return some / all, nil
}

func (f *fitting) label(i int, s *Sample) bool {
	if f.labels != nil {
		return f.labels[i]
	}
	return s.Signals>>f.signal&1 != 0
}

// learn learns epoch by epoch and returns the model of the best one. What is learned goes by the rows as
// they are, and not by how many they stand for: a few rows that count much would move the weights too
// far at a time.
//
// Of a factorization machine, where there are not too many rows, the settings are those of the trial
// that predicts the rows to tune by best, all words heeded: how far it may go at a step depends on how
// much a row has. Of the other kinds the defaults are as good as any here, and what chooses between
// their orders is what was wanted (see ways).
func (f *fitting) learn(ctx context.Context) (rank.Model, error) {
	trials, err := trialsOf(f.Kind)
	if err != nil {
		return nil, err
	}
	if usual, ok := f.known[f.modelOf(nil)]; ok {
		trials = []Trial{usual.trial}
	} else if f.Kind != "fm" || f.split[0] > choiceMost {
		trials = trials[:1]
	}
	learned, err := f.once(f.modelOf(f.way.muted), func() (learnedModel, error) { return f.lead(ctx, trials) })
	f.fit.Epochs, f.fit.Settings = learned.epochs, learned.trial.Settings
	return learned.model, err
}

// lead leads a learner of each trial through the epochs.
func (f *fitting) lead(ctx context.Context, trials []Trial) (learnedModel, error) {
	train := &samplesSource{fitting: f, to: f.split[0]}
	tune := &samplesSource{fitting: f, from: max(f.split[0], f.split[1]-mostMeasured), to: f.split[1]}
	epochs := 0
	best, trial, err := TrainBest(ctx, trials, f.schema, f.counts, train, tune, EpochOptions{Seed: f.Seed, Epochs: f.Epochs, Patience: f.Patience, Progress: func(int, Progress) {
		epochs++
		if f.Progress != nil {
			f.Progress(f.begun+float64(epochs)/float64(f.Epochs*len(trials)), f.heads)
		}
	}})
	return learnedModel{best.Model, best.Epochs, trial}, err
}

// measure calibrates the model by the rows to tune by, and measures it by those held back. share is
// that of positives among the rows trained on.
func (f *fitting) measure(model rank.Model, share float64) (c rank.Calibration, err error) {
	tuned, err := f.predict(model.Predict, f.split[0], f.split[1])
	if err != nil {
		return c, err
	}
	held, err := f.predict(model.Predict, f.split[1], f.split[2])
	if err != nil {
		return c, err
	}
	sampling := rank.Calibration{Slope: 1, Shift: math.Log(f.Rate)}
	for i := range tuned.odds {
		tuned.odds[i] += sampling.Shift
	}
	c = calibrate(tuned)
	if c.Shift += float64(c.Slope * sampling.Shift); c.Knots != nil {
		for i := range c.Knots {
			c.Knots[i] -= sampling.Shift
		}
		f.fit.Steps = len(c.Knots)
	}
	f.fit.Tuned, f.fit.Held = len(tuned.odds), len(held.odds)
	held.report(&f.fit, c, share)
	_, f.fit.Raw = held.calibration(sampling)
	return c, nil
}
