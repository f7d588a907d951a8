package learn

import (
	"math/rand/v2"

	"github.com/freshet-rec/freshet/rank"
)

// hiding makes words of training rows unknown now and then, rare ones more often (Kiperwasser and
// Goldberg, "Simple and Accurate Dependency Parsing Using Bidirectional LSTM Feature Representations",
// TACL 2016, section 4.1): each with a probability of α/(α + the rows that have it). So the weight of
// the unknown word, which a vocabulary of all words would never meet, is that of what is rare.
type hiding struct {
	fields  int
	unknown []uint32 // by field: the number of the weight
	from    []uint32 // by weight, the rows that have the word; 0 where it is none
}

// hidingAlpha is the α of the paper.
const hidingAlpha = 0.25

func newHiding(schema *rank.Schema, counts [][]uint32) *hiding {
	h := &hiding{fields: len(schema.Fields), unknown: make([]uint32, len(schema.Fields)), from: make([]uint32, schema.Weights())}
	for f, rows := range counts {
		if len(rows) > 0 {
			unknown := schema.Unknown(f)
			h.unknown[f] = uint32(unknown)
			copy(h.from[unknown+1:], rows)
		}
	}
	return h
}

// hide makes words of the batch unknown.
func (h *hiding) hide(b *rank.Batch, rng *rand.Rand) {
	e := uint32(0)
	for at, end := range b.Ends {
		for ; e < end; e++ {
			if n := h.from[b.Index[e]]; n > 0 && rng.Float64()*(hidingAlpha+float64(n)) < hidingAlpha {
				b.Index[e] = h.unknown[at%h.fields]
			}
		}
	}
}
