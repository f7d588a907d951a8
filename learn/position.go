package learn

import (
	"math"
	"slices"

	"github.com/freshet-rec/freshet/rank"
)

// exposedRank is a field of training rows only: the rank at which the item was exposed. What is
// shown first is clicked more for that alone, and without the field the model would learn the
// order of the slates it was trained on.
const exposedRank = "exposed.rank"

// asFirst makes a model whose rows do not have the field exposedRank of one whose rows do: it
// scores every item as if it were shown first.
func asFirst(m *rank.LR) (*rank.LR, error) {
	fields := m.Fields.Fields
	at := slices.IndexFunc(fields, func(f rank.Field) bool { return f.Name == exposedRank })
	if at < 0 {
		return m, nil
	}
	first := &rank.LR{Bias: m.Bias, Weights: slices.Delete(slices.Clone(m.Weights), m.Fields.Start(at), m.Fields.Start(at+1))}
	var b rank.Batch
	row := emptyRow(m.Fields.Names())
	row.Numbers[slices.Index(m.Fields.Names().Numbers, exposedRank)] = 1 // the least rank
	m.Fields.Encode(&b, row)
	index, value := b.Entries(len(fields), 0, at)
	for i, w := range index {
		first.Bias += m.Weights[w] * value[i]
	}
	var err error
	first.Fields, err = rank.NewSchema(slices.Delete(slices.Clone(fields), at, at+1))
	return first, err
}

// emptyRow is a row that says nothing.
func emptyRow(names rank.Names) *rank.Row {
	row := &rank.Row{Numbers: make([]float64, len(names.Numbers)), Ends: make([]uint32, len(names.Words))}
	for i := range row.Numbers {
		row.Numbers[i] = math.NaN()
	}
	return row
}
