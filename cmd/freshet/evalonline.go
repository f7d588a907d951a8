package main

import (
	"slices"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/trial"
)

// follower puts a ranker to the trial that starts with a frozen one and learns from what became of
// its slates: what is learned goes by the row, by what the frozen one says of it, and by the rank at
// which it was shown, which every candidate is then scored without.
type follower struct {
	frozen  trial.Ranker
	online  *learn.Online
	builder *fold.RowBuilder // of the state of the last moment
	state   *fold.State
	rows    rank.Rows // of the candidates last scored, as if shown first
	names   rank.Names
}

// What a follower's rows have beside those of a ranker.
const (
	frozenOdds = "frozen.odds"
	shownRank  = "shown.rank"
)

func newFollower(frozen trial.Ranker, names rank.Names, seed uint64) *follower {
	names.Numbers = append(slices.Clone(names.Numbers), frozenOdds, shownRank)
	return &follower{frozen: frozen, online: learn.NewOnline(names, learn.Learners[0], seed), names: names}
}

// Score implements trial.Ranker. Until enough was learned the scores are those of the frozen ranker.
func (f *follower) Score(m *trial.Moment, candidates []recall.Candidate, scores []float64) {
	if f.state != m.State {
		f.state, f.builder = m.State, m.State.NewRowBuilder()
	}
	f.frozen.Score(m, candidates, scores)
	f.builder.Start(m.Request.Visitor, m.Request.Time, nil)
	f.rows.Reset()
	var row rank.Row
	for i := range candidates {
		built := f.builder.Row(&candidates[i])
		row = rank.Row{Numbers: append(append(row.Numbers[:0], built.Numbers...), scores[i], 1), Words: built.Words, Ends: built.Ends}
		f.rows.Append(&row)
	}
	f.online.Score(&f.rows, scores)
}

// Shown implements trial.Online.
func (f *follower) Shown(_ *trial.Moment, _ []recall.Candidate, shown []int) func(wanted []bool) error {
	var lesson rank.Rows
	for at, i := range shown {
		row := f.rows.Row(i)
		row.Numbers = slices.Clone(row.Numbers)
		row.Numbers[len(row.Numbers)-1] = float64(at + 1)
		lesson.Append(&row)
	}
	return func(wanted []bool) error {
		for i := range lesson.Len() {
			row := lesson.Row(i)
			if err := f.online.Learn(&row, wanted[i]); err != nil {
				return err
			}
		}
		return nil
	}
}
