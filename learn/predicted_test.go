package learn

import (
	"slices"
	"testing"

	"github.com/freshet-rec/freshet/rank"
)

// TestGroupsThatAlternate: rows of one slate are one group, also when rows of another are between them.
func TestGroupsThatAlternate(t *testing.T) {
	names := named("x")
	groups := []uint32{7, 3, 7, 7, 9, 3, 7}
	samples := samplesOf(t, names, len(groups), func(i int) Sample { return Sample{Row: row(float64(i)), Group: groups[i]} })
	schema, err := rank.NewSchema(fitted(t, names, []rank.Row{row(1), row(2)}, FieldOptions{}).Fields)
	if err != nil {
		t.Fatal(err)
	}
	f := &fitting{samples: samples, schema: schema}
	p, err := f.predict(func(*rank.Batch, []float32) {}, 0, len(groups))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 0, 0, 2, 1, 0}; !slices.Equal(p.groups, want) {
		t.Errorf("groups %v are numbered %v, want %v", groups, p.groups, want)
	}
}
