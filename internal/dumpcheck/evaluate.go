package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// scope is what an expression reads: an event and its subject, or the subject of a request,
// the values of its row and its time.
type scope struct {
	journal  *journal
	event    *event // of a condition
	subject  subject
	features map[string]result // of a derived feature
	q        int64             // Unix ms; of a condition the event's time
}

// undecided is the error of an expression whose value the text of the language leaves open.
type undecided string

func (u undecided) Error() string { return string(u) }

// decide tells whether a condition is true of an event. No value is not true.
func (e *expression) decide(s scope) (bool, error) {
	s.q = s.event.ts
	v, err := s.value(e.root)
	return v.kind == truth && v.number == 1, err
}

// derive is the value of a derived feature: a truth value is 1 or 0, a list is none.
func (e *expression) derive(s scope) (result, error) {
	v, err := s.value(e.root)
	switch v.kind {
	case numeric, truth:
		return number(v.number), err
	case textual:
		return result{kind: textual, text: v.text}, err
	}
	return result{}, err
}

// value is the value of a node.
func (s scope) value(n node) (scalar, error) {
	switch n.op {
	case "literal":
		return n.leaf, nil
	case "name":
		return s.name(n)
	case "&&", "||":
		return s.both(n)
	case "?:":
		condition, err := s.value(n.args[0])
		switch {
		case err != nil || condition.kind != truth:
			return scalar{}, err
		case condition.number == 1:
			return s.value(n.args[1])
		}
		return s.value(n.args[2])
	case "list":
		elements, err := s.all(n.args)
		return scalar{kind: listed, elements: &elements}, err
	case "bucketize":
		return s.bucketize(n)
	}
	args, err := s.all(n.args)
	if err != nil {
		return scalar{}, err
	}
	switch n.op {
	case "!":
		if args[0].kind != truth {
			return scalar{}, nil
		}
		return truthOf(args[0].number == 0), nil
	case "??":
		if args[0].kind != none {
			return args[0], nil
		}
		return args[1], nil
	case "==", "!=":
		return equality(n, args[0], args[1])
	case "<", "<=", ">", ">=":
		return order(n.op, args[0], args[1])
	case "in", "not in":
		return within(n.op, args[0], args[1])
	case "contains", "startsWith", "endsWith":
		if args[0].kind != textual || args[1].kind != textual {
			return scalar{}, nil
		}
		has := map[string]func(s, of string) bool{
			"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
		}[n.op]
		return truthOf(has(args[0].text, args[1].text)), nil
	}
	return s.arithmetic(n.op, args), nil
}

func (s scope) all(nodes []node) ([]scalar, error) {
	values := make([]scalar, len(nodes))
	for i, n := range nodes {
		v, err := s.value(n)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

// name is what a name stands for. An empty text is no value.
func (s scope) name(n node) (scalar, error) {
	var v scalar
	switch n.of {
	case "context":
		v = s.subject.context.get(n.name)
	case "item":
		v = s.item(n.name)
	case "user":
		v = s.user(n.name)
	case "event":
		v = s.eventWord(n.name)
	case "features":
		served, given := s.features[n.name]
		switch {
		case !given:
			return scalar{}, undecided(fmt.Sprintf("the row has no value of %q", n.name))
		case served.kind == listed:
			return scalar{}, undecided(fmt.Sprintf("%q is a list", n.name))
		}
		v = scalar{kind: served.kind, number: served.number, text: served.text}
	}
	if v.kind == textual && v.text == "" {
		return scalar{}, nil
	}
	return v, nil
}

// item is a word of the item in an expression, where title and price are words too.
func (s scope) item(name string) scalar {
	if name == "title" || name == "price" {
		v, known := s.journal.items.asOf(s.subject.item, s.subject.at)
		switch {
		case !known:
			return scalar{}
		case name == "title":
			return textOf(v.title)
		case v.price == nil:
			return scalar{}
		}
		return numberOf(*v.price)
	}
	return s.journal.itemWord(name, s.subject.item, s.subject.at)
}

func (s scope) user(name string) scalar {
	if name != "id" {
		return s.journal.userWord(name, s.subject.visitor, s.subject.at)
	}
	id, known := userID(s.subject.visitor)
	if known {
		_, known = s.journal.users.asOf(id, s.subject.at)
	}
	if !known {
		return scalar{}
	}
	return textOf(id)
}

func (s scope) eventWord(name string) scalar {
	e := s.event
	switch name {
	case "name":
		return textOf(e.name)
	case "query":
		return textOf(e.query)
	case "user_id":
		id, _ := strings.CutPrefix(e.visitor, "u:")
		if id == e.visitor {
			return scalar{}
		}
		return textOf(id)
	case "item_id":
		return textOf(e.item)
	case "session_id":
		return textOf(e.session)
	case "ts_ms":
		return numberOf(float64(e.ts))
	case "value":
		return s.journal.fieldOf(field{of: "value"}, e)
	case "rank":
		return s.journal.fieldOf(field{of: "rank"}, e)
	}
	panic("BUG: event." + name + " passed the parser")
}

// both is && or ||: one side may decide alone, else both must be there.
func (s scope) both(n node) (scalar, error) {
	args, err := s.all(n.args)
	if err != nil {
		return scalar{}, err
	}
	decides := float64(0)
	if n.op == "||" {
		decides = 1
	}
	missing := false
	for _, v := range args {
		if v.kind == truth && v.number == decides {
			return v, nil
		}
		missing = missing || v.kind != truth
	}
	if missing {
		return scalar{}, nil
	}
	return truthOf(decides == 0), nil
}

// equality is == and !=. To be compared with nil, written out, is to be asked for a value.
func equality(n node, a, b scalar) (scalar, error) {
	isNil := func(n node) bool { return n.op == "literal" && n.leaf.kind == none }
	same := false
	switch {
	case isNil(n.args[0]) || isNil(n.args[1]):
		same = a.kind == none && b.kind == none
	case a.kind == none || b.kind == none:
		return scalar{}, nil
	case a.kind == listed || b.kind == listed:
		return scalar{}, undecided("a list compared")
	case a.kind != b.kind && a.kind != textual && b.kind != textual:
		return scalar{}, undecided("a truth value compared with a number")
	default:
		same = a.equal(b)
	}
	return truthOf(same == (n.op == "==")), nil
}

// order compares numbers, and texts byte by byte. Other kinds have no order.
func order(op string, a, b scalar) (scalar, error) {
	sign := 0
	switch {
	case a.kind == none || b.kind == none:
		return scalar{}, nil
	case a.kind == textual && b.kind == textual:
		sign = strings.Compare(a.text, b.text)
	case a.kind == numeric && b.kind == numeric:
		switch {
		case a.number < b.number:
			sign = -1
		case a.number > b.number:
			sign = 1
		}
	case a.kind == truth || b.kind == truth:
		return scalar{}, undecided("a truth value in an order")
	default:
		return scalar{}, nil
	}
	switch op {
	case "<":
		return truthOf(sign < 0), nil
	case "<=":
		return truthOf(sign <= 0), nil
	case ">":
		return truthOf(sign > 0), nil
	}
	return truthOf(sign >= 0), nil
}

// within is in and not in.
func within(op string, v, list scalar) (scalar, error) {
	switch {
	case v.kind == none || list.kind != listed:
		return scalar{}, nil
	case v.kind == listed:
		return scalar{}, undecided("a list looked for in a list")
	}
	return truthOf(slices.ContainsFunc(*list.elements, v.equal) == (op == "in")), nil
}

// arithmetic is an operation on numbers; truth values are 1 and 0. Without one of them, or
// when the outcome is not finite, there is no value.
func (s scope) arithmetic(op string, args []scalar) scalar {
	x := make([]float64, len(args))
	for i, v := range args {
		if v.kind != numeric && v.kind != truth {
			return scalar{}
		}
		x[i] = v.number
	}
	y := s.calculate(op, x)
	if math.IsNaN(y) || math.IsInf(y, 0) {
		return scalar{}
	}
	return numberOf(y)
}

func (s scope) calculate(op string, x []float64) float64 {
	switch op {
	case "negative":
		return -x[0]
	case "+":
		return x[0] + x[1]
	case "-":
		return x[0] - x[1]
	case "*":
		return x[0] * x[1]
	case "/":
		return x[0] / x[1]
	case "ratio":
		if x[1] == 0 {
			return 0
		}
		return x[0] / x[1]
	case "log1p":
		return math.Log1p(x[0])
	case "exp":
		return math.Exp(x[0])
	case "sqrt":
		return math.Sqrt(x[0])
	case "abs":
		return math.Abs(x[0])
	case "min":
		return slices.Min(x)
	case "max":
		return slices.Max(x)
	case "age":
		return max(0, (float64(s.q)-x[0])/1000)
	case "hour":
		return float64(floorMod(s.hours(x), 24))
	case "weekday": // day 0 was a Thursday, which is 4
		return float64(floorMod(tile(s.hours(x), 24)+3, 7) + 1)
	}
	panic("BUG: operation " + op + " passed the parser")
}

// hours are the whole hours from 1970 to the time of the row, in UTC and an offset.
func (s scope) hours(offset []float64) int64 {
	const hour = 3_600_000
	t := s.q
	if len(offset) == 1 {
		t += int64(offset[0] * hour)
	}
	return tile(t, hour)
}

func floorMod(n, m int64) int64 { return n - tile(n, m)*m }

// bucketize is how many of the bounds are not above the value.
func (s scope) bucketize(n node) (scalar, error) {
	all, err := s.all(append([]node{n.args[0]}, n.args[1].args...))
	if err != nil || all[0].kind != numeric && all[0].kind != truth {
		return scalar{}, err
	}
	below := 0.0
	for _, bound := range all[1:] {
		if bound.number <= all[0].number {
			below++
		}
	}
	return numberOf(below), nil
}
