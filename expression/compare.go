package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// comparison is == != < <= > and >= of two numbers or two texts; == and != also of two truth
// values, and of anything with nil. Without a value on both sides it has none itself.
func (c *compiler) comparison(n *ast.BinaryNode) value {
	left, right := c.compile(n.Left), c.compile(n.Right)
	if c.err != nil {
		return value{}
	}
	equality := n.Operator == "==" || n.Operator == "!="
	v := value{kind: truth, fixed: left.fixed && right.fixed}
	for _, side := range []value{left, right} {
		switch {
		case side.kind == absent && equality:
			other := left
			if left.kind == absent {
				other = right
			}
			return c.presence(n, other)
		case side.kind == absent:
			return c.fail(side.node, "== and != ask whether there is a value", "nil has no order")
		case side.kind == List:
			return c.fail(side.node, "write x in list", "a list can not be compared")
		case side.kind == truth && !equality:
			return c.fail(side.node, "", "this is %s, which has no order", side.kind)
		}
	}
	if left.kind != right.kind && left.kind != Either && right.kind != Either {
		return c.fail(right.node, "", "the left side is %s, this is %s: they are never equal and have no order", left.kind, right.kind)
	}
	switch {
	case left.kind == Number && right.kind == Number:
		v.truth = compareNumbers(n.Operator, left.number, right.number)
	case left.kind == Text && right.kind == Text:
		a, b, holds := left.text, right.text, orders[n.Operator]
		v.truth = func(r *Row) verdict {
			x, y := a(r), b(r)
			if x == "" || y == "" {
				return unknown
			}
			return verdictOf(holds[strings.Compare(x, y)+1])
		}
	default:
		a, b, holds := c.asScalar(left), c.asScalar(right), orders[n.Operator]
		v.truth = func(r *Row) verdict { return compareScalars(a(r), b(r), holds, equality) }
	}
	return v
}

// orders says of each operator whether it holds for less, equal and greater.
var orders = map[string][3]bool{
	"==": {false, true, false}, "!=": {true, false, true},
	"<": {true, false, false}, "<=": {true, true, false},
	">": {false, false, true}, ">=": {false, true, true},
}

// decide is what holds of two numbers, unless one is no value.
func decide(x, y float64, holds bool) verdict {
	if x != x || y != y {
		return unknown
	}
	return verdictOf(holds)
}

func compareNumbers(operator string, a, b func(*Row) float64) func(*Row) verdict {
	switch operator {
	case "==":
		return func(r *Row) verdict { x, y := a(r), b(r); return decide(x, y, x == y) }
	case "!=":
		return func(r *Row) verdict { x, y := a(r), b(r); return decide(x, y, x != y) }
	case "<":
		return func(r *Row) verdict { x, y := a(r), b(r); return decide(x, y, x < y) }
	case "<=":
		return func(r *Row) verdict { x, y := a(r), b(r); return decide(x, y, x <= y) }
	case ">":
		return func(r *Row) verdict { x, y := a(r), b(r); return decide(x, y, x > y) }
	}
	return func(r *Row) verdict { x, y := a(r), b(r); return decide(x, y, x >= y) }
}

// compareScalars compares two values of kinds that only the row knows. Values of different kinds
// are not equal, and have no order; lists have neither.
func compareScalars(x, y scalar, holds [3]bool, equality bool) verdict {
	switch {
	case x.kind == 0 || y.kind == 0 || x.kind == List || y.kind == List:
		return unknown
	case x.kind != y.kind && equality:
		return verdictOf(holds[0])
	case x.kind != y.kind, x.kind == truth && !equality:
		return unknown
	case x.kind == Text:
		return verdictOf(holds[strings.Compare(x.text, y.text)+1])
	case x.kind == truth:
		return verdictOf((x.yes == y.yes) == holds[1])
	case x.number < y.number:
		return verdictOf(holds[0])
	case x.number > y.number:
		return verdictOf(holds[2])
	}
	return verdictOf(holds[1])
}

// presence is v == nil or v != nil, which always has a value.
func (c *compiler) presence(n *ast.BinaryNode, v value) value {
	want := n.Operator == "==" // that it is absent
	result := value{kind: truth, fixed: v.fixed}
	switch v.kind {
	case Number:
		of := v.number
		result.truth = func(r *Row) verdict { x := of(r); return verdictOf((x != x) == want) }
	case truth:
		of := v.truth
		result.truth = func(r *Row) verdict { return verdictOf((of(r) == unknown) == want) }
	case Text:
		of := v.text
		result.truth = func(r *Row) verdict { return verdictOf((of(r) == "") == want) }
	case Either:
		of := v.scalar
		result.truth = func(r *Row) verdict { return verdictOf((of(r).kind == 0) == want) }
	case List:
		if v.list.field == nil {
			return c.fail(v.node, "", "a list that is written out is never nil")
		}
		of := v.list.field
		result.truth = func(r *Row) verdict { _, known := of(r); return verdictOf(known != want) }
	default:
		return c.fail(n, "", "nil is always nil")
	}
	return result
}

// within is contains, startsWith and endsWith of texts.
func (c *compiler) within(n *ast.BinaryNode) value {
	left, right := c.compile(n.Left), c.compile(n.Right)
	if left.kind == List {
		return c.fail(n, "write x in list", "a list has no %s", n.Operator)
	}
	a, b := c.asText(left), c.asText(right)
	test := strings.Contains
	switch n.Operator {
	case "startsWith":
		test = strings.HasPrefix
	case "endsWith":
		test = strings.HasSuffix
	}
	return value{kind: truth, fixed: left.fixed && right.fixed, truth: func(r *Row) verdict {
		x, y := a(r), b(r)
		if x == "" || y == "" {
			return unknown
		}
		return verdictOf(test(x, y))
	}}
}
