package expression

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/freshet-rec/freshet/internal/nearest"
)

// function says how a function is called.
type function struct {
	form  string // for people
	least int    // arguments
	most  int
}

const many = MaxBytes // arguments: as many as fit

// functions are all that there are.
var functions = map[string]function{
	"log1p":     {"log1p(x)", 1, 1},
	"exp":       {"exp(x)", 1, 1},
	"sqrt":      {"sqrt(x)", 1, 1},
	"abs":       {"abs(x)", 1, 1},
	"min":       {"min(a, b, …)", 2, many},
	"max":       {"max(a, b, …)", 2, many},
	"ratio":     {"ratio(a, b)", 2, 2},
	"bucketize": {"bucketize(x, [b1, b2, …])", 2, 2},
	"cross":     {"cross(a, b, …)", 2, many},
	"hour":      {"hour() or hour(offset)", 0, 1},
	"weekday":   {"weekday() or weekday(offset)", 0, 1},
	"age":       {"age(t_ms)", 1, 1},
}

func (c *compiler) call(n ast.Node, name string, arguments []ast.Node) value {
	f, known := functions[name]
	names := slices.Sorted(maps.Keys(functions))
	switch {
	case !known:
		hint := "there are " + words(names)
		if near := nearest.Word(name, names); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		return c.failAt(n.Location().From, hint, "unknown function %s", quote(name))
	case len(arguments) < f.least || len(arguments) > f.most:
		return c.failAt(n.Location().From, "write "+f.form, "%s takes %s, not %d", name, f.arguments(), len(arguments))
	}
	if name == "bucketize" {
		return c.bucketize(arguments[0], arguments[1])
	}
	given := make([]value, len(arguments))
	fixed := true
	for i, a := range arguments {
		given[i] = c.compile(a)
		fixed = fixed && given[i].fixed
	}
	if c.err != nil {
		return value{}
	}
	if name == "cross" {
		return c.cross(given)
	}
	numbers := make([]func(*Row) float64, len(given))
	for i, v := range given {
		if v.kind == absent {
			return c.fail(v.node, "", "nil is no number")
		}
		numbers[i] = c.asNumber(v)
	}
	v := value{kind: Number, fixed: fixed}
	switch name {
	case "log1p":
		v.number = apply(math.Log1p, numbers[0])
	case "exp":
		v.number = apply(math.Exp, numbers[0])
	case "sqrt":
		v.number = apply(math.Sqrt, numbers[0])
	case "abs":
		v.number = apply(math.Abs, numbers[0])
	case "min":
		v.number = least(numbers)
	case "max":
		v.number = greatest(numbers)
	case "ratio":
		v.number = ratio(numbers[0], numbers[1])
	case "age":
		v.fixed = false
		t := numbers[0]
		v.number = func(r *Row) float64 {
			x := t(r)
			if x != x {
				return x
			}
			return max(0, (float64(r.Time)-x)/1000)
		}
	case "hour", "weekday":
		return c.clock(name, given, numbers)
	}
	return v
}

func (f function) arguments() string {
	switch {
	case f.most == many:
		return fmt.Sprintf("%d arguments or more", f.least)
	case f.least < f.most:
		return fmt.Sprintf("at most %d", f.most)
	case f.least == 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", f.least)
}

func apply(f func(float64) float64, x func(*Row) float64) func(*Row) float64 {
	return func(r *Row) float64 { return finite(f(x(r))) }
}

// least and greatest have no value when one of the numbers has none: min and max of Go say NaN.
func least(numbers []func(*Row) float64) func(*Row) float64 {
	return func(r *Row) float64 {
		m := numbers[0](r)
		for _, of := range numbers[1:] {
			m = min(m, of(r))
		}
		return m
	}
}

func greatest(numbers []func(*Row) float64) func(*Row) float64 {
	return func(r *Row) float64 {
		m := numbers[0](r)
		for _, of := range numbers[1:] {
			m = max(m, of(r))
		}
		return m
	}
}

// ratio is a/b, and 0 when b is 0 and a has a value.
func ratio(a, b func(*Row) float64) func(*Row) float64 {
	return func(r *Row) float64 {
		x, y := a(r), b(r)
		if y == 0 && x == x {
			return 0
		}
		return finite(x / y)
	}
}

// bucketize is the number of bounds that are not above x.
func (c *compiler) bucketize(of, list ast.Node) value {
	v := c.compile(of)
	x := c.asNumber(v)
	array, isList := list.(*ast.ArrayNode)
	if !isList || len(array.Nodes) == 0 {
		return c.fail(list, "write bucketize(x, [1, 10, 100])", "the bounds must be a list that is written out")
	}
	bounds := make([]float64, len(array.Nodes))
	for i, n := range array.Nodes {
		b := c.compile(n)
		if c.err != nil {
			return value{}
		}
		if !b.fixed || b.kind != Number || math.IsNaN(b.number(nil)) {
			return c.fail(n, "", "a bound must be a number that is written out")
		}
		if bounds[i] = b.number(nil); i > 0 && bounds[i] <= bounds[i-1] {
			return c.fail(n, "", "bounds must ascend; %v is not above %v", bounds[i], bounds[i-1])
		}
	}
	return value{kind: Number, fixed: v.fixed, number: func(r *Row) float64 {
		y := x(r)
		if y != y {
			return y
		}
		return float64(sort.Search(len(bounds), func(i int) bool { return bounds[i] > y }))
	}}
}

const (
	hourMs = 3_600_000
	dayMs  = 24 * hourMs
)

// maxOffset bounds the offset of hour and weekday, in hours.
const maxOffset = 24

// clock is hour, from 0 to 23, and weekday, 1 Monday to 7 Sunday, of the row's time in UTC, with
// an offset in hours.
func (c *compiler) clock(name string, given []value, numbers []func(*Row) float64) value {
	offset := func(*Row) float64 { return 0 }
	if len(given) == 1 {
		offset = numbers[0]
		if given[0].fixed && !(math.Abs(offset(nil)) <= maxOffset) {
			return c.fail(given[0].node, "", "the offset is %v hours; it must be from -%d to %d", offset(nil), maxOffset, maxOffset)
		}
	}
	read := func(ms int64) float64 { return float64(mod(ms, dayMs) / hourMs) }
	if name == "weekday" {
		read = func(ms int64) float64 { // 1970-01-01 was a Thursday, the fourth day
			return float64(mod((ms-mod(ms, dayMs))/dayMs+3, 7) + 1)
		}
	}
	return value{kind: Number, number: func(r *Row) float64 {
		hours := offset(r)
		if !(math.Abs(hours) <= maxOffset) {
			return math.NaN()
		}
		return read(r.Time + int64(math.Round(hours*hourMs)))
	}}
}

// mod is the remainder that is never below 0.
func mod(x, m int64) int64 { return (x%m + m) % m }

// cross joins values to a text from which they can be read again: by |, numbers in their shortest
// form, texts as they are or, where that would be ambiguous, in quotes.
func (c *compiler) cross(given []value) value {
	parts := make([]func(*Row) scalar, len(given))
	for i, v := range given {
		if v.kind == absent {
			return c.fail(v.node, "", "nil can not be crossed")
		}
		parts[i] = c.asScalar(v)
	}
	return value{kind: Text, text: func(r *Row) string {
		var space [64]byte
		joined := space[:0]
		for i, of := range parts {
			if i > 0 {
				joined = append(joined, '|')
			}
			switch s := of(r); s.kind {
			case Number:
				joined = strconv.AppendFloat(joined, s.number+0, 'g', -1, 64) // + 0: not −0
			case truth:
				joined = strconv.AppendBool(joined, s.yes)
			case Text:
				joined = appendPlain(joined, s.text)
			default:
				return ""
			}
		}
		return string(joined)
	}}
}

// appendPlain appends a text, in quotes when it could be read as something else.
func appendPlain(b []byte, s string) []byte {
	ambiguous := s == "true" || s == "false" || strings.ContainsAny(s, "|\"")
	if !ambiguous && strings.IndexByte("+-.0123456789iInN", s[0]) >= 0 {
		_, err := strconv.ParseFloat(s, 64)
		ambiguous = err == nil
	}
	if ambiguous {
		return strconv.AppendQuote(b, s)
	}
	return append(b, s...)
}
