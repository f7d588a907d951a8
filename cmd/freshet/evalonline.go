package main

import (
	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/trial"
)

// follower puts the online update to the trial as it serves: it ranks by a trained ranker with what is
// published of what its updater learned.
type follower struct {
	ranker
	trained *rank.Ranker
	updater *learn.Updater
	number  int // of the publication that ranks, 0 for none
}

func newFollower(trained *rank.Ranker, cfg *config.Config) *follower {
	return &follower{ranker: ranker{model: trained}, trained: trained, updater: learn.NewUpdater(updaterOptions(cfg))}
}

// updaterOptions are those of the online update by a configuration.
func updaterOptions(cfg *config.Config) learn.UpdaterOptions {
	return learn.UpdaterOptions{Window: cfg.Ranker.Online.Window}
}

// Score implements trial.Ranker.
func (f *follower) Score(m *trial.Moment, candidates []recall.Candidate, scores []float64) {
	if u := &m.State.Updates; u.Number != f.number {
		f.model, f.number = f.trained, u.Number
		if u.Number != 0 {
			patched, err := f.trained.Patched(u.Patches)
			if err != nil {
				panic("BUG: what was learned of a ranker is published, and not of that ranker: " + err.Error())
			}
			f.model = patched
		}
	}
	f.ranker.Score(m, candidates, scores)
}

// Live implements trial.Online.
func (f *follower) Live() fold.Switch {
	return fold.Switch{Name: "trained", Version: 1, By: fold.Promoted}
}

// Updater implements trial.Online.
func (f *follower) Updater() fold.Updater { return f.updater }

// Ranker implements fold.Rankers.
func (f *follower) Ranker(string, int, string, string) *rank.Ranker { return f.trained }
