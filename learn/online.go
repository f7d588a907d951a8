package learn

import (
	"fmt"

	"github.com/freshet-rec/freshet/rank"
)

// Online is a model that learns row by row from nothing. Its first rows are kept, to fit the fields
// to; from then on every row moves the weights once. Rows that have recall's score are ordered by the
// model's log-odds mixed with those of the score alone, at the share that did best lately: see Look. It
// is for evaluation: one goroutine at a time.
type Online struct {
	names   rank.Names
	kind    string
	seed    uint64
	first   rank.Rows // until the fields are fitted
	labels  []float32 // of first
	schema  *rank.Schema
	learner Learner // nil until the fields are fitted
	batch   rank.Batch
	odds    []float32
	mixed   *mixing // nil where rows have no score of recall
}

// onlineFirst is how many rows are kept to fit the fields to.
const onlineFirst = 2_000

// NewOnline returns a learner of rows of what is named. kind is one of Learners.
func NewOnline(names rank.Names, kind string, seed uint64) *Online {
	return &Online{names: names, kind: kind, seed: seed, mixed: newMixing(names)}
}

// Score writes the log-odds of rows to scores, by what was learned so far. It reports false, and
// writes nothing, before the fields are fitted.
func (o *Online) Score(rows *rank.Rows, scores []float64) bool {
	if o.learner == nil {
		return false
	}
	o.batch.Reset()
	for i := range rows.Len() {
		row := rows.Row(i)
		o.schema.Encode(&o.batch, &row)
	}
	odds := o.room(rows.Len())
	o.learner.Predict(&o.batch, odds)
	for i, x := range odds {
		scores[i] = float64(x)
	}
	o.mixed.score(rows, scores)
	return true
}

// Look returns what notes how high each share of the mixture puts one of the rows last scored, the one
// that was chosen: to be called once, when that is known. Before anything was scored it is nil.
func (o *Online) Look(chosen int) (note func()) {
	if o.learner == nil {
		return nil
	}
	return o.mixed.look(chosen)
}

func (o *Online) room(n int) []float32 {
	if cap(o.odds) < n {
		o.odds = make([]float32, n)
	}
	return o.odds[:n]
}

// Learn takes in one row, which must have what is named.
func (o *Online) Learn(row *rank.Row, label bool) error {
	if len(row.Numbers) != len(o.names.Numbers) || len(row.Ends) != len(o.names.Words) {
		return fmt.Errorf("a row of %d numbers and %d lists of words, where %d and %d are named", len(row.Numbers), len(row.Ends), len(o.names.Numbers), len(o.names.Words))
	}
	y := float32(0)
	if label {
		y = 1
	}
	if o.learner != nil {
		o.learn(row, y)
		return nil
	}
	o.first.Append(row)
	if o.labels = append(o.labels, y); len(o.labels) < onlineFirst {
		return nil
	}
	if err := o.fit(); err != nil {
		return err
	}
	for i, y := range o.labels {
		row := o.first.Row(i)
		o.learn(&row, y)
	}
	o.first, o.labels = rank.Rows{}, nil
	return nil
}

func (o *Online) learn(row *rank.Row, label float32) {
	o.batch.Reset()
	o.schema.Encode(&o.batch, row)
	o.learner.Learn(&o.batch, []float32{label}, nil)
	o.mixed.learn(row, label)
}

// fit fits the fields to the first rows.
func (o *Online) fit() error {
	fitted, err := FitFields(o.names, o.first.Len(), func(visit func(*rank.Row)) error {
		for i := range o.first.Len() {
			row := o.first.Row(i)
			visit(&row)
		}
		return nil
	}, FieldOptions{Seed: o.seed})
	if err != nil {
		return err
	}
	if o.schema, err = rank.NewSchema(fitted.Fields); err != nil {
		return err
	}
	trials, err := trialsOf(o.kind)
	if err != nil {
		return err
	}
	o.learner = trials[0].New(o.schema, o.seed)
	o.mixed.fit(&o.first)
	return nil
}
