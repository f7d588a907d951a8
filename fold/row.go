package fold

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
	"github.com/freshet-rec/freshet/rank"
	"github.com/freshet-rec/freshet/recall"
)

// RowNames lists what the rows that Row builds consist of, in their order: what the routes said
// of the candidate, the streaming features, and what time it is; then the lists of words.
func (s *State) RowNames() rank.Names {
	names := []string{"recall.score", "recall.routes"}
	for _, r := range s.Routes {
		names = append(names, "recall."+r.Name()+".rank", "recall."+r.Name()+".score")
	}
	for _, name := range s.Features.Names() {
		names = append(names, "feature."+name)
	}
	return rank.Names{Numbers: append(names, "item.age_days", "time.hour"), Words: slices.Clone(s.words.names)}
}

// FirstFeature is the place of the first streaming feature among the numbers of a row.
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
	words   rowWords
	row     rank.Row
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
		b.words.follow(&s.words, b.of)
	}
	b.visitor, b.time, b.hour = visitor, q, float64(time.UnixMilli(q).UTC().Hour())
	b.reader.Start(visitor, q, context)
	b.words.start(b.state, visitor, context)
}

// Row returns a ranker's input for a candidate: the one function that serving and training
// build rows with. Of the numbers NaN is no value: a route that did not propose the item, a feature
// that is null or no number. The row is valid until the next call.
func (b *RowBuilder) Row(c *recall.Candidate) *rank.Row {
	s := b.state
	b.row.Reset()
	row := append(b.row.Numbers, c.Score, float64(len(c.Routes)))
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
	b.row.Numbers = append(row, age, b.hour)
	b.words.add(&b.row, s, c.Item, b.values)
	return &b.row
}

// Values are the streaming features of the last Row as they were read, in the order of the
// definitions: with the texts and lists that a row has no number for. They are valid until the
// next Row.
func (b *RowBuilder) Values() []feature.Value { return b.values }

// RowHash names a row, as a served record does: FNV-1a, 64 bits, over the bits of the numbers in
// their order, then for each list of words how many there are and their tokens; each of these as
// eight bytes, the least first. It is written in hexadecimal.
func RowHash(row *rank.Row) string {
	sum := uint64(14695981039346656037)
	add := func(bits uint64) {
		for range 8 {
			sum = (sum ^ bits&0xff) * 1099511628211
			bits >>= 8
		}
	}
	for _, v := range row.Numbers {
		add(math.Float64bits(v))
	}
	for i := range row.Ends {
		list := row.List(i)
		add(uint64(len(list)))
		for _, word := range list {
			add(uint64(word))
		}
	}
	return strconv.FormatUint(sum, 16)
}
