package rank

import (
	"fmt"
	"math"
	"slices"
)

// Ranker puts candidates into an order by one model or several, each of which predicts a signal.
//
// With one head that has no Value, that is the order of its calibrated log-odds. Otherwise a
// candidate is worth the sum, over the heads, of Weight · p · value: p the calibrated probability of
// the signal, and value the number of the row that Value names, 1 when it names none. What is worth
// most comes first. It is immutable, and safe for concurrent use.
type Ranker struct {
	Heads []Head
}

// Head is the part of a ranker that predicts one signal.
type Head struct {
	Signal      string  // such as click
	Weight      float64 // > 0
	Value       string  // a number of the row; one that is missing, not finite or below 0 counts as 0
	Model       Model   // those of all heads have the same schema
	Calibration Calibration
}

// Bounds of a ranker.
const (
	MaxHeads  = 16
	MaxSignal = 128 // bytes of a signal's name
	MaxWorth  = 1e6 // of Head.Weight
)

// Single is a ranker of one model, for one signal.
func Single(signal string, m Model) *Ranker {
	return &Ranker{Heads: []Head{{Signal: signal, Weight: 1, Model: m}}}
}

// Schema says how rows are encoded for all heads.
func (r *Ranker) Schema() *Schema { return r.Heads[0].Model.Schema() }

// Kind is the kind of the first head's model.
func (r *Ranker) Kind() string { return KindOf(r.Heads[0].Model) }

// Check says what is wrong with a ranker that was put together.
func (r *Ranker) Check() error {
	if len(r.Heads) == 0 || len(r.Heads) > MaxHeads {
		return fmt.Errorf("%w: %d heads; 1 to %d are accepted", ErrRange, len(r.Heads), MaxHeads)
	}
	for i := range r.Heads {
		h := &r.Heads[i]
		fault := h.check(r.Schema())
		if fault == nil && slices.ContainsFunc(r.Heads[:i], func(o Head) bool { return o.Signal == h.Signal }) {
			fault = fmt.Errorf("%w: a head before it has the same signal", ErrRange)
		}
		if fault != nil {
			return fmt.Errorf("head %d, %q: %w", i, h.Signal, fault)
		}
	}
	return nil
}

func (h *Head) check(s *Schema) error {
	switch {
	case h.Signal == "" || len(h.Signal) > MaxSignal:
		return fmt.Errorf("%w: the name of its signal has %d bytes; 1 to %d are accepted", ErrRange, len(h.Signal), MaxSignal)
	case !(h.Weight > 0 && h.Weight <= MaxWorth):
		return fmt.Errorf("%w: its weight is %v; above 0 and at most %g are accepted", kindOf(h.Weight), h.Weight, float64(MaxWorth))
	case h.Value != "" && !slices.Contains(s.Names().Numbers, h.Value):
		return fmt.Errorf("%w: its value is %q, which is no number of a row", ErrRange, h.Value)
	case h.Model.Schema() != s:
		return fmt.Errorf("%w: its model has another schema", ErrRange)
	}
	if err := h.Calibration.check(); err != nil {
		return err
	}
	return checkModel(h.Model)
}

// ByOdds reports that scores are log-odds.
func (r *Ranker) ByOdds() bool { return len(r.Heads) == 1 && r.Heads[0].Value == "" }

// Score writes to scores what the rows of a batch are worth, the greatest the best: see Ranker. rows
// has those that were encoded, the first of them at place from, and may be nil when ByOdds. odds is
// room for as many. A score is finite, and depends on its row alone; where a model makes no number of a
// row, the row counts as what it takes for least likely, and none, by row and head, says how often.
func (r *Ranker) Score(b *Batch, rows *Rows, from int, odds []float32, scores []float64) (none int) {
	if r.ByOdds() {
		r.Heads[0].Model.Predict(b, odds)
		for i := range scores {
			x, no := r.Heads[0].calibrated(odds[i])
			scores[i], none = x, none+no
		}
		return none
	}
	clear(scores)
	for i := range r.Heads {
		h := &r.Heads[i]
		h.Model.Predict(b, odds)
		at := h.value(r.Schema())
		for j := range scores {
			worth := h.Weight
			if at >= 0 {
				worth = float64(worth * valueOf(rows.number(from+j, at)))
			}
			x, no := h.calibrated(odds[j])
			scores[j], none = scores[j]+float64(worth*Sigmoid(x)), none+no
		}
	}
	return none
}

// calibrated are the log-odds that those of the model stand for; the least, and a 1, for those that are no
// number or infinite.
func (h *Head) calibrated(odds float32) (x float64, none int) {
	if odds-odds != 0 {
		return -MaxOdds, 1
	}
	return h.Calibration.Of(float64(odds)), 0
}

// value is the place of the number that the head's probability is multiplied with, -1 for none.
func (h *Head) value(s *Schema) int {
	if h.Value == "" {
		return -1
	}
	return slices.Index(s.Names().Numbers, h.Value)
}

// valueOf is a number of a row as a value. It is bounded, so that no score overflows.
func valueOf(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return 0
	}
	return min(x, maxValue)
}

const maxValue = 1e12

// Shown is a score as people are told it: the probability when scores are log-odds.
func (r *Ranker) Shown(score float64) float64 {
	if r.ByOdds() {
		return Sigmoid(score)
	}
	return score
}

// Explain writes what each field adds to the scores of some rows of a batch, as Model.Explain does of
// one model: the parts of a row sum to its score less that of the mean, whose values are the row's
// own. kept are the rows of the batch, nil when ByOdds.
func (r *Ranker) Explain(b *Batch, kept *Rows, rows []int, parts []float32) {
	fields := len(r.Schema().Fields)
	odds := make([]float32, b.Rows(fields))
	own := parts
	if len(r.Heads) > 1 {
		own = make([]float32, len(parts))
		clear(parts)
	}
	for i := range r.Heads {
		h := &r.Heads[i]
		h.Model.Explain(b, rows, own)
		h.Model.Predict(b, odds)
		at := h.value(r.Schema())
		for j, row := range rows {
			all := own[j*fields : (j+1)*fields]
			x := float64(odds[row])
			mean := x
			for _, part := range all {
				mean -= float64(part)
			}
			slope := h.slope(mean, x, r.ByOdds())
			if at >= 0 {
				slope *= valueOf(kept.number(row, at))
			}
			for f, part := range all {
				if len(r.Heads) > 1 {
					parts[j*fields+f] += float32(slope * float64(part))
				} else {
					all[f] = float32(slope * float64(part))
				}
			}
		}
	}
}

// slope is by how much the head's part of the score changes from log-odds of the model to others, by
// unit of them.
func (h *Head) slope(from, to float64, byOdds bool) float64 {
	if math.Abs(to-from) < leastStep || math.IsNaN(to-from) || math.IsInf(to-from, 0) {
		from, to = from-leastStep, from+leastStep
	}
	score := func(x float64) float64 {
		if x = h.Calibration.Of(x); byOdds {
			return x
		}
		return float64(h.Weight * Sigmoid(x))
	}
	slope := (score(to) - score(from)) / (to - from)
	if math.IsNaN(slope) || math.IsInf(slope, 0) {
		return 0
	}
	return slope
}

// leastStep is the least difference of log-odds that a slope is told from.
const leastStep = 1e-6
