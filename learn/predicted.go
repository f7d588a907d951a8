package learn

import (
	"cmp"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/rank"
)

// predicted are rows with what a model says of them.
type predicted struct {
	odds   []float64
	labels []bool
	stands []float32
	groups []int
}

// predict predicts rows [from, to), or of more than mostMeasured the newest.
func (f *fitting) predict(predict func(*rank.Batch, []float32), from, to int) (*predicted, error) {
	p := &predicted{}
	var batch rank.Batch
	room := make([]float32, blockRows)
	flush := func() {
		n := len(p.labels) - len(p.odds)
		predict(&batch, room[:n])
		for _, o := range room[:n] {
			p.odds = append(p.odds, float64(o))
		}
		batch.Reset()
	}
	numbers := map[uint32]int{} // of groups: rows of several visitors alternate
	err := f.samples.Each(max(from, to-mostMeasured), to, func(i int, s *Sample) error {
		f.schema.Encode(&batch, &s.Row)
		group, ok := numbers[s.Group]
		if !ok {
			group = len(numbers)
			numbers[s.Group] = group
		}
		p.labels, p.stands, p.groups = append(p.labels, f.label(i, s)), append(p.stands, s.Stands), append(p.groups, group)
		if len(p.labels)-len(p.odds) == blockRows {
			flush()
		}
		return nil
	})
	flush()
	return p, err
}

// loss is the mean log-loss of calibrated odds; of the candidates that rows stand for, or of the rows.
func (p *predicted) loss(c rank.Calibration, stands bool) float64 {
	sum, all := 0.0, 0.0
	for i, x := range p.odds {
		w := 1.0
		if stands {
			w = float64(p.stands[i])
		}
		loss := lossOf(c, x, p.labels[i])
		sum, all = sum+w*loss, all+w
	}
	return sum / all
}

// lossOf is the log-loss of one row.
func lossOf(c rank.Calibration, odds float64, label bool) float64 {
	x := c.Of(odds)
	loss := max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	if label {
		loss -= x
	}
	return loss
}

// report fills in what is measured. share is that of positives among the rows trained on.
func (p *predicted) report(out *Fit, c rank.Calibration, share float64) {
	for _, label := range p.labels {
		if label {
			out.Positives++
		}
	}
	out.AUC, _ = eval.AUC(p.odds, p.labels)
	if g, ok := eval.GAUC(p.odds, p.labels, p.groups); ok {
		out.GAUC = g.Value
	}
	out.LogLoss = p.loss(c, true)
	base := predicted{make([]float64, len(p.odds)), p.labels, p.stands, nil}
	for i := range base.odds {
		base.odds[i] = math.Log(share / (1 - share))
	}
	out.Baseline = base.loss(same, true)
	out.Calibration, out.Error = p.calibration(c)
}

// calibrationBins is how many parts of about equal weight the calibration error goes by.
const calibrationBins = 10

// calibration is the mean probability over the share of positives, and the expected calibration error:
// the mean distance between probability and share over parts of equal weight, by probability (Naeini
// et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015, with bins of
// equal mass).
func (p *predicted) calibration(c rank.Calibration) (ratio, deviation float64) {
	order := make([]int, len(p.odds))
	all := 0.0
	for i := range order {
		order[i] = i
		all += float64(p.stands[i])
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(p.odds[a], p.odds[b]), cmp.Compare(a, b)) })
	said, came, seen := 0.0, 0.0, 0.0
	binSaid, binCame, bin := 0.0, 0.0, 1
	for k, i := range order {
		w := float64(p.stands[i])
		seen += w
		q := w * rank.Sigmoid(c.Of(p.odds[i]))
		said, binSaid = said+q, binSaid+q
		if p.labels[i] {
			came, binCame = came+w, binCame+w
		}
		if k == len(order)-1 || seen >= all*float64(bin)/calibrationBins {
			deviation += math.Abs(binSaid-binCame) / all
			binSaid, binCame, bin = 0, 0, bin+1
		}
	}
	return said / came, deviation
}
