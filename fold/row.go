package fold

import (
	"math"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/recall"
)

// RowNames lists the fields of the rows that Row builds, in their order: what the routes said
// of the candidate, the streaming features, and what time it is.
func (s *State) RowNames() []string {
	names := []string{"recall.score", "recall.routes"}
	for _, r := range s.Routes {
		names = append(names, "recall."+r.Name()+".rank", "recall."+r.Name()+".score")
	}
	for _, name := range s.Features.Names() {
		names = append(names, "feature."+name)
	}
	return append(names, "item.age_days", "time.hour")
}

// RowBuilder builds rows; it holds the room that building needs. Make one per goroutine.
type RowBuilder struct {
	state  *State
	values []feature.Value
	row    []float64
}

// NewRowBuilder returns a builder over the state.
func (s *State) NewRowBuilder() *RowBuilder {
	return &RowBuilder{state: s, values: make([]feature.Value, len(s.Features.Names())), row: make([]float64, 0, len(s.RowNames()))}
}

// Row returns a ranker's input for a candidate of a visitor at time q: the one function that
// serving and training build rows with. NaN is no value: a route that did not propose the
// item, a feature that is null. The row is valid until the next call. Call it under the lock
// that guards the state; q must not lie further behind the newest event than reads may.
func (b *RowBuilder) Row(visitor uint32, c *recall.Candidate, q int64) []float64 {
	s := b.state
	row := append(b.row[:0], c.Score, float64(len(c.Routes)))
	for _, r := range s.Routes {
		rank, score := math.NaN(), math.NaN()
		for _, o := range c.Routes {
			if o.Route == r.Name() {
				rank, score = float64(o.Rank), o.Proposal.Score
			}
		}
		row = append(row, rank, score)
	}
	s.Features.Row(visitor, c.Item, q, b.values)
	for _, v := range b.values {
		if v.Null {
			v.Value = math.NaN()
		}
		row = append(row, v.Value)
	}
	age := float64(max(0, q-s.Items.Born(c.Item))) / float64(freshet.Day)
	b.row = append(row, age, float64(time.UnixMilli(q).UTC().Hour()))
	return b.row
}
