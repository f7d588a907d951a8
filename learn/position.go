package learn

import (
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// exposedRank is a field of training rows only: the rank at which the item was exposed. What is
// shown first is clicked more for that alone, and without the field the model would learn the
// order of the slates it was trained on.
const exposedRank = "exposed.rank"

// asFirst makes a model whose rows do not have the field exposedRank of one whose rows do: it
// scores every item as if it were shown first.
func asFirst(m *rank.Piecewise) {
	at := slices.IndexFunc(m.Schema.Fields, func(f rank.Curve) bool { return f.Name == exposedRank })
	if at < 0 {
		return
	}
	i, _ := m.Schema.Fields[at].Spread(1) // 1 is the least rank: flat before the first knot, or on it
	m.Bias += m.Weights[at][i]
	m.Schema.Fields = slices.Delete(m.Schema.Fields, at, at+1)
	m.Weights = slices.Delete(m.Weights, at, at+1)
}
