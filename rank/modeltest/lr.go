package modeltest

import (
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// LR is a ranker by logistic regression over the numbers that are named, each with these knots. weights
// gives those of a field: of no value first, then of each knot; nil is all 0.
func LR(t testing.TB, names []string, knots []float64, bias float32, weights func(name string) []float32) *rank.Ranker {
	t.Helper()
	m := &rank.LR{Bias: bias}
	var fields []rank.Field
	for _, name := range names {
		f := rank.Field{Name: name, Kind: rank.Spread, Knots: knots}
		own := weights(name)
		m.Weights = append(m.Weights, append(slices.Clone(own), make([]float32, f.Weights()-len(own))...)...)
		fields = append(fields, f)
	}
	var err error
	if m.Fields, err = rank.NewSchema(fields); err != nil {
		t.Fatal(err)
	}
	return rank.Single("click", m)
}
