package rank

import (
	"fmt"
	"math"
	"slices"
)

// Bounds of a schema, checked before anything is allocated for it.
const (
	MaxFields = 1000
	MaxKnots  = 64 // of one field
)

// Curve is one input of a model: a piecewise linear function of a value, flat beyond its first
// and last knot, and one weight for no value. So a model can bend where the data does, keeps
// the order of values between knots, and its weights are what the function is at its knots.
type Curve struct {
	Name  string    `json:"name"`
	Knots []float64 `json:"knots"` // strictly ascending, finite; may be empty
}

// Weights is the number of weights of the field: one for no value, then one a knot, and one
// for any value when there are no knots.
func (f *Curve) Weights() int { return 1 + max(1, len(f.Knots)) }

// Spread says which weights a value goes by: weight i times (1 − part) plus weight i+1 times
// part. part is in [0, 1) and 0 where i is the last.
func (f *Curve) Spread(v float64) (i int, part float64) {
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

// Knotted is the fields of a model, in the order of its rows.
type Knotted struct {
	Fields []Curve `json:"fields"`
}

// Names lists the fields' names in order.
func (s *Knotted) Names() []string {
	names := make([]string, len(s.Fields))
	for i := range s.Fields {
		names[i] = s.Fields[i].Name
	}
	return names
}

// check reports what is wrong with a schema that was read from outside.
func (s *Knotted) check() error {
	if len(s.Fields) == 0 || len(s.Fields) > MaxFields {
		return fmt.Errorf("schema: %d fields; 1 to %d are accepted", len(s.Fields), MaxFields)
	}
	seen := map[string]bool{}
	for i := range s.Fields {
		f := &s.Fields[i]
		switch {
		case f.Name == "" || seen[f.Name]:
			return fmt.Errorf("schema: field %d has the empty or repeated name %q", i, f.Name)
		case len(f.Knots) > MaxKnots:
			return fmt.Errorf("schema: field %q has %d knots; at most %d are accepted", f.Name, len(f.Knots), MaxKnots)
		}
		for k, knot := range f.Knots {
			if math.IsNaN(knot) || math.IsInf(knot, 0) || k > 0 && knot <= f.Knots[k-1] {
				return fmt.Errorf("schema: field %q: knot %d is not finite and above the one before", f.Name, k)
			}
		}
		seen[f.Name] = true
	}
	return nil
}

// Differs says how the names of a row differ from what the model was trained on, "" when they
// are the same in the same order.
func (s *Knotted) Differs(names []string) string {
	own := s.Names()
	for _, name := range own {
		if !slices.Contains(names, name) {
			return fmt.Sprintf("the model needs %q, which is not configured", name)
		}
	}
	for _, name := range names {
		if !slices.Contains(own, name) {
			return fmt.Sprintf("the model does not know %q, which is configured", name)
		}
	}
	if !slices.Equal(own, names) {
		return "the model has the same fields in another order"
	}
	return ""
}
