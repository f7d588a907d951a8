package rank

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestReached(t *testing.T) {
	odd := []float64{0, math.Copysign(0, -1), 1, -1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1)}
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom(odd), rapid.Float64Range(-2, 2))
		knots := rapid.SliceOfN(number, 0, MaxKnots).Draw(t, "knots")
		if len(knots) > 0 && rapid.Bool().Draw(t, "at a knot") {
			number = rapid.SampledFrom(knots)
		}
		v := number.Draw(t, "v")
		slices.Sort(knots)
		want := 0
		for _, knot := range knots {
			if knot <= v {
				want++
			}
		}
		if got := reached(orderedAll(knots), v); got != want {
			t.Fatalf("%v reaches %d of %v, not %d", v, got, knots, want)
		}
	})
}

// spread says which weights of a field of kind Spread a value goes by: weight i times (1 − part) plus
// weight i+1 times part. part is in [0, 1) and 0 where i is the last. NaN is no value.
func (f *Field) spread(v float64) (i int, part float64) {
	last := len(f.Knots) - 1
	switch {
	case math.IsNaN(v):
		return 0, 0
	case last < 0 || v <= f.Knots[0]:
		return 1, 0
	case v >= f.Knots[last]:
		return last + 1, 0
	}
	above, found := slices.BinarySearch(f.Knots, v)
	if found {
		return above + 1, 0
	}
	return above, (v - f.Knots[above-1]) / (f.Knots[above] - f.Knots[above-1])
}

// TestNumbersAreSpread holds the encoding of numbers against it.
func TestNumbersAreSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		knots := rapid.SliceOfNDistinct(rapid.Float64Range(-3, 3), 0, 20, rapid.ID).Draw(t, "knots")
		slices.Sort(knots)
		v := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-4, 4), rapid.SampledFrom(append([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}, knots...))).Draw(t, "v")
		f := Field{Name: "x", Kind: Spread, Knots: knots}
		s, err := NewSchema([]Field{f})
		if err != nil {
			t.Fatal(err)
		}
		var got, want Batch
		s.Encode(&got, &Row{Numbers: []float64{v}})
		at, part := f.spread(v)
		want.add(uint32(at), float32(1-part))
		if part > 0 {
			want.add(uint32(at)+1, float32(part))
		}
		if !slices.Equal(got.Index, want.Index) || !slices.Equal(got.Value, want.Value) {
			t.Fatalf("%v is spread to %v %v, not to %v %v", v, got.Index, got.Value, want.Index, want.Value)
		}
	})
}
