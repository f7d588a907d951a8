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
func TrainLR(rows *Rows, o Options) (*rank.LR, Report, error) {
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
	schema, err := fitSchema(rows, split, o.Knots, rng)
	if err != nil {
		return nil, Report{}, err
	}
	m := fit(schema, rows, labels, split, o.Passes, rng)

	held := rows.Len() - split
	scores := make([]float64, held)
	odds := make([]float32, 1)
	var row rank.Row
	var b rank.Batch
	for i := range held {
		rows.read(split+i, &row)
		b.Reset()
		schema.Encode(&b, &row)
		m.Predict(&b, odds)
		scores[i] = rank.Sigmoid(float64(odds[0]))
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
	if m, err = asFirst(m); err != nil {
		return nil, report, err
	}
	report.LogLoss, _ = eval.LogLoss(scores, labels[split:]) // ok whenever AUC is
	report.Baseline, _ = eval.LogLoss(base, labels[split:])
	return m, report, nil
}

// fit learns the weights from rows [0, split), in a new order each pass.
func fit(s *rank.Schema, rows *Rows, labels []bool, split, passes int, rng *rand.Rand) *rank.LR {
	t := newTrainer(s)
	var row rank.Row
	for range passes {
		for _, i := range rng.Perm(split) {
			rows.read(i, &row)
			t.learn(&row, labels[i])
		}
	}
	t.publish()
	return t.model
}
