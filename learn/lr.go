package learn

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/rank"
)

// Options of a training. The zero value of a field is its default.
type Options struct {
	Seed       uint64
	Knots      int     // of a field, at most; default 16, from 2 to rank.MaxKnots
	Passes     int     // over the training rows; default 3
	Validation float64 // share of the rows, the newest, kept for validation; default 0.2
	Permute    bool    // permute the labels over all rows before the split: a check that must find nothing
}

func (o Options) withDefaults() Options {
	if o.Knots == 0 {
		o.Knots = 16
	}
	if o.Passes == 0 {
		o.Passes = 3
	}
	if o.Validation == 0 {
		o.Validation = 0.2
	}
	return o
}

// Report says what a training did. AUC and LogLoss are those of rows newer than all trained on,
// with the rank known at which each was shown.
type Report struct {
	Rows      int // trained on
	Held      int // validated on
	Positives int // of Held
	AUC       float64
	LogLoss   float64
	Baseline  float64 // log-loss of always saying the share of positives among the rows trained on
}

// MinRows is how many rows a training needs.
const MinRows = 200

// ErrTooLittle says that there is not enough to learn from.
var ErrTooLittle = errors.New("too little to learn from")

// TrainLR fits a logistic regression.
func TrainLR(rows *Rows, o Options) (*rank.Piecewise, Report, error) {
	o = o.withDefaults()
	if rows.Len() < MinRows {
		return nil, Report{}, fmt.Errorf("%w: %d rows; at least %d are needed", ErrTooLittle, rows.Len(), MinRows)
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	labels := rows.labels
	if o.Permute {
		labels = make([]bool, len(rows.labels))
		for i, j := range rng.Perm(len(labels)) {
			labels[i] = rows.labels[j]
		}
	}
	split := int(float64(rows.Len()) * (1 - o.Validation))
	positives := 0
	for _, label := range labels[:split] {
		if label {
			positives++
		}
	}
	if positives == 0 || positives == split {
		return nil, Report{}, fmt.Errorf("%w: all %d rows to train on have the same label", ErrTooLittle, split)
	}
	m := &rank.Piecewise{Schema: fitSchema(rows, split, o.Knots, rng)}
	fit(m, rows, labels, split, o.Passes, rng)

	held := rows.Len() - split
	scores := make([]float64, held)
	row := make([]float64, len(rows.names.Numbers))
	for i := range held {
		scores[i] = m.Score(widen(rows.numbers(split+i), row))
	}
	base := make([]float64, held)
	for i := range base {
		base[i] = float64(positives) / float64(split)
	}
	report := Report{Rows: split, Held: held}
	for _, label := range labels[split:] {
		if label {
			report.Positives++
		}
	}
	var some bool
	if report.AUC, some = eval.AUC(scores, labels[split:]); !some {
		return nil, report, fmt.Errorf("%w: all %d rows held for validation have the same label", ErrTooLittle, held)
	}
	asFirst(m)
	report.LogLoss, _ = eval.LogLoss(scores, labels[split:]) // ok whenever AUC is
	report.Baseline, _ = eval.LogLoss(base, labels[split:])
	return m, report, nil
}

// fit learns the weights from rows [0, split), in a new order each pass.
func fit(m *rank.Piecewise, rows *Rows, labels []bool, split, passes int, rng *rand.Rand) {
	t := newTrainer(m)
	row := make([]float64, len(rows.names.Numbers))
	for range passes {
		for _, i := range rng.Perm(split) {
			t.learn(widen(rows.numbers(i), row), labels[i])
		}
	}
	t.publish()
}

func widen(row []float32, out []float64) []float64 {
	for i, v := range row {
		out[i] = float64(v)
	}
	return out
}
