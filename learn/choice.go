package learn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/rank"
)

// choice is one way to fit a ranker.
type choice struct {
	muted []string // lists of words that have no vocabulary, so that nothing is learned of single words
	own   float64  // the model's say in its log-odds; the rest is said by a model of recall's score alone
}

// String says what differs from the usual way, "" for nothing.
func (c choice) String() string {
	var say []string
	if len(c.muted) > 0 {
		say = append(say, "nothing is learned from "+strings.Join(c.muted, ", "))
	}
	if c.own < 1 {
		say = append(say, fmt.Sprintf("%.0f %% of the log-odds are those of recall's score", 100*(1-c.own)))
	}
	return strings.Join(say, "; ")
}

// itemID is the list of words that says which item it is.
const itemID = "item.id"

// ways are those that a ranker of a kind is fitted in, the usual one first: with all words, without
// what is known of single items, which may be over by the time it is served, and without any. A logistic
// regression is also mixed with one of recall's score alone, at shares from nothing to all: the last is
// recall's order, as far as the knots of the score tell it.
func ways(kind string, names rank.Names) (list []choice) {
	mutes := [][]string{nil}
	if slices.Contains(names.Words, itemID) && len(names.Words) > 1 {
		mutes = append(mutes, []string{itemID})
	}
	if len(names.Words) > 0 {
		mutes = append(mutes, names.Words)
	}
	owns := []float64{1}
	if kind == "lr" {
		owns = []float64{1, 0.7, 0.4}
	}
	for _, muted := range mutes {
		for _, own := range owns {
			list = append(list, choice{muted, own})
		}
	}
	if kind == "lr" {
		list = append(list, choice{mutes[len(mutes)-1], 0})
	}
	return list
}

// mute takes the vocabularies away.
func (c choice) mute(f *Fitted) {
	for i := range f.Fields {
		if slices.Contains(c.muted, f.Fields[i].Name) {
			f.Fields[i].Tokens, f.Counts[i] = nil, nil
		}
	}
}

// blend mixes a model with one of recall's score.
func (f *fitting) blend(ctx context.Context, model rank.Model) (rank.Model, error) {
	lr, ok := model.(*rank.LR)
	at := slices.IndexFunc(f.schema.Fields, func(field rank.Field) bool { return field.Name == recallScore })
	if !ok || f.way.own == 1 || at < 0 {
		return model, nil
	}
	epochs := f.fit.Epochs
	alone := &scoreAlone{lr: NewLR(f.schema, LROptions{L1: -1}), schema: f.schema, from: f.schema.Start(at), to: f.schema.Start(at + 1)}
	of, err := f.once(fmt.Sprint(f.signal, recallScore), func() (rank.Model, error) { return f.lead(ctx, alone) })
	if err != nil {
		return nil, err
	}
	f.fit.Epochs = epochs
	// Numbers come before words, so that the weights of the score have the same places in all ways.
	score, own := of.(*rank.LR), float32(f.way.own)
	mixed := &rank.LR{Fields: lr.Fields, Bias: own*lr.Bias + (1-own)*score.Bias, Weights: make([]float32, len(lr.Weights))}
	for i := range mixed.Weights {
		mixed.Weights[i] = own * lr.Weights[i]
		if i >= alone.from && i < alone.to {
			mixed.Weights[i] += (1 - own) * score.Weights[i]
		}
	}
	return mixed, nil
}

// recallScore is the number of a row that recall orders by.
const recallScore = "recall.score"

// scoreAlone learns an LR of which only the weights [from, to) may differ from 0.
type scoreAlone struct {
	lr       *LR
	schema   *rank.Schema
	from, to int
	batch    rank.Batch
}

// Learn implements Learner.
func (s *scoreAlone) Learn(b *rank.Batch, labels, weights []float32) float64 {
	return s.lr.Learn(s.only(b), labels, weights)
}

// Predict implements Learner.
func (s *scoreAlone) Predict(b *rank.Batch, odds []float32) { s.lr.Predict(s.only(b), odds) }

// Model implements Learner.
func (s *scoreAlone) Model() rank.Model { return s.lr.Model() }

// only is the batch with the entries that count.
func (s *scoreAlone) only(b *rank.Batch) *rank.Batch {
	fields := len(s.schema.Fields)
	s.batch.Reset()
	for row := range b.Rows(fields) {
		for field := range fields {
			index, value := b.Entries(fields, row, field)
			for i, at := range index {
				if int(at) >= s.from && int(at) < s.to {
					s.batch.Index, s.batch.Value = append(s.batch.Index, at), append(s.batch.Value, value[i])
				}
			}
			s.batch.Ends = append(s.batch.Ends, uint32(len(s.batch.Index)))
		}
	}
	return &s.batch
}

// models are those that ways have in common, by what they are of.
type models map[string]learnedModel

type learnedModel struct {
	model  rank.Model
	epochs int
}

// once learns a model unless it was learned before.
func (f *fitting) once(of string, learn func() (rank.Model, error)) (rank.Model, error) {
	if have, ok := f.known[of]; ok {
		f.fit.Epochs = have.epochs
		return have.model, nil
	}
	model, err := learn()
	if err == nil && f.known != nil {
		f.known[of] = learnedModel{model, f.fit.Epochs}
	}
	return model, err
}

// choiceMost is the most rows of which a model is learned for each choice of words; of more there are
// enough to tell by themselves what words are worth.
const choiceMost = 2_000_000

// choose fits in all ways and takes the best.
func choose(ctx context.Context, samples *Samples, targets []Target, o FitOptions) (best *rank.Ranker, fits []Fit, err error) {
	all := ways(o.Kind, samples.Names)
	if samples.Len() > choiceMost {
		all = slices.DeleteFunc(all, func(w choice) bool { return w.muted != nil })
	}
	usual, most, taken := 0.0, -1.0, choice{}
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
			usual = worth
		}
		if len(standing.Model) < leastAsked {
			return ranker, of, nil // too few to tell
		}
		if worth > most {
			best, fits, most, taken = ranker, of, worth, way
		}
	}
	if say := taken.String(); say != "" {
		fits[0].Doubts = append(fits[0].Doubts, fmt.Sprintf("%s: what visitors wanted then stands higher, at an NDCG@%d of %.4f instead of %.4f", say, QuestionK, most, usual))
	}
	return best, fits, nil
}

// leastAsked is how many questions can choose.
const leastAsked = 100
