package main

import (
	"context"
	"runtime"
	"slices"

	"github.com/freshet-rec/freshet/config"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/learn"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
	"github.com/freshet-rec/freshet/trial"
)

// goesByLinear reports that a route goes by weights from item to item.
func goesByLinear(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Recall, func(r config.Route) bool { return r.Kind == config.KindLinear })
}

// rehearsals are the shares of a history after which the models of routes are trained while rows are
// made of it: the first when the warm-up is over.
var rehearsals = []float64{warmupShare, 0.4, 0.6, 0.8}

// newRehearsal trains on the way through so many entries.
func newRehearsal(cfg *config.Config, entries int, seed uint64) *learn.Rehearsal {
	at := make([]int, len(rehearsals))
	for i, share := range rehearsals {
		at[i] = int(share * float64(entries))
	}
	return learn.NewRehearsal(cfg.Events, at, learn.RecallOptions{Seed: seed, Workers: runtime.GOMAXPROCS(0)})
}

// trainLinear trains the model of linear routes on a whole history.
func trainLinear(ctx context.Context, cfg *config.Config, seed uint64, replay trial.Replay) (fold.Bundles, []stream.Entry, error) {
	r := learn.NewRehearsal(cfg.Events, nil, learn.RecallOptions{Seed: seed, Workers: runtime.GOMAXPROCS(0)})
	err := replay(ctx, func(e *stream.Entry) error {
		_, err := r.Apply(ctx, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	live, err := r.Train(ctx)
	if err != nil || live == nil {
		return nil, nil, err
	}
	return r, []stream.Entry{*live}, nil
}

// rehearsed are the bundles that a journal names, and those of a rehearsal, which have no checksum.
type rehearsed struct {
	fold.Bundles
	rehearsal *learn.Rehearsal
}

// Linear implements fold.Bundles.
func (r rehearsed) Linear(name string, version int, sha256 string) *recall.Linear {
	if sha256 == "" {
		return r.rehearsal.Linear(name, version, sha256)
	}
	return r.Bundles.Linear(name, version, sha256)
}

// applyRehearsed applies an entry to a history, and the switch to a rehearsed model after it when there
// is one and the journal has not named a model yet. rehearsal may be nil.
func applyRehearsed(ctx context.Context, h *learn.History, rehearsal *learn.Rehearsal, e *stream.Entry) error {
	if err := h.Apply(ctx, e); err != nil || rehearsal == nil || h.State.Live(fold.ItemItem).SHA256 != "" {
		return err
	}
	live, err := rehearsal.Apply(ctx, e)
	if err != nil || live == nil {
		return err
	}
	return h.Apply(ctx, live)
}
