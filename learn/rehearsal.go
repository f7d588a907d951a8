package learn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// Rehearsal trains what routes of kind linear go by again and again while a history is folded, as an
// operator would have done: each model on all that came before it. A row made meanwhile is then like
// one that is served, and no route has seen what its label tells. It is the fold.Bundles of a state
// that is told of each model. Use NewRehearsal. One goroutine at a time.
type Rehearsal struct {
	options RecallOptions
	takes   *Takes
	at      []int // entries before each training that is still to come
	entries int
	models  []*recall.Linear // by version, from 1
}

// NewRehearsal returns one that trains after so many entries, ascending.
func NewRehearsal(kinds freshet.EventKinds, at []int, o RecallOptions) *Rehearsal {
	return &Rehearsal{options: o, takes: NewTakes(kinds), at: at}
}

// RehearsedName is what the models of a Rehearsal are called.
const RehearsedName = "itemitem"

// Apply takes in the next entry, and returns the switch to a new model when one was trained, else nil:
// an entry that is to be folded before the next. Too little to train on is no error and no model. The
// error is that of ctx.
func (r *Rehearsal) Apply(ctx context.Context, e *stream.Entry) (*stream.Entry, error) {
	r.takes.Apply(e)
	r.entries++
	if len(r.at) == 0 || r.entries < r.at[0] {
		return nil, nil
	}
	r.at = r.at[1:]
	return r.Train(ctx)
}

// Train trains a model on all entries so far, as Apply says.
func (r *Rehearsal) Train(ctx context.Context) (*stream.Entry, error) {
	taken := r.takes.Copy().Taken()
	model, _, err := TrainItemItem(ctx, taken, r.options)
	if errors.Is(err, ErrTooLittle) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.models = append(r.models, &recall.Linear{IDs: taken.IDs, Model: model})
	text, err := json.Marshal(fold.Switch{Name: RehearsedName, Version: len(r.models), By: fold.Adopted, Slot: fold.ItemItem})
	if err != nil {
		return nil, fmt.Errorf("rehearsed model: %w", err)
	}
	return &stream.Entry{Model: text}, nil
}

// Linear implements fold.Bundles.
func (r *Rehearsal) Linear(name string, version int, _ string) *recall.Linear {
	if name != RehearsedName || version < 1 || version > len(r.models) {
		return nil
	}
	return r.models[version-1]
}

// Vectors implements fold.Bundles: there are none.
func (r *Rehearsal) Vectors(string, int, string) *recall.Vectors { return nil }
