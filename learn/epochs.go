package learn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/rank"
)

// EpochOptions are how a learner is led through rows. The zero value of a field is its default.
type EpochOptions struct {
	Seed     uint64
	Epochs   int // over the training rows, at most; default 50
	Patience int // looks at the validation rows without a better one before it is over; default 3
	Batch    int // rows of a step; default as BatchRows says
	Progress func(epoch int, p Progress)
}

// Progress is what a look at the validation rows found.
type Progress struct {
	Loss       float64 // mean log-loss of the training rows since the last look, as they were learned
	AUC        float64 // of the validation rows
	LogLoss    float64 // likewise, with the calibration
	Raw        float64 // likewise, without
	Calibrated rank.Calibration
}

// Trained is a model as it was at its best.
type Trained struct {
	Model    rank.Model
	Progress        // of then
	Epochs   int    // that were learned until then
	Learned  uint64 // rows until it was over, each counted every time
}

// BatchRows is the rows of one step for so many rows of training: about 200 steps an epoch, from 32
// to 1024 rows, a power of two.
func BatchRows(rows int) int {
	batch := 32
	for batch < 1024 && batch*200 < rows {
		batch *= 2
	}
	return batch
}

// mostUnlooked is how many rows are learned without a look at the validation rows.
const mostUnlooked = 1 << 21

// leastGain is the part by which the log-loss must fall for patience to begin anew: a model that
// creeps on would creep for long.
const leastGain = 1e-3

// TrainEpochs leads a learner through the training rows again and again, each time in another order,
// until the validation rows are no longer predicted better, and returns the model that predicted them
// best, with Platt's calibration by the same rows: by the log-loss after it. An overconfident model
// may still order rows better and better, and a slope is all that takes it back. Memory does not grow
// with the rows of training: they are mixed mixedRows at a time, in the order of the source; those of
// validation take 16 bytes each.
//
// counts are those of Fitted, for words to be hidden; nil hides none. Errors are those of the sources
// and of ctx; ErrTooLittle when there is nothing to learn from or to look at; ErrDiverged.
func TrainEpochs(ctx context.Context, l Learner, schema *rank.Schema, counts [][]uint32, train, valid Source, o EpochOptions) (best Trained, err error) {
	e := &epochs{learner: l, schema: schema, train: train, valid: valid, rng: rand.New(rand.NewPCG(o.Seed, 1)), hiding: newHiding(schema, counts)}
	e.o = o
	e.o.Epochs, e.o.Patience = cmp.Or(o.Epochs, 50), cmp.Or(o.Patience, 3)
	since := 0
	for epoch := 1; epoch <= e.o.Epochs && since < e.o.Patience; epoch++ {
		if err := e.begin(); err != nil {
			return best, err
		}
		for more := true; more && since < e.o.Patience; {
			if more, err = e.learn(ctx); err != nil {
				return best, err
			}
			if more && e.rows < mostUnlooked {
				continue
			}
			p, err := e.look()
			if err != nil {
				return best, err
			}
			if o.Progress != nil {
				o.Progress(epoch, p)
			}
			since++
			if best.Model == nil || p.LogLoss < best.LogLoss*(1-leastGain) {
				since = 0
			}
			if best.Model == nil || p.LogLoss < best.LogLoss {
				best.Model, best.Progress, best.Epochs = l.Model(), p, epoch
			}
		}
	}
	best.Learned = e.learned
	return best, nil
}

// ErrDiverged says that what was learned is no number any more.
var ErrDiverged = errors.New("training diverged: the log-loss is not finite")

// epochs is a training as it goes on.
type epochs struct {
	o            EpochOptions
	learner      Learner
	schema       *rank.Schema
	train, valid Source
	rng          *rand.Rand
	hiding       *hiding
	row          rank.Row
	mixed, batch block
	all          bool    // mixed is all rows of training, and stays
	loss, weight float64 // since the last look
	rows         int     // likewise
	learned      uint64
}

func (e *epochs) begin() error {
	if e.all {
		return nil
	}
	return e.train.Reset()
}

// learn learns from the next rows of an epoch and reports whether there may be more.
func (e *epochs) learn(ctx context.Context) (more bool, err error) {
	if !e.all {
		if more, err = e.mixed.read(e.train, e.schema, &e.row); err != nil {
			return false, err
		}
		e.all = !more && e.learned == 0
	}
	fields := len(e.schema.Fields)
	size := cmp.Or(e.o.Batch, BatchRows(len(e.mixed.labels)))
	order := e.rng.Perm(len(e.mixed.labels))
	for from := 0; from < len(order); from += size {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		e.mixed.pick(&e.batch, fields, order[from:min(len(order), from+size)])
		e.hiding.hide(&e.batch.batch, e.rng)
		loss := e.learner.Learn(&e.batch.batch, e.batch.labels, e.batch.weights)
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return false, fmt.Errorf("%w after %d rows; a lower rate helps", ErrDiverged, e.learned)
		}
		e.loss += loss
		for _, w := range e.batch.weights {
			e.weight += float64(w)
		}
	}
	e.rows += len(order)
	e.learned += uint64(len(order))
	return more, nil
}

// look predicts the validation rows.
func (e *epochs) look() (p Progress, err error) {
	if e.learned == 0 {
		return p, fmt.Errorf("%w: there are no rows to train on", ErrTooLittle)
	}
	var odds []float64
	var labels []bool
	var weights []float32
	err = EachPredicted(e.valid, e.learner, e.schema, func(x, label, weight float32) {
		odds, labels, weights = append(odds, float64(x)), append(labels, label >= 0.5), append(weights, weight)
	})
	if err != nil {
		return p, err
	}
	p.Loss = e.loss / e.weight
	e.loss, e.weight, e.rows = 0, 0, 0
	var some bool
	if p.AUC, some = eval.AUC(odds, labels); !some {
		for _, x := range odds {
			if math.IsNaN(x) {
				return p, ErrDiverged
			}
		}
		return p, fmt.Errorf("%w: all %d rows to validate on have the same label", ErrTooLittle, len(labels))
	}
	p.Calibrated = fitPlatt(odds, labels, weights)
	p.Raw, p.LogLoss = meanLogLoss(odds, labels, weights, &same), meanLogLoss(odds, labels, weights, &p.Calibrated)
	return p, nil
}

// meanLogLoss is that of calibrated log-odds.
func meanLogLoss(odds []float64, labels []bool, weights []float32, c *rank.Calibration) float64 {
	sum, of := 0.0, 0.0
	for i, x := range odds {
		label := float32(0)
		if labels[i] {
			label = 1
		}
		_, loss := outcome(float32(c.Of(x)), label)
		sum += float64(weights[i]) * loss
		of += float64(weights[i])
	}
	return sum / of
}

// Predictor predicts rows: a Learner, or a rank.Model.
type Predictor interface {
	Predict(b *rank.Batch, odds []float32)
}

// predictedRows is how many rows are predicted at a time.
const predictedRows = 4096

// EachPredicted visits all rows of a source with the log-odds that are predicted of each.
func EachPredicted(s Source, of Predictor, schema *rank.Schema, visit func(odds, label, weight float32)) error {
	if err := s.Reset(); err != nil {
		return err
	}
	var b block
	var row rank.Row
	odds := make([]float32, predictedRows)
	for more := true; more; {
		var err error
		if more, err = b.readUpTo(predictedRows, s, schema, &row); err != nil {
			return err
		}
		of.Predict(&b.batch, odds[:len(b.labels)])
		for i, label := range b.labels {
			visit(odds[i], label, b.weights[i])
		}
	}
	return nil
}
