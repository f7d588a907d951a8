package fold

import (
	"math"
	"strconv"
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

// FirstFeature is the place of the first streaming feature among the fields of a row.
func (s *State) FirstFeature() int { return 2 + 2*len(s.Routes) }

// RowBuilder builds rows; it holds the room that building needs. Make one per goroutine.
type RowBuilder struct {
	state   *State
	reader  *feature.Reader
	of      *feature.Engine // that reader reads
	visitor uint32
	time    int64   // q
	hour    float64 // of q
	values  []feature.Value
	row     []float64
}

// NewRowBuilder returns a builder over the state. It may be called without the lock that guards
// the state.
func (s *State) NewRowBuilder() *RowBuilder { return &RowBuilder{state: s} }

// Start begins the rows of a visitor at time q, which must not lie further behind the newest
// event than reads may. context is that of the request, nil for none; it must not change until the
// last Row. The state must stand still, under the lock that guards it, until the last Row. The
// features may have been swapped since the rows before.
func (b *RowBuilder) Start(visitor uint32, q int64, context map[string]any) {
	if s := b.state; b.of != s.Features {
		b.of, b.reader, b.values = s.Features, s.Features.Reader(), make([]feature.Value, len(s.Features.Definitions()))
	}
	b.visitor, b.time, b.hour = visitor, q, float64(time.UnixMilli(q).UTC().Hour())
	b.reader.Start(visitor, q, context)
}

// Row returns a ranker's input for a candidate: the one function that serving and training
// build rows with. NaN is no value: a route that did not propose the item, a feature that is
// null or no number. The row is valid until the next call.
func (b *RowBuilder) Row(c *recall.Candidate) []float64 {
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
	b.reader.Row(c.Item, b.values)
	for i := range b.values {
		row = append(row, b.values[i].Number())
	}
	age := float64(max(0, b.time-s.Items.Born(c.Item))) / float64(freshet.Day)
	b.row = append(row, age, b.hour)
	return b.row
}

// Values are the streaming features of the last Row as they were read, in the order of the
// definitions: with the texts and lists that a row has no number for. They are valid until the
// next Row.
func (b *RowBuilder) Values() []feature.Value { return b.values }

// RowHash names a row, as a served record does: FNV-1a, 64 bits, over the bits of the values in
// their order, least byte first, in hexadecimal.
func RowHash(row []float64) string {
	sum := uint64(14695981039346656037)
	for _, v := range row {
		bits := math.Float64bits(v)
		for range 8 {
			sum = (sum ^ bits&0xff) * 1099511628211
			bits >>= 8
		}
	}
	return strconv.FormatUint(sum, 16)
}
