package fold

import (
	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/pack"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
)

// Updater learns from what is shown and what comes of it. It is part of the fold: it is told in the
// order of the journal, by the one who applies, and what it becomes depends on that alone. What it
// would publish it proposes; a server writes that down, and the record comes back by Published.
type Updater interface {
	// Rebase says which ranker is live from here on: nil is none that rows of the state fit. Nothing
	// that was learned of the one before is of use. updates are what is in force for it already.
	Rebase(m *Model, ranker *rank.Ranker, updates *Updates)

	// Show tells of a slate. show.Row may be called until Show returns.
	Show(show *Show)

	// Act tells of an event that is not late. item is 0 when it is about none.
	Act(p freshet.Position, visitor, item uint32, signal freshet.Signal, e *freshet.Event)

	// Published says what is in force, and the newest verdict. It must not be changed.
	Published(u *Updates)

	// Proposal is what is to be journaled once it is complete, nil for nothing. It must not be changed.
	Proposal() *Publication

	// Learned are the counts of what was done since the ranker is live.
	Learned() Learned

	// Pack may take a tenth of a second and more, since a proposal is put into order: like all of
	// State.Pack it is for a state that no request waits for.
	Pack(w *pack.Writer)
	// Unpack follows Rebase.
	Unpack(r *pack.Reader)
}

// Learned counts what an Updater did since its ranker is live.
type Learned struct {
	Rows      uint64 // learned from
	Positives uint64 // of them
	Bounded   uint64 // left out because a visitor or an item had its say
	Thinned   uint64 // likewise because too many were waiting
	Orphans   uint64 // positives of nothing that was shown
	Repeats   uint64 // positives that had come before
	Diverged  uint64 // publications in the journal that are not what was proposed here: of another release, of other settings, or by a defect
	Moved     int    // weights that have left the model's, now
}

// Show is a slate that was served. Its rows are read where its record stands, which is some milliseconds
// after those that it was ranked by: every replay comes by there, and none holds the state of before.
type Show struct {
	Position freshet.Position
	Time     int64 // q
	Received int64 // Unix ms
	Request  string
	Visitor  uint32
	Items    []uint32              // 0 is one that nothing is known of
	Row      func(i int) *rank.Row // of Items[i], not of a 0; valid until the next call
}

// Rankers gives the contents of rankers, by what the journal says of them and the definitions of the
// features that they must have been trained on. It is asked at a switch, under the lock that guards the
// state; nil is one that is not at hand or was trained on others.
type Rankers interface {
	Ranker(name string, version int, sha256, definitions string) *rank.Ranker
}

// show tells the updater of a slate.
func (s *State) show(record *Served, visitor uint32, p freshet.Position, received int64) {
	show := &Show{Position: p, Time: record.Time, Received: received, Request: record.Request, Visitor: visitor, Items: make([]uint32, len(record.Items))}
	for i := range record.Items {
		show.Items[i] = s.Items.Find(record.Items[i].Item)
	}
	weights := record.Weights(func(route string) float64 { return s.weights[route] })
	if s.rows == nil || s.rows.state != s {
		s.rows = s.NewRowBuilder()
	}
	started := false
	show.Row = func(i int) *rank.Row {
		if !started {
			started = true
			s.rows.Start(visitor, max(record.Time, s.Newest-s.slack), record.Context)
		}
		c := record.Items[i].Candidate(show.Items[i], weights)
		return s.rows.Row(&c)
	}
	s.updater.Show(show)
}

// Proposal is what the updater would have journaled, nil for nothing; see Publication.Complete.
func (s *State) Proposal() *Publication {
	if s.updater == nil {
		return nil
	}
	return s.updater.Proposal()
}

// Learned are the counts of the updater, none without one.
func (s *State) Learned() (l Learned) {
	if s.updater != nil {
		l = s.updater.Learned()
	}
	return l
}

// Learns reports that there is an updater.
func (s *State) Learns() bool { return s.updater != nil }

// rebase tells the updater which ranker is live.
func (s *State) rebase() {
	if s.updater == nil {
		return
	}
	var ranker *rank.Ranker
	if s.rankers != nil && s.Model.Name != "" {
		ranker = s.rankers.Ranker(s.Model.Name, s.Model.Version, s.Model.SHA256, s.Definitions)
	}
	if ranker != nil && ranker.Schema().Differs(s.RowNames()) != "" {
		ranker = nil
	}
	s.updater.Rebase(&s.Model, ranker, &s.Updates)
}

// kindWeights are the weights of routes in the merge, by name, as those of their kinds.
func kindWeights(routes []Route) map[string]float64 {
	weights := map[string]float64{}
	for _, r := range routes {
		weights[r.Name] = recall.Weight(r.Kind)
	}
	return weights
}
