package learn

import (
	"context"
	"errors"

	"github.com/freshet-rec/freshet/rank"
)

// Trial is one choice of settings for a kind of model.
type Trial struct {
	Settings string
	New      func(schema *rank.Schema, seed uint64) Learner
}

// Trials are the settings that are worth a try for a kind of model, lr, fm or deepfm, the defaults
// first: how much the weights are held back is what differs most between data, so that is what they
// differ in. A factorization machine is held back by small steps from small vectors as well: a row of
// many numbers moves all their vectors at once, of which each goes by the sum of the others. There are
// none for another kind.
func Trials(kind string) []Trial {
	switch kind {
	case "lr":
		of := func(settings string, o LROptions) Trial {
			return Trial{settings, func(schema *rank.Schema, _ uint64) Learner { return NewLR(schema, o) }}
		}
		return []Trial{of("l1 0.5, l2 1", LROptions{}), of("no l1, l2 1", LROptions{L1: -1}), of("l1 2, l2 1", LROptions{L1: 2})}
	case "fm":
		of := func(settings string, o FMOptions) Trial {
			return Trial{settings, func(schema *rank.Schema, seed uint64) Learner { o.Seed = seed; return NewFM(schema, o) }}
		}
		return []Trial{of("decay 0.0005", FMOptions{}), of("decay 0.005, small steps", FMOptions{Decay: 5e-3, Rate: 0.05, Spread: 0.01}), of("decay 0.002", FMOptions{Decay: 2e-3})}
	case "deepfm":
		of := func(settings string, o DeepFMOptions) Trial {
			return Trial{settings, func(schema *rank.Schema, seed uint64) Learner { o.Seed = seed; return NewDeepFM(schema, o) }}
		}
		return []Trial{of("decay 4", DeepFMOptions{}), of("decay 1", DeepFMOptions{Decay: 1}), of("decay 16", DeepFMOptions{Decay: 16})}
	}
	return nil
}

// TrainBest is TrainEpochs with the settings of each trial, and returns what was best by the log-loss of
// the validation rows, and whose settings these are. There must be a trial; the error is ErrDiverged only
// when all of them did.
func TrainBest(ctx context.Context, trials []Trial, schema *rank.Schema, counts [][]uint32, train, valid Source, o EpochOptions) (best Trained, settings Trial, err error) {
	var diverged error
	for _, trial := range trials {
		trained, err := TrainEpochs(ctx, trial.New(schema, o.Seed), schema, counts, train, valid, o)
		if errors.Is(err, ErrDiverged) {
			diverged = err
			continue
		}
		if err != nil {
			return best, settings, err
		}
		if best.Model == nil || trained.LogLoss < best.LogLoss {
			best, settings = trained, trial
		}
	}
	if best.Model == nil {
		return best, settings, diverged
	}
	return best, settings, nil
}
