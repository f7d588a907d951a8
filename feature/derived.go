package feature

import (
	"fmt"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
)

// derived are the derived features of a list of definitions. It is not changed after
// [newDerived]; rows are filled by a [deriver] of each goroutine.
type derived struct {
	kinds []expression.Kind // of all features, by place
	steps []derivation      // each after those whose values it uses
	read  []int             // places of the features that are not derived and that some step uses
	texts bool              // some of those are texts, or may be
}

// derivation is one derived feature.
type derivation struct {
	place int
	value *expression.Bound
	uses  []int // places
}

// newDerived compiles the derived features of definitions that [Definition.Check] and [CheckAll]
// found sound.
func newDerived(defs []Definition) *derived {
	a, faults := analyse(defs)
	if len(faults) > 0 {
		panic(fmt.Sprintf("BUG: definitions were not checked: %s", faults[0].Message))
	}
	d := &derived{kinds: make([]expression.Kind, len(defs))}
	for i := range defs {
		d.kinds[i] = a.kinds[defs[i].Name]
	}
	for _, i := range a.order {
		s := derivation{place: i, value: a.result[i].Bind(func(name string) int { return a.place[name] })}
		for _, name := range a.result[i].Uses() {
			place := a.place[name]
			s.uses = append(s.uses, place)
			if defs[place].Expr == "" && !slices.Contains(d.read, place) {
				d.read = append(d.read, place)
				d.texts = d.texts || d.kinds[place] != expression.Number
			}
		}
		d.steps = append(d.steps, s)
	}
	return d
}

// deriver fills the derived cells of rows. It is for one goroutine.
type deriver struct {
	*derived
	numbers []float64 // by place: what fill reads
	texts   []string
	row     expression.Row
}

func (d *derived) deriver() *deriver {
	return &deriver{derived: d, numbers: make([]float64, len(d.kinds)), texts: make([]string, len(d.kinds))}
}

// about is what a row is read of beside its features: the item and when the catalogue first saw
// it, the user, the context of the request and the time. What is not known is nil, or 0 for born.
func (f *deriver) about(item *freshet.Item, born int64, user *freshet.User, context map[string]any, q int64) {
	f.row.Item, f.row.Born, f.row.User, f.row.Context, f.row.Time = item, born, user, context, q
}

// fill computes the derived cells of a row in which all others are filled. The number of events
// behind a value is the sum over the features it uses, Updated the latest of them: the value is a
// default one when all of those are, and when it uses none.
func (f *deriver) fill(row []Value, item *freshet.Item, born int64, user *freshet.User, context map[string]any, q int64) {
	f.about(item, born, user, context, q)
	f.row.Numbers, f.row.Texts = f.numbers, f.texts
	for _, place := range f.read {
		v := &row[place]
		f.numbers[place], f.texts[place] = v.Number(), v.Text
	}
	for i := range f.steps {
		s := &f.steps[i]
		number, text, null := s.value.Value(&f.row)
		f.numbers[s.place], f.texts[s.place] = number, text
		v := Value{Text: text, Null: null}
		if v.IsText = !null && math.IsNaN(number); !null && !v.IsText {
			v.Value = number
		}
		for _, place := range s.uses {
			v.Events += row[place].Events
			v.Updated = max(v.Updated, row[place].Updated)
		}
		row[s.place] = v
	}
}

// fillNumbers is fill for a row of numbers, NaN where there is none: of each derived feature that
// is a text, too. texts are the texts of the row by place, "" where there is none, and are filled
// as well; nil will do when derived.texts is false.
func (f *deriver) fillNumbers(row []float64, texts []string, item *freshet.Item, born int64, user *freshet.User, context map[string]any, q int64) {
	f.about(item, born, user, context, q)
	if texts == nil {
		texts = f.texts
		for _, place := range f.read {
			texts[place] = ""
		}
	}
	f.row.Numbers, f.row.Texts = row, texts
	for i := range f.steps {
		s := &f.steps[i]
		row[s.place], texts[s.place], _ = s.value.Value(&f.row)
	}
}
