package trial

import (
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// Moment is one ask: who wants something when (Request), and all that is known (State).
// Both are valid, and must not be changed, until the call returns that was given them.
type Moment struct {
	State   *fold.State
	Request *recall.Request
}

// Ranker orders candidates.
type Ranker interface {
	// Score sets scores[i] to how good candidates[i] is, higher is better, at the moment as it
	// stands. len(scores) == len(candidates) ≥ 1. Equal scores keep the order of recall; no
	// score is NaN. candidates must not be changed or kept.
	Score(m *Moment, candidates []recall.Candidate, scores []float64)
}

// Learner is a Ranker that learns from what was chosen.
type Learner interface {
	Ranker
	// Lesson is called after Score with the same moment and candidates, and the item that was
	// then chosen, which need not be among them. It reads what it needs of the moment at once,
	// and returns what brings it into the weights; that is called once, when the choice may be
	// known, after any number of other calls, or never when the trial ends first. A nil
	// function is nothing to learn. Its error ends the trial.
	Lesson(m *Moment, candidates []recall.Candidate, chosen uint32) (learn func() error)
}
