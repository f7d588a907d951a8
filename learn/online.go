package learn

import (
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// Online is a logistic regression that learns row by row from nothing. Its first rows are
// kept, to place the knots by; from then on every row moves the weights once (FTRL-Proximal
// is made for that). It is for evaluation: one goroutine at a time.
type Online struct {
	knots   int
	rng     *rand.Rand
	first   *Rows // nil once the knots are placed
	trainer *trainer
	stale   int // rows learned since the weights were published
}

// The rows kept to place the knots by, and how many rows share one publication of weights.
const (
	onlineFirst   = 2_000
	onlinePublish = 50
)

// NewOnline returns a learner of rows with the given fields.
func NewOnline(names rank.Names, o Options) *Online {
	o = o.withDefaults()
	return &Online{knots: o.Knots, rng: rand.New(rand.NewPCG(o.Seed, 0)), first: NewRows(names)}
}

// Model is what was learned so far, nil before the knots are placed. It changes with Learn.
func (o *Online) Model() *rank.LR {
	if o.trainer == nil {
		return nil
	}
	return o.trainer.model
}

// Learn takes in one row. The row must have what is named.
func (o *Online) Learn(row *rank.Row, label bool) error {
	if o.trainer != nil {
		o.trainer.learn(row, label)
		if o.stale++; o.stale >= onlinePublish {
			o.trainer.publish()
			o.stale = 0
		}
		return nil
	}
	if err := o.first.Add(row, label); err != nil {
		return err
	}
	if o.first.Len() == onlineFirst {
		schema, err := fitSchema(o.first, o.first.Len(), o.knots, o.rng)
		if err != nil {
			return err
		}
		o.trainer = newTrainer(schema)
		var kept rank.Row
		for i := range o.first.Len() {
			o.first.read(i, &kept)
			o.trainer.learn(&kept, o.first.labels[i])
		}
		o.trainer.publish()
		o.first = nil
	}
	return nil
}
