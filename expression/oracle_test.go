package expression

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

// term is a random expression: its text, and what it means, said once more and naively: a
// float64, bool or string, nil for no value.
type term struct {
	text string
	mean func(w *naive) any
	vm   bool // the library's own machine means the same, as long as nothing is nil
}

// naive is what terms read: finite numbers, texts that are not empty, truth values or nil.
type naive struct {
	values map[string]any
	apart  bool // some part had no value, or was a truth value for a number: the machine fails
}

func (w *naive) eval(t term) any {
	v := t.mean(w)
	if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		v = nil
	}
	if v == nil {
		w.apart = true
	}
	return v
}

// number is the term as a number.
func (w *naive) number(t term) (float64, bool) {
	switch v := w.eval(t).(type) {
	case float64:
		return v, true
	case bool:
		w.apart = true
		if v {
			return 1, true
		}
		return 0, true
	}
	w.apart = true
	return 0, false
}

func (w *naive) truth(t term) any {
	if v, ok := w.eval(t).(bool); ok {
		return v
	}
	w.apart = true
	return nil
}

// The names terms read: numbers a and b, texts s and t, and attributes x and y of any kind.
var oracleKinds = map[string]Kind{"a": Number, "b": Number, "s": Text, "t": Text, "e": Either}

func leaf(name string) term {
	return term{text: name, vm: true, mean: func(w *naive) any { return w.values[name] }}
}

func pick(t *rapid.T, n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }

// combined is a term of numbers.
func combined(text string, of func(x []float64) float64, parts ...term) term {
	vm := true
	for _, p := range parts {
		vm = vm && p.vm
	}
	return term{text: text, vm: vm, mean: func(w *naive) any {
		x, all := make([]float64, len(parts)), true
		for i, p := range parts {
			var ok bool
			x[i], ok = w.number(p)
			all = all && ok
		}
		if !all {
			return nil
		}
		return of(x)
	}}
}

func choice(c, a, b term) term {
	return term{text: "(" + c.text + " ? " + a.text + " : " + b.text + ")", vm: c.vm && a.vm && b.vm, mean: func(w *naive) any {
		switch w.truth(c) {
		case true:
			return w.eval(a)
		case false:
			return w.eval(b)
		}
		return nil
	}}
}

func orElse(a, b term) term {
	return term{text: "(" + a.text + " ?? " + b.text + ")", mean: func(w *naive) any {
		if v := w.eval(a); v != nil {
			return v
		}
		return w.eval(b)
	}}
}

func numberTerm(t *rapid.T, depth int) term {
	if depth == 0 {
		switch pick(t, 5) {
		case 0, 1:
			return leaf([]string{"a", "b"}[pick(t, 2)])
		case 2:
			return leaf([]string{"item.x", "item.y", "e"}[pick(t, 3)])
		}
		x := float64(rapid.IntRange(0, 40).Draw(t, "constant")) / 4
		return term{text: strconv.FormatFloat(x, 'f', 2, 64), vm: true, mean: func(*naive) any { return x }}
	}
	sub := func() term { return numberTerm(t, depth-1) }
	switch pick(t, 14) {
	case 0:
		a, b := sub(), sub()
		return combined("("+a.text+" + "+b.text+")", func(x []float64) float64 { return x[0] + x[1] }, a, b)
	case 1:
		a, b := sub(), sub()
		return combined("("+a.text+" - "+b.text+")", func(x []float64) float64 { return x[0] - x[1] }, a, b)
	case 2:
		a, b := sub(), sub()
		return combined("("+a.text+" * "+b.text+")", func(x []float64) float64 { return x[0] * x[1] }, a, b)
	case 3:
		a, b := sub(), leaf("b")
		return combined("("+a.text+" / b)", func(x []float64) float64 { return x[0] / x[1] }, a, b)
	case 4:
		a := sub()
		return combined("(-"+a.text+")", func(x []float64) float64 { return -x[0] }, a)
	case 5:
		name, f := "log1p", math.Log1p
		switch pick(t, 4) {
		case 0:
			name, f = "exp", math.Exp
		case 1:
			name, f = "sqrt", math.Sqrt
		case 2:
			name, f = "abs", math.Abs
		}
		a := sub()
		return combined(name+"("+a.text+")", func(x []float64) float64 { return f(x[0]) }, a)
	case 6:
		a, b, c := sub(), sub(), sub()
		return combined("min("+a.text+", "+b.text+", "+c.text+")", slices.Min[[]float64], a, b, c)
	case 7:
		a, b := sub(), sub()
		return combined("max("+a.text+", "+b.text+")", slices.Max[[]float64], a, b)
	case 8:
		// A ratio without a value on top has none, and 0 over 0 is 0.
		a, b := sub(), sub()
		return combined("ratio("+a.text+", "+b.text+")", func(x []float64) float64 {
			if x[1] == 0 {
				return 0
			}
			return x[0] / x[1]
		}, a, b)
	case 9:
		a := sub()
		return combined("bucketize("+a.text+", [-1, 0.5, 2, 8])", func(x []float64) float64 {
			n := 0.0
			for _, bound := range []float64{-1, 0.5, 2, 8} {
				if bound <= x[0] {
					n++
				}
			}
			return n
		}, a)
	case 10:
		return choice(truthTerm(t, depth-1), sub(), sub())
	case 11:
		return orElse(sub(), sub())
	case 12:
		a := truthTerm(t, depth-1)
		sum := combined("("+a.text+" + 1.0)", func(x []float64) float64 { return x[0] + 1 }, a)
		sum.vm = false
		return sum
	}
	return sub()
}

func textTerm(t *rapid.T, depth int) term {
	if depth == 0 {
		if pick(t, 2) == 0 {
			return leaf([]string{"s", "t"}[pick(t, 2)])
		}
		word := rapid.SampledFrom([]string{"red", "blue", "7", "a|b"}).Draw(t, "word")
		return term{text: strconv.Quote(word), vm: true, mean: func(*naive) any { return word }}
	}
	switch pick(t, 3) {
	case 0:
		return choice(truthTerm(t, depth-1), textTerm(t, depth-1), textTerm(t, depth-1))
	case 1:
		return orElse(textTerm(t, depth-1), textTerm(t, depth-1))
	}
	return textTerm(t, depth-1)
}

// comparisonTerm is a comparison of two values that are there.
func comparisonTerm(a, b term, operator string, of func(x, y any) any) term {
	return term{text: "(" + a.text + " " + operator + " " + b.text + ")", vm: a.vm && b.vm, mean: func(w *naive) any {
		x, y := w.eval(a), w.eval(b)
		if x == nil || y == nil {
			return nil
		}
		return of(x, y)
	}}
}

func truthTerm(t *rapid.T, depth int) term {
	if depth == 0 {
		if pick(t, 4) == 0 {
			a := leaf([]string{"item.x", "item.y"}[pick(t, 2)])
			return term{text: "(" + a.text + " && true)", vm: true, mean: func(w *naive) any { return w.truth(a) }}
		}
		yes := pick(t, 2) == 0
		return term{text: strconv.FormatBool(yes), vm: true, mean: func(*naive) any { return yes }}
	}
	sub := func() term { return truthTerm(t, depth-1) }
	switch pick(t, 11) {
	case 0, 1:
		a, b := sub(), sub()
		and := pick(t, 2) == 0
		operator := map[bool]string{true: "&&", false: "||"}[and]
		return term{text: "(" + a.text + " " + operator + " " + b.text + ")", vm: a.vm && b.vm, mean: func(w *naive) any {
			x, y := w.truth(a), w.truth(b)
			switch {
			case x == !and || y == !and:
				return !and
			case x == nil || y == nil:
				return nil
			}
			return and
		}}
	case 2:
		a := sub()
		return term{text: "!(" + a.text + ")", vm: a.vm, mean: func(w *naive) any {
			if x, ok := w.truth(a).(bool); ok {
				return !x
			}
			return nil
		}}
	case 3, 4:
		a, b := numberTerm(t, depth-1), numberTerm(t, depth-1)
		operator := rapid.SampledFrom([]string{"<", "<=", ">", ">="}).Draw(t, "operator")
		return comparisonTerm(a, b, operator, func(x, y any) any {
			if p, ok := x.(float64); ok {
				if q, ok := y.(float64); ok {
					return map[string]bool{"<": p < q, "<=": p <= q, ">": p > q, ">=": p >= q}[operator]
				}
			}
			if p, ok := x.(string); ok {
				if q, ok := y.(string); ok {
					return map[string]bool{"<": p < q, "<=": p <= q, ">": p > q, ">=": p >= q}[operator]
				}
			}
			return nil
		})
	case 5:
		return comparisonTerm(numberTerm(t, depth-1), numberTerm(t, depth-1), "==", func(x, y any) any { return x == y })
	case 6:
		return comparisonTerm(textTerm(t, depth-1), leaf([]string{"s", "item.x", "e"}[pick(t, 3)]), "!=", func(x, y any) any { return x != y })
	case 7:
		a := numberTerm(t, depth-1)
		return term{text: "(" + a.text + " == nil)", mean: func(w *naive) any { return w.eval(a) == nil }}
	case 8:
		a, b := textTerm(t, depth-1), textTerm(t, depth-1)
		return comparisonTerm(a, b, "startsWith", func(x, y any) any { return strings.HasPrefix(x.(string), y.(string)) })
	case 9:
		a := textTerm(t, depth-1)
		return comparisonTerm(a, term{text: `["red", "7"]`, vm: true, mean: func(*naive) any { return "" }}, "in",
			func(x, _ any) any { return x == "red" || x == "7" })
	}
	a := numberTerm(t, depth-1)
	in := comparisonTerm(leaf("item.x"), term{text: `[2.5, "red", true]`, vm: true, mean: func(*naive) any { return "" }}, "in",
		func(x, _ any) any { return x == 2.5 || x == "red" || x == true })
	return choice(in, comparisonTerm(a, leaf("a"), "<", func(x, y any) any {
		p, isNumber := x.(float64)
		if q, ok := y.(float64); ok && isNumber {
			return p < q
		}
		return nil
	}), in)
}

// anyWorld draws values for the names, absent ones among them.
func anyWorld(t *rapid.T) *naive {
	number := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.IntRange(-20, 20), func(i int) any { return float64(i) / 2 }),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) any { return f }))
	text := rapid.SampledFrom([]any{nil, "red", "redder", "blue", "7"})
	either := rapid.OneOf(number, text, rapid.SampledFrom([]any{true, false}))
	return &naive{values: map[string]any{
		"a": number.Draw(t, "a"), "b": number.Draw(t, "b"), "s": text.Draw(t, "s"), "t": text.Draw(t, "t"),
		"item.x": either.Draw(t, "x"), "item.y": either.Draw(t, "y"), "e": rapid.OneOf(number, text).Draw(t, "e"),
	}}
}

// row is the world as the closures read it.
func (w *naive) row(index func(string) int) *Row {
	r := &Row{Numbers: make([]float64, 5), Texts: make([]string, 5)}
	for name := range oracleKinds {
		r.Numbers[index(name)] = math.NaN()
		switch v := w.values[name].(type) {
		case float64:
			r.Numbers[index(name)] = v
		case string:
			r.Texts[index(name)] = v
		}
	}
	attributes := map[string]any{}
	for _, name := range []string{"x", "y"} {
		if v := w.values["item."+name]; v != nil {
			attributes[name] = v
		}
	}
	r.Item = &freshet.Item{Attributes: attributes}
	return r
}

// machine is what the library's own machine reads.
type machine struct {
	A    float64        `expr:"a"`
	B    float64        `expr:"b"`
	S    string         `expr:"s"`
	T    string         `expr:"t"`
	E    any            `expr:"e"`
	Item map[string]any `expr:"item"`
}

// onMachine evaluates the text on the library's own machine. What has no value is not read.
func (w *naive) onMachine(text string) (any, error) {
	env := machine{E: w.values["e"], Item: map[string]any{"x": w.values["item.x"], "y": w.values["item.y"]}}
	env.A, _ = w.values["a"].(float64)
	env.B, _ = w.values["b"].(float64)
	env.S, _ = w.values["s"].(string)
	env.T, _ = w.values["t"].(string)
	options := []expr.Option{
		expr.Env(env),
		expr.Function("ratio", func(x ...any) (any, error) {
			if x[1].(float64) == 0 {
				return 0.0, nil
			}
			return x[0].(float64) / x[1].(float64), nil
		}),
		expr.Function("bucketize", func(x ...any) (any, error) {
			n := 0.0
			for _, bound := range x[1].([]any) {
				if fmt.Sprint(bound) == "" {
					continue
				}
				if b, err := strconv.ParseFloat(fmt.Sprint(bound), 64); err == nil && b <= x[0].(float64) {
					n++
				}
			}
			return n, nil
		}),
	}
	for name, f := range map[string]func(float64) float64{"log1p": math.Log1p, "exp": math.Exp, "sqrt": math.Sqrt} {
		options = append(options, expr.Function(name, func(x ...any) (any, error) { return f(x[0].(float64)), nil }))
	}
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, err
	}
	return expr.Run(program, env)
}

func TestDerivedAgreesWithOracles(t *testing.T) {
	places := map[string]int{"a": 3, "b": 0, "s": 4, "t": 1, "e": 2}
	index := func(name string) int { return places[name] }
	asked, same := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.IntRange(0, 4).Draw(t, "depth")
		expression := rapid.SampledFrom([]func(*rapid.T, int) term{numberTerm, truthTerm, textTerm}).Draw(t, "kind")(t, depth)
		d, err := CompileDerived(expression.text, oracleKinds)
		if err != nil {
			t.Fatalf("%s: %v", expression.text, err)
		}
		bound := d.Bind(index)
		for range 4 {
			w := anyWorld(t)
			number, text, null := bound.Value(w.row(index))
			want := w.eval(expression)
			if got := asAny(number, text, null); got != plain(want) {
				t.Fatalf("%s\nof %v\nis   %v\nwant %v", expression.text, w.values, got, plain(want))
			}
			if !expression.vm || w.apart {
				continue
			}
			asked++
			got, err := w.onMachine(expression.text)
			if err != nil {
				t.Fatalf("%s on the machine of the library, of %v: %v", expression.text, w.values, err)
			}
			if plain(got) != plain(want) {
				t.Fatalf("%s\nof %v\nis %v on the machine of the library, want %v", expression.text, w.values, got, want)
			}
			same++
		}
	})
	if asked == 0 || same != asked {
		t.Errorf("the library's machine was asked %d times and agreed %d times", asked, same)
	}
}

func asAny(number float64, text string, null bool) any {
	switch {
	case null:
		return nil
	case text != "":
		return text
	}
	return number
}

// plain is a value as a derived feature has it.
func plain(v any) any {
	switch v {
	case true:
		return 1.0
	case false:
		return 0.0
	}
	return v
}
