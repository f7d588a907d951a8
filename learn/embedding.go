package learn

import (
	"context"
	"fmt"
	"math"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/internal/simd"
	"github.com/freshet-rec/freshet/recall"
)

// RecallOptions are those of a training of a model that proposes.
type RecallOptions struct {
	Seed     uint64
	Workers  int                     // goroutines; 0 is 1. It changes no bit
	Progress func(done, all float64) // told of the work done, in a unit of its own; nil is nobody
}

// RecallReport says what a training of a model that proposes did.
type RecallReport struct {
	Method   string // with the parameters chosen
	Visitors int
	Items    int
	Pairs    int
	Judged   int   // visitors
	Found    Found // by a model trained on what was not held back
	Popular  Found // by proposing what most took
}

// The search for an embedding. Its work is counted in multiplications and not in seconds, so that
// equal journals make equal models on every machine.
const (
	ialsEpochs  = 16
	ialsWork    = 1e13 // of the search, some two minutes on two cores; the first trial is always made
	ialsDim     = 64   // the first tried
	usualTrials = 12   // of the first length, as far as can be foreseen
	wideDim     = 128  // tried last, and taken when it finds so much more:
	wideGain    = 1.01
)

// ialsStep is the factor by which a parameter is moved, as long as that helps.
const ialsStep = 3

// TrainEmbedding trains vectors of items by iALS. The weight of unobserved pairs, the regularisation
// and the length of vectors are searched for, one after the other, on what the visitors took last;
// the model returned is trained on everything. It needs 8·(visitors + items)·dim bytes beside what was
// taken. It returns an error that wraps ErrTooLittle, or that of ctx within a second of its end.
func TrainEmbedding(ctx context.Context, t *Taken, o RecallOptions) (*recall.Factors, RecallReport, error) {
	judge := NewJudge(t, recall.MostTaken, recall.EmbeddingHalfLife)
	report, err := reportOf(ctx, t, judge)
	if err != nil {
		return nil, report, err
	}
	s := &ialsSearch{judge: judge, options: o, most: ialsWork}
	s.all = min(s.most, usualTrials*s.work(judge.Train, ialsDim)) + s.work(t.matrix(whole), ialsDim)
	best, found, err := s.search(ctx)
	if err != nil {
		return nil, report, err
	}
	report.Found = found
	report.Method = fmt.Sprintf("iALS, dim %d, alpha0 %.4g, lambda %.4g, %d epochs", best.Dim, best.Alpha0, best.Lambda, best.Epochs)
	model, err := s.train(ctx, t.matrix(whole), best)
	if err != nil {
		return nil, report, err
	}
	return recall.NewFactors(model), report, nil
}

// reportOf says what there is to train on, and what popularity finds.
func reportOf(ctx context.Context, t *Taken, judge *Judge) (report RecallReport, err error) {
	report = RecallReport{Visitors: len(t.Visitors), Items: t.IDs.Len(), Pairs: t.Pairs(), Judged: judge.Judged()}
	if t.Pairs() < MinRows || judge.Judged() < leastJudged {
		return report, fmt.Errorf("%w: %d pairs of a visitor and an item, %d visitors with %d items or more; at least %d and %d are needed", ErrTooLittle, t.Pairs(), judge.Judged(), leastTaken, MinRows, leastJudged)
	}
	report.Popular, err = judge.Measure(ctx, newPopular(judge.Train))
	return report, err
}

// leastJudged is how many visitors a model must be judged by.
const leastJudged = 20

// ialsSearch looks for the parameters that find most.
type ialsSearch struct {
	judge   *Judge
	options RecallOptions
	most    float64 // work
	done    float64
	all     float64 // that is foreseen
}

// work is what a training takes, in multiplications.
func (s *ialsSearch) work(m *collab.Matrix, dim int) float64 {
	d := float64(dim)
	return ialsEpochs * (2*float64(len(m.Item))*d*d + float64(m.Users+m.Items)*d*d*d/3)
}

func (s *ialsSearch) train(ctx context.Context, m *collab.Matrix, o collab.IALSOptions) (*collab.IALS, error) {
	work, before := s.work(m, o.Dim), s.done
	o.Seed, o.Workers = s.options.Seed, s.options.Workers
	o.Progress = func(done, epochs int) {
		if s.options.Progress != nil {
			at := before + work*float64(done)/float64(epochs)
			s.options.Progress(at, max(at, s.all))
		}
	}
	s.done += work
	return collab.TrainIALS(ctx, m, o)
}

// trial is what one choice of parameters finds.
func (s *ialsSearch) trial(ctx context.Context, o collab.IALSOptions) (f Found, err error) {
	model, err := s.train(ctx, s.judge.Train, o)
	if err != nil {
		return f, err
	}
	return s.judge.Measure(ctx, folding{recall.NewFactors(model)})
}

// affords reports that the search may train another model of that length.
func (s *ialsSearch) affords(dim int) bool {
	return s.done == 0 || s.done+s.work(s.judge.Train, dim) <= s.most
}

// search moves one parameter after the other, up and then down, as long as that finds more.
func (s *ialsSearch) search(ctx context.Context) (best collab.IALSOptions, found Found, err error) {
	best = collab.IALSOptions{Dim: ialsDim, Epochs: ialsEpochs, Alpha0: 0.1, Lambda: 0.003}
	if found, err = s.trial(ctx, best); err != nil {
		return best, found, err
	}
	try := func(o collab.IALSOptions, gain float64) (better bool) {
		if err != nil || !s.affords(o.Dim) {
			return false
		}
		var f Found
		if f, err = s.trial(ctx, o); err != nil || f.sum() <= found.sum()*gain {
			return false
		}
		best, found = o, f
		return true
	}
	for _, move := range []func(o *collab.IALSOptions, by float64){
		func(o *collab.IALSOptions, by float64) { o.Lambda *= by },
		func(o *collab.IALSOptions, by float64) { o.Alpha0 *= by },
		func(o *collab.IALSOptions, by float64) { o.Lambda *= by },
	} {
		for _, by := range []float64{ialsStep, 1.0 / ialsStep} {
			moved := false
			for {
				o := best
				if move(&o, by); !try(o, 1) {
					break
				}
				moved = true
			}
			if moved {
				break // the other way is where it came from
			}
		}
	}
	wide := best
	wide.Dim = wideDim
	try(wide, wideGain)
	return best, found, err
}

// sum is what a search makes more of: few candidates and many count alike.
func (f Found) sum() float64 { return f.At20 + f.At200 }

// Users are the vectors of at most n visitors, evenly among all, one behind the other.
func (t *Taken) Users(model *recall.Factors, n int) (vectors []float32) {
	decay := math.Exp2(-1 / recall.EmbeddingHalfLife)
	user := make([]float32, model.Dim())
	n = min(n, len(t.Visitors))
	for i := range n {
		all, strength := t.Of(i * len(t.Visitors) / n)
		rows, weights := recent(all, strength, recall.MostTaken, decay)
		if err := model.FoldIn(user, rows, weights); err == nil {
			vectors = append(vectors, user...)
		}
	}
	return vectors
}

// folding proposes as a route of kind embedding does.
type folding struct{ model *recall.Factors }

// Score implements Proposer. What cannot be folded in scores nothing.
func (f folding) Score(scores []float32, rows []uint32, weights []float32) {
	user := make([]float32, f.model.Dim())
	if err := f.model.FoldIn(user, rows, weights); err != nil {
		clear(scores)
		return
	}
	for row := range scores {
		scores[row] = simd.Dot(user, f.model.Vector(uint32(row)))
	}
}
