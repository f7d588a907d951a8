package learn

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/rank"
)

// Way is one way to fit a ranker.
type Way struct {
	muted []string // lists of words that have no vocabulary, so that nothing is learned of single words
	own   float64  // the model's say in its log-odds; the rest is said by recall's score alone
}

// String says what differs from the usual way, "" for nothing.
func (w Way) String() string {
	var say []string
	if len(w.muted) > 0 {
		say = append(say, "nothing is learned from "+strings.Join(w.muted, ", "))
	}
	if w.own < 1 {
		say = append(say, fmt.Sprintf("%.0f %% of the log-odds are those of recall's score", 100*(1-w.own)))
	}
	return strings.Join(say, "; ")
}

// usualWay is the way with all words and unmixed.
var usualWay = Way{own: 1}

// itemID is the list of words that says which item it is.
const itemID = "item.id"

// ways are those that a ranker is fitted to so many rows in, the usual one first: with all words, and
// where there are not too many rows without what is known of single items, which may be over by the time
// it is served, and without any. Each is also mixed with what recall's score alone says, at shares from
// nothing to all: the last is the order of recall, so what is chosen is at least as good by the questions
// that choose.
func ways(names rank.Names, rows int) (list []Way) {
	mutes := [][]string{nil}
	if rows <= choiceMost && slices.Contains(names.Words, itemID) && len(names.Words) > 1 {
		mutes = append(mutes, []string{itemID})
	}
	if rows <= choiceMost && len(names.Words) > 0 {
		mutes = append(mutes, names.Words)
	}
	for _, muted := range mutes {
		for _, own := range []float64{1, 0.7, 0.4} {
			list = append(list, Way{muted, own})
		}
	}
	return append(list, Way{mutes[len(mutes)-1], 0})
}

// mute takes the vocabularies away.
func (w Way) mute(f *Fitted) {
	for i := range f.Fields {
		if slices.Contains(w.muted, f.Fields[i].Name) {
			f.Fields[i].Tokens, f.Counts[i] = nil, nil
		}
	}
}

// blend mixes a model with what recall's score alone says: of the model's log-odds it leaves the part
// own, and adds the rest of the others'. What is left of a factorization machine is in its vectors, each
// of which stands in a product of two, and what is left of a network in its last layer.
func (f *fitting) blend(model rank.Model) (rank.Model, error) {
	if f.way.own == 1 {
		return model, nil
	}
	score, err := f.byScore()
	if err != nil || score == nil {
		return model, err
	}
	own := float32(f.way.own)
	switch m := model.(type) {
	case *rank.LR:
		mixed := mixedLR(m, score, own)
		return &mixed, nil
	case *rank.FM:
		mixed := mixedFM(m, score, own)
		return &mixed, nil
	case *rank.DeepFM:
		mixed := &rank.DeepFM{FM: mixedFM(&m.FM, score, own), Layers: slices.Clone(m.Layers)}
		first, last := &mixed.Layers[0], &mixed.Layers[len(m.Layers)-1]
		if own > 0 { // the network reads the vectors, which are shorter now
			*first = scaled(first, 1/root(own), 1)
		}
		*last = scaled(last, own, own)
		return mixed, nil
	}
	panic(fmt.Sprintf("BUG: a model of the type %T is to be mixed", model))
}

func mixedLR(m, score *rank.LR, own float32) rank.LR {
	mixed := rank.LR{Fields: m.Fields, Bias: own*m.Bias + (1-own)*score.Bias, Weights: make([]float32, len(m.Weights))}
	for i, w := range m.Weights {
		mixed.Weights[i] = own*w + (1-own)*score.Weights[i]
	}
	return mixed
}

func mixedFM(m *rank.FM, score *rank.LR, own float32) rank.FM {
	mixed := rank.FM{LR: mixedLR(&m.LR, score, own), Dim: m.Dim, Vectors: make([]float32, len(m.Vectors))}
	for i, v := range m.Vectors {
		mixed.Vectors[i] = root(own) * v
	}
	return mixed
}

// scaled is a layer with its weights and its bias times so much.
func scaled(l *rank.Layer, weights, bias float32) rank.Layer {
	out := rank.Layer{In: l.In, Out: l.Out, Weights: make([]float32, len(l.Weights)), Bias: make([]float32, len(l.Bias))}
	for i, w := range l.Weights {
		out.Weights[i] = weights * w
	}
	for i, b := range l.Bias {
		out.Bias[i] = bias * b
	}
	withinBounds(out.Weights, out.Bias)
	return out
}

// recallScore is the number of a row that recall orders by.
const recallScore = "recall.score"

// byScore is a model of recall's score alone: a line in the logarithm of the score, fitted to the rows
// trained on. It rises from knot to knot, and what lies beyond the last has equal odds, so it keeps the
// order of recall. It is nil when rows have no such score, or all the same.
func (f *fitting) byScore() (*rank.LR, error) {
	at := slices.Index(f.samples.Names.Numbers, recallScore)
	if at < 0 || f.schema.Fields[at].Kind != rank.Spread || len(f.schema.Fields[at].Knots) < 2 {
		return nil, nil
	}
	knots := f.schema.Fields[at].Knots
	least := leastOf(knots)
	var x []float64
	var labels []bool
	var weights []float32
	err := f.samples.Each(max(0, f.split[0]-mostMeasured), f.split[0], func(i int, s *Sample) error {
		x, labels, weights = append(x, math.Log(max(least, s.Row.Numbers[at]))), append(labels, f.label(i, s)), append(weights, 1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	line := fitPlatt(x, labels, weights)
	m := &rank.LR{Fields: f.schema, Bias: float32(line.Shift), Weights: make([]float32, f.schema.Weights())}
	own := m.Weights[f.schema.Start(at):f.schema.Start(at+1)]
	own[0] = float32(line.Slope * math.Log(least)) // of no value
	for k, knot := range knots {
		own[1+k] = float32(line.Slope * math.Log(max(least, knot)))
	}
	withinBounds(m.Weights)
	return m, nil
}

// leastOf is below the knots that are above 0, and above 0: a score has a logarithm from there on.
func leastOf(knots []float64) float64 {
	for _, knot := range knots {
		if knot > 0 {
			return knot / 2
		}
	}
	return 1
}

// models are those that ways have in common, by what they are of.
type models map[string]learnedModel

type learnedModel struct {
	model  rank.Model
	epochs int
	trial  Trial
}

// modelOf is what a model of the fit's signal is of, with lists of words that are muted.
func (f *fitting) modelOf(muted []string) string { return fmt.Sprint(f.signal, muted) }

// once learns a model unless it was learned before.
func (f *fitting) once(of string, learn func() (learnedModel, error)) (learnedModel, error) {
	if have, ok := f.known[of]; ok {
		return have, nil
	}
	learned, err := learn()
	if err == nil && f.known != nil {
		f.known[of] = learned
	}
	return learned, err
}

// choiceMost is the most rows of which a model is learned for each choice of words, and of settings; of
// more there are enough to tell by themselves what words are worth.
const choiceMost = 2_000_000

// choose fits in all ways and takes the best.
func choose(ctx context.Context, samples *Samples, targets []Target, o FitOptions) (best *rank.Ranker, fits []Fit, err error) {
	all := ways(samples.Names, samples.Len())
	most, taken := -1.0, 0
	var first float64 // what the usual way is worth
	known := models{}
	for i, way := range all {
		ways := o
		if o.Progress != nil {
			ways.Progress = func(done, heads float64) { o.Progress(float64(i)*heads+done, heads*float64(len(all))) }
		}
		ranker, of, err := fitRanker(ctx, samples, targets, ways, way, known)
		if err != nil {
			return nil, nil, err
		}
		standing, err := o.Questions.Stand(ctx, ranker, Choosing)
		if err != nil {
			return nil, nil, err
		}
		worth := mean(standing.Model)
		if i == 0 {
			first = worth
		}
		if worth > most {
			best, fits, most, taken = ranker, of, worth, i
		}
		if len(standing.Model) < leastAsked {
			break // too few to tell
		}
	}
	if o.Chose != nil {
		o.Chose(all[taken])
	}
	if say := all[taken].String(); say != "" {
		fits[0].Doubts = append(fits[0].Doubts, fmt.Sprintf("%s: what visitors wanted then stands higher, at an NDCG@%d of %.4f instead of %.4f", say, QuestionK, most, first))
	}
	return best, fits, nil
}

// leastAsked is how many questions can choose.
const leastAsked = 100
