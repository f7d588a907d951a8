package rank

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Between its knots a field of kind Spread is the straight line through its weights.
func TestSpreadIsLinear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	f := Field{Knots: []float64{-3, 0, 0.5, 8}}
	for range 10_000 {
		v := rng.Float64()*14 - 5
		i, part := f.spread(v)
		if i < 1 || i > len(f.Knots) || part < 0 || part >= 1 || part > 0 && i == len(f.Knots) {
			t.Fatalf("spread(%v) = %d, %v", v, i, part)
		}
		at := f.Knots[i-1]
		if part > 0 {
			at += part * (f.Knots[i] - f.Knots[i-1])
		}
		if want := min(8, max(-3, v)); math.Abs(at-want) > 1e-12 {
			t.Fatalf("spread(%v) stands for %v", v, at)
		}
	}
}

func TestDiffers(t *testing.T) {
	s, err := NewSchema([]Field{{Name: "x", Kind: Spread}, {Name: "any", Kind: Bucket}, {Name: "item.id", Kind: Category}})
	if err != nil {
		t.Fatal(err)
	}
	id := []string{"item.id"}
	for want, names := range map[string]Names{"": {[]string{"x", "any"}, id}, "another order": {[]string{"any", "x"}, id}, `needs "any"`: {[]string{"x"}, id}, `does not know "y"`: {[]string{"x", "any", "y"}, id},
		`needs "item.id"`: {[]string{"x", "any"}, nil}, `does not know "item.tags"`: {[]string{"x", "any"}, []string{"item.id", "item.tags"}}} {
		got := s.Differs(names)
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("Differs(%v) = %q, want %q", names, got, want)
		}
	}
}

// TestRowsAreThoseAppended: rows kept are the rows that were appended, of whatever lists.
func TestRowsAreThoseAppended(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var kept Rows
	for lists := range 4 {
		kept.Reset()
		var want []string
		for range 20 {
			row := Row{Numbers: []float64{rng.Float64(), rng.Float64()}, Ends: []uint32{}}
			for range lists {
				for range rng.IntN(4) {
					row.Words = append(row.Words, Token(rng.Uint64()))
				}
				row.End()
			}
			kept.Append(&row)
			want = append(want, fmt.Sprint(row))
		}
		for i := range want {
			if got := fmt.Sprint(kept.Row(i)); got != want[i] || kept.number(i, 1) != kept.Row(i).Numbers[1] {
				t.Fatalf("row %d of %d lists is %s, was %s", i, lists, got, want[i])
			}
		}
	}
}
