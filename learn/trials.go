package learn

import "github.com/freshet-rec/freshet/rank"

// Trial is one choice of settings for a kind of model.
type Trial struct {
	Settings string
	New      func(schema *rank.Schema, seed uint64) Learner
}

// Trials are the settings that are worth a try for a kind of model, lr, fm or deepfm, the defaults
// first: how much the weights are held back is what differs most between data, so that is what they
// differ in. There are none for another kind.
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
		return []Trial{of("decay 0.0005", FMOptions{}), of("decay 0.0001", FMOptions{Decay: 1e-4}), of("decay 0.002", FMOptions{Decay: 2e-3})}
	case "deepfm":
		of := func(settings string, o DeepFMOptions) Trial {
			return Trial{settings, func(schema *rank.Schema, seed uint64) Learner { o.Seed = seed; return NewDeepFM(schema, o) }}
		}
		return []Trial{of("decay 4", DeepFMOptions{}), of("decay 1", DeepFMOptions{Decay: 1}), of("decay 16", DeepFMOptions{Decay: 16})}
	}
	return nil
}
