package trial

import (
	"encoding/json"
	"fmt"

	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
	"github.com/freshet-rec/freshet/stream"
)

// Online is a Ranker that follows its life as a served one does: the state of the life has its Updater,
// which is told of every slate and of what came of it in the order of the journal, and what that proposes
// is journaled at once. What is in force is State.Updates of the moment that Score is given.
type Online interface {
	Ranker
	fold.Rankers
	// Live is what the journal says is live once the past is over.
	Live() fold.Switch
	// Updater is the state's; it is asked for once.
	Updater() fold.Updater
}

// begin lets the online ranker be live.
func (l *life) begin() error {
	if l.online == nil {
		return nil
	}
	text, err := json.Marshal(l.online.Live())
	if err != nil {
		return fmt.Errorf("the online ranker: %w", err)
	}
	return l.apply(&stream.Entry{Topic: "model", Received: l.state.Newest, Model: text})
}

// publish journals what is proposed.
func (l *life) publish(received int64) error {
	p := l.state.Proposal()
	if p == nil {
		return nil
	}
	text, err := json.Marshal(p.Complete(l.state.Updates.Patches))
	if err != nil {
		return fmt.Errorf("what was learned online: %w", err)
	}
	l.position++
	l.state.Apply(&stream.Entry{Topic: "weights", Position: l.position, Received: received, Weights: text})
	return nil
}

// served is the record of a slate that shows some of the candidates; req is what these answer.
func (l *life) served(v Visit, req *recall.Request, candidates []recall.Candidate, shown []int) (*stream.Entry, error) {
	l.slates++
	record := &fold.Served{Request: fmt.Sprintf("slate-%d", l.slates), Visitor: v.Visitor(), Time: v.Time(), N: l.K}
	for _, r := range l.Routes {
		record.Routes = append(record.Routes, fold.ServedRoute{Name: r.Name, Status: "ok", Weight: recall.WeightAt(r.Kind, req)})
	}
	for _, i := range shown {
		item := fold.ServedItem{Item: l.state.Items.ID(candidates[i].Item)}
		for _, r := range candidates[i].Routes {
			item.Routes = append(item.Routes, fold.ServedScore{Route: r.Route, Rank: r.Rank, Score: r.Proposal.Score})
		}
		record.Items = append(record.Items, item)
	}
	text, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("the record of a slate: %w", err)
	}
	return &stream.Entry{Topic: "served", Received: v.Time(), Served: text}, nil
}
