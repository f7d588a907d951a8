package feature

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
)

func TestCheckAll(t *testing.T) {
	tests := []struct {
		name string
		defs []Definition
		want []string // place line:column message; hint
	}{
		{"nothing derived", []Definition{{Name: "a", Agg: Count}}, nil},
		{"in any order", []Definition{{Name: "c", Expr: "b + 1"}, {Name: "b", Expr: "a * 2"}, {Name: "a", Agg: Count}}, nil},
		{"unknown", []Definition{{Name: "clicks", Agg: Count}, {Name: "b", Expr: "log1p(click)"}}, []string{
			`1 1:7 feature "b": expr: unknown feature "click"; did you mean clicks?`}},
		{"itself", []Definition{{Name: "b", Expr: "1 + b"}}, []string{`0 1:5 feature "b": expr: a feature can not use itself: b → b`}},
		{"cycle", []Definition{{Name: "x", Expr: "b"}, {Name: "a", Expr: "x +\n b"}, {Name: "b", Expr: "c"}, {Name: "c", Expr: "2 * a"}}, []string{
			`0 1:1 feature "x": expr: a feature can not use itself: x → b → c → a → x`}},
		{"beside a cycle", []Definition{{Name: "x", Expr: "log1p(b) + nope"}, {Name: "b", Expr: "c"}, {Name: "c", Expr: "2 * b"}}, []string{
			`0 1:12 feature "x": expr: unknown feature "nope"`,
			`1 1:1 feature "b": expr: a feature can not use itself: b → c → b`}},
		{"syntax", []Definition{{Name: "a", Expr: "1 +"}, {Name: "b", Expr: "log1p(a)"}}, []string{
			`0 1:4 feature "a": expr: the expression ends too early`}},
		{"kinds", []Definition{{Name: "recent", Agg: LastK, K: 3}, {Name: "query", Agg: Last, Field: "query"}, {Name: "page", Agg: Last, Field: "context.page"},
			{Name: "both", Expr: "cross(query, page)"}, {Name: "a", Expr: "recent"}, {Name: "b", Expr: "query + 1"}, {Name: "c", Expr: "page + 1"}, {Name: "d", Expr: "both + 1"}}, []string{
			`4 1:1 feature "a": expr: feature "recent" is a list; an expression reads numbers and texts`,
			`5 1:1 feature "b": expr: this is a text; it must be a number`,
			`7 1:1 feature "d": expr: this is a text; it must be a number`}},
		{"twice", []Definition{{Name: "a", Agg: Count}, {Name: "a", Expr: "a"}, {Name: "", Expr: "a"}}, nil},
	}
	for _, tt := range tests {
		var got []string
		for _, f := range CheckAll(tt.defs) {
			s := fmt.Sprintf("%d %d:%d %s", f.Definition, f.Line, f.Column, f.Message)
			if f.Hint != "" {
				s += "; " + f.Hint
			}
			if f.Field != "expr" || f.Code != "bad_feature" {
				t.Errorf("%s: fault %+v", tt.name, f)
			}
			got = append(got, s)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

func TestWhereIsChecked(t *testing.T) {
	d := Definition{Name: "a", Key: []string{"user"}, Agg: Count, Where: "event.value >\n evnt.rank"}
	want := []Fault{{Field: "where", Code: "bad_feature", Line: 2, Column: 2,
		Message: `feature "a": where: "evnt" has no names to read`, Hint: "did you mean event.rank?"}}
	if got := d.Check(); !reflect.DeepEqual(got, want) {
		t.Errorf("faults %+v, want %+v", got, want)
	}
	d.Where = "event.value > 3"
	if got := d.Check(); got != nil {
		t.Errorf("faults %+v of a sound where", got)
	}
}

// derivedDefinitions uses every kind of feature, and derived ones before their definition.
func derivedDefinitions() []Definition {
	return []Definition{
		{Name: "appeal", Expr: "heat * 2 + (item.price ?? 1)"},
		{Name: "clicks", Agg: Count},
		{Name: "heat", Expr: "log1p(clicks)"},
		{Name: "mean", Agg: Mean},
		{Name: "query", Agg: Last, Field: "query"},
		{Name: "page", Agg: Last, Field: "context.page"},
		{Name: "pair", Expr: "cross(query, page)"},
		{Name: "asked", Expr: "pair == 'boots|home'"},
		{Name: "recent", Agg: LastK, K: 2},
		{Name: "scaled", Expr: "mean / clicks"},
		{Name: "same", Expr: "page"},
		{Name: "hour", Expr: "hour()"},
		{Name: "item-age", Expr: "age(item.published_ms) + user.age"},
		{Name: "deep", Expr: "features['item-age'] > 5 && ctx.deep"},
	}
}

var (
	derivedItem    = &freshet.Item{ID: "shoe", Price: 3, HasPrice: true}
	derivedUser    = &freshet.User{ID: "ada", Attributes: map[string]any{"age": 36.0}}
	derivedContext = map[string]any{"deep": true}
)

const derivedTime, derivedBorn = 7_200_000, 7_190_000

// derivedInputs are values of the features that are not derived, by name.
func derivedInputs() map[string]Value {
	return map[string]Value{
		"clicks": {Value: 3, Events: 3, Updated: 50},
		"mean":   {Null: true},
		"query":  {Text: "boots", IsText: true, Events: 1, Updated: 70},
		"page":   {Text: "home", IsText: true, Events: 2, Updated: 60},
		"recent": {List: []Entry{{Item: 1, Time: 2}}, Events: 1, Updated: 2},
	}
}

func TestFill(t *testing.T) {
	defs := derivedDefinitions()
	heat := math.Log1p(3)
	want := map[string]Value{
		"appeal": {Value: heat*2 + 3, Events: 3, Updated: 50},
		"heat":   {Value: heat, Events: 3, Updated: 50},
		"pair":   {Text: "boots|home", IsText: true, Events: 3, Updated: 70},
		"asked":  {Value: 1, Events: 3, Updated: 70},
		"scaled": {Null: true, Events: 3, Updated: 50},
		"same":   {Text: "home", IsText: true, Events: 2, Updated: 60},
		"hour":   {Value: 2},
		// Ten seconds and thirty-six years.
		"item-age": {Value: 46},
		"deep":     {Value: 1},
	}
	for name, v := range derivedInputs() {
		want[name] = v
	}
	rapid.Check(t, func(t *rapid.T) {
		defs := rapid.Permutation(defs).Draw(t, "definitions")
		f := newDerived(defs).deriver()
		for range 2 { // a deriver keeps nothing from one row to the next
			row := make([]Value, len(defs))
			for i, d := range defs {
				row[i] = derivedInputs()[d.Name]
			}
			f.fill(row, derivedItem, derivedBorn, derivedUser, derivedContext, derivedTime)
			for i, d := range defs {
				if !reflect.DeepEqual(row[i], want[d.Name]) {
					t.Fatalf("%s is %+v, want %+v", d.Name, row[i], want[d.Name])
				}
				if row[i].Default() != (row[i].Events == 0) {
					t.Fatalf("%s with %d events: default %v", d.Name, row[i].Events, row[i].Default())
				}
			}
		}
	})
}

// TestFillNumbersAgrees holds rows of numbers against rows of values, where what may be either is
// now a number and now a text.
func TestFillNumbersAgrees(t *testing.T) {
	defs := derivedDefinitions()
	d := newDerived(defs)
	if !d.texts {
		t.Error("no text is said to be read")
	}
	rapid.Check(t, func(t *rapid.T) {
		row, numbers, texts := make([]Value, len(defs)), make([]float64, len(defs)), make([]string, len(defs))
		for i, of := range defs {
			if of.Expr != "" {
				continue
			}
			v := Value{Null: rapid.Bool().Draw(t, "null")}
			switch {
			case v.Null:
			case d.kinds[i] == expression.Text || d.kinds[i] == expression.Either && rapid.Bool().Draw(t, "a text"):
				v.Text = rapid.SampledFrom([]string{"boots", "home", "7"}).Draw(t, "text")
			case d.kinds[i] != expression.List:
				v.Value = rapid.Float64Range(-5, 5).Draw(t, "number")
			}
			row[i] = v
			if numbers[i], texts[i] = v.Value, v.Text; v.Null || v.Text != "" {
				numbers[i] = math.NaN()
			}
		}
		f := d.deriver()
		f.fill(row, derivedItem, derivedBorn, derivedUser, derivedContext, derivedTime)
		f.fillNumbers(numbers, texts, derivedItem, derivedBorn, derivedUser, derivedContext, derivedTime)
		for i, of := range defs {
			number := row[i].Value
			if row[i].Null || row[i].Text != "" {
				number = math.NaN()
			}
			if texts[i] != row[i].Text || numbers[i] != number && (numbers[i] == numbers[i] || number == number) {
				t.Errorf("%s is %+v among values, %v and %q among numbers", of.Name, row[i], numbers[i], texts[i])
			}
		}
	})
}

// TestFillNumbersWithoutTexts fills rows for which nobody has texts, and allocates nothing.
func TestFillNumbersWithoutTexts(t *testing.T) {
	defs := []Definition{{Name: "b", Expr: "c == 'shoe|3' ? a : 0"}, {Name: "c", Expr: "cross(item.id, a)"}, {Name: "a", Agg: Count}, {Name: "d", Expr: "log1p(a)"}}
	d := newDerived(defs)
	if d.texts {
		t.Error("a text is said to be read of the row")
	}
	f := d.deriver()
	row := []float64{0, 0, 3, 0}
	f.fillNumbers(row, nil, derivedItem, 0, nil, nil, 0)
	if row[0] != 3 || !math.IsNaN(row[1]) || row[3] != math.Log1p(3) {
		t.Errorf("row %v", row)
	}
	f = newDerived(defs[2:]).deriver()
	if n := testing.AllocsPerRun(100, func() { f.fillNumbers(row[2:], nil, derivedItem, 0, nil, nil, 0) }); n != 0 {
		t.Errorf("a row allocates %v times", n)
	}
}

func TestKindsOfFeatures(t *testing.T) {
	defs := derivedDefinitions()
	want := map[string]expression.Kind{
		"query": expression.Text, "page": expression.Either, "pair": expression.Text, "same": expression.Either, "recent": expression.List,
	}
	for i, kind := range newDerived(defs).kinds {
		expected := want[defs[i].Name]
		if expected == 0 {
			expected = expression.Number
		}
		if kind != expected {
			t.Errorf("%s is %s, want %s", defs[i].Name, kind, expected)
		}
	}
}

// BenchmarkFillNumbers fills one row: 300 of them are a request.
func BenchmarkFillNumbers(b *testing.B) {
	f := newDerived([]Definition{{Name: "a", Agg: Count}, {Name: "b", Agg: Rate}, {Name: "c", Expr: "log1p(a) * b"}, {Name: "d", Expr: "bucketize(a, [1, 5, 20])"}}).deriver()
	row := []float64{3, 0.25, 0, 0}
	b.ReportAllocs()
	for b.Loop() {
		f.fillNumbers(row, nil, derivedItem, 0, nil, nil, 0)
	}
}
