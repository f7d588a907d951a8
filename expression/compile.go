package expression

import (
	"fmt"
	"math"

	"github.com/expr-lang/expr/ast"
)

// value is a part of an expression, compiled: a function for its kind, and no other.
type value struct {
	kind  Kind // 0 after an error
	node  ast.Node
	fixed bool // reads no row

	number func(*Row) float64 // NaN is no value
	truth  func(*Row) verdict
	text   func(*Row) string // "" is no value
	scalar func(*Row) scalar // of an Either, which may also turn out to be a list or a truth value
	list   members
}

// compiler turns a checked tree into functions. It notes the first error and goes on with values
// of no kind, about which nothing more is said.
type compiler struct {
	source    string
	where     bool            // for events; otherwise for rows of features
	eventless bool            // with where: there is no event
	features  map[string]Kind // that may be read
	index     func(name string) int
	err       *Error
}

func (c *compiler) failAt(at int, hint, format string, args ...any) value {
	if c.err == nil {
		c.err = errorAt(c.source, at, hint, fmt.Sprintf(format, args...))
	}
	return value{}
}

func (c *compiler) fail(n ast.Node, hint, format string, args ...any) value {
	return c.failAt(begin(n), hint, format, args...)
}

// compile compiles one node. Numbers and truth values that read no row are computed at once.
func (c *compiler) compile(n ast.Node) value {
	if c.err != nil {
		return value{}
	}
	v := c.node(n)
	if c.err != nil {
		return value{}
	}
	v.node = n
	if !v.fixed {
		return v
	}
	switch v.kind {
	case Number:
		constant := v.number(nil)
		v.number = func(*Row) float64 { return constant }
	case truth:
		constant := v.truth(nil)
		v.truth = func(*Row) verdict { return constant }
	}
	return v
}

func (c *compiler) node(n ast.Node) value {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return constantNumber(float64(n.Value))
	case *ast.FloatNode:
		return constantNumber(n.Value)
	case *ast.BoolNode:
		answer := verdictOf(n.Value)
		return value{kind: truth, fixed: true, truth: func(*Row) verdict { return answer }}
	case *ast.StringNode:
		if n.Value == "" {
			return c.fail(n, "compare with nil to ask whether there is a value", "an empty text is no value")
		}
		return value{kind: Text, fixed: true, text: func(*Row) string { return n.Value }}
	case *ast.NilNode:
		return value{kind: absent, fixed: true}
	case *ast.IdentifierNode:
		return c.name(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		if !n.Ternary {
			return c.fail(n.Cond, "write condition ? a : b", "if and else are not part of this language")
		}
		return c.conditional(n)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(n, callee.Value, n.Arguments)
		}
		return c.fail(n, "", "methods are not part of this language")
	case *ast.BuiltinNode:
		return c.call(n, n.Name, n.Arguments)
	case *ast.ArrayNode:
		return c.literals(n)
	case *ast.ChainNode:
		return c.fail(n, "write . instead: what is absent is no value anyway", "?. is not part of this language")
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		return c.fail(n, "make a feature of its own of it", "let and ; are not part of this language")
	case *ast.SliceNode:
		return c.fail(n, "", "slices are not part of this language")
	case *ast.MapNode:
		return c.fail(n, "", "mappings are not part of this language")
	case *ast.BytesNode:
		return c.fail(n, "leave out the b before the quotes", "bytes are not part of this language")
	}
	return c.fail(n, "", "this is not part of the language")
}

func constantNumber(x float64) value {
	return value{kind: Number, fixed: true, number: func(*Row) float64 { return x }}
}

func (c *compiler) unary(n *ast.UnaryNode) value {
	v := c.compile(n.Node)
	switch n.Operator {
	case "!", "not":
		of := c.asTruth(v)
		return value{kind: truth, fixed: v.fixed, truth: func(r *Row) verdict {
			switch of(r) {
			case yes:
				return no
			case no:
				return yes
			}
			return unknown
		}}
	case "-":
		of := c.asNumber(v)
		return value{kind: Number, fixed: v.fixed, number: func(r *Row) float64 { return -of(r) }}
	case "+":
		return value{kind: Number, fixed: v.fixed, number: c.asNumber(v)}
	}
	return c.fail(n, "", "the operator %s is not part of this language", n.Operator)
}

func (c *compiler) binary(n *ast.BinaryNode) value {
	switch n.Operator {
	case "&&", "and", "||", "or":
		return c.logic(n)
	case "+", "-", "*", "/":
		return c.arithmetic(n)
	case "==", "!=", "<", "<=", ">", ">=":
		return c.comparison(n)
	case "in":
		return c.membership(n)
	case "contains", "startsWith", "endsWith":
		return c.within(n)
	case "??":
		return c.orElse(n)
	}
	hint := ""
	switch n.Operator {
	case "**", "^":
		hint = "write x * x, or exp(y * …)"
	case "matches":
		hint = "there are contains, startsWith and endsWith"
	case "..":
		hint = "write x >= a && x <= b"
	}
	return c.failAt(n.Location().From, hint, "the operator %s is not part of this language", n.Operator)
}

func (c *compiler) logic(n *ast.BinaryNode) value {
	left, right := c.compile(n.Left), c.compile(n.Right)
	a, b := c.asTruth(left), c.asTruth(right)
	v := value{kind: truth, fixed: left.fixed && right.fixed}
	decides, other := no, yes // for &&: one no decides
	if n.Operator == "||" || n.Operator == "or" {
		decides, other = yes, no
	}
	v.truth = func(r *Row) verdict {
		x := a(r)
		if x == decides {
			return x
		}
		if y := b(r); y == decides || x == other {
			return y
		}
		return unknown
	}
	return v
}

func (c *compiler) arithmetic(n *ast.BinaryNode) value {
	left, right := c.compile(n.Left), c.compile(n.Right)
	if n.Operator == "+" && left.kind == Text && right.kind == Text {
		return c.fail(n, "write cross(a, b)", "texts can not be added")
	}
	a, b := c.asNumber(left), c.asNumber(right)
	if c.err != nil {
		return value{}
	}
	v := value{kind: Number, fixed: left.fixed && right.fixed}
	switch n.Operator {
	case "+":
		v.number = func(r *Row) float64 { return finite(a(r) + b(r)) }
	case "-":
		v.number = func(r *Row) float64 { return finite(a(r) - b(r)) }
	case "*":
		v.number = func(r *Row) float64 { return finite(a(r) * b(r)) }
	case "/":
		if right.fixed && b(nil) == 0 {
			return c.failAt(n.Location().From, "write ratio(a, b) for 0 where b is 0", "division by zero")
		}
		v.number = func(r *Row) float64 { return finite(a(r) / b(r)) }
	}
	return v
}

// conditional is c ? a : b, which has no value when c has none.
func (c *compiler) conditional(n *ast.ConditionalNode) value {
	cond, a, b := c.compile(n.Cond), c.compile(n.Exp1), c.compile(n.Exp2)
	test := c.asTruth(cond)
	v, merged := c.merge(a, b)
	if !merged {
		return v
	}
	v.fixed = cond.fixed && a.fixed && b.fixed
	switch v.kind {
	case Number:
		x, y := c.branchNumber(a), c.branchNumber(b)
		v.number = func(r *Row) float64 {
			switch test(r) {
			case yes:
				return x(r)
			case no:
				return y(r)
			}
			return math.NaN()
		}
	case truth:
		x, y := c.branchTruth(a), c.branchTruth(b)
		v.truth = func(r *Row) verdict {
			switch test(r) {
			case yes:
				return x(r)
			case no:
				return y(r)
			}
			return unknown
		}
	case Text:
		x, y := c.branchText(a), c.branchText(b)
		v.text = func(r *Row) string {
			switch test(r) {
			case yes:
				return x(r)
			case no:
				return y(r)
			}
			return ""
		}
	default:
		x, y := c.asScalar(a), c.asScalar(b)
		v.scalar = func(r *Row) scalar {
			switch test(r) {
			case yes:
				return x(r)
			case no:
				return y(r)
			}
			return scalar{}
		}
	}
	return v
}

// orElse is a ?? b: a, or b where a has no value.
func (c *compiler) orElse(n *ast.BinaryNode) value {
	a, b := c.compile(n.Left), c.compile(n.Right)
	v, merged := c.merge(a, b)
	if !merged {
		return v
	}
	v.fixed = a.fixed && b.fixed
	switch v.kind {
	case Number:
		x, y := c.branchNumber(a), c.branchNumber(b)
		v.number = func(r *Row) float64 {
			if first := x(r); first == first {
				return first
			}
			return y(r)
		}
	case truth:
		x, y := c.branchTruth(a), c.branchTruth(b)
		v.truth = func(r *Row) verdict {
			if first := x(r); first != unknown {
				return first
			}
			return y(r)
		}
	case Text:
		x, y := c.branchText(a), c.branchText(b)
		v.text = func(r *Row) string {
			if first := x(r); first != "" {
				return first
			}
			return y(r)
		}
	default:
		x, y := c.asScalar(a), c.asScalar(b)
		v.scalar = func(r *Row) scalar {
			if first := x(r); first.kind != 0 {
				return first
			}
			return y(r)
		}
	}
	return v
}

// merge finds the kind of what is either a or b.
func (c *compiler) merge(a, b value) (v value, ok bool) {
	if c.err != nil {
		return value{}, false
	}
	for _, of := range []value{a, b} {
		if of.kind == List {
			return c.fail(of.node, "use in on each", "a list can not be chosen"), false
		}
	}
	switch {
	case a.kind == b.kind && a.kind != absent:
		return value{kind: a.kind}, true
	case a.kind == absent && b.kind == absent:
		return c.fail(a.node, "", "both values are nil"), false
	case a.kind == absent:
		return value{kind: b.kind}, true
	case b.kind == absent:
		return value{kind: a.kind}, true
	case a.kind == Either || b.kind == Either:
		return value{kind: Either}, true
	case a.kind != Text && b.kind != Text:
		return value{kind: Number}, true // a number and a truth value
	}
	return c.fail(b.node, "", "one value is %s, the other %s; both must be of one kind", a.kind, b.kind), false
}

func (c *compiler) branchNumber(v value) func(*Row) float64 {
	if v.kind == absent {
		return func(*Row) float64 { return math.NaN() }
	}
	return c.asNumber(v)
}

func (c *compiler) branchTruth(v value) func(*Row) verdict {
	if v.kind == absent {
		return func(*Row) verdict { return unknown }
	}
	return c.asTruth(v)
}

func (c *compiler) branchText(v value) func(*Row) string {
	if v.kind == absent {
		return func(*Row) string { return "" }
	}
	return c.asText(v)
}

// asNumber reads v as a number; a truth value is 1 or 0.
func (c *compiler) asNumber(v value) func(*Row) float64 {
	switch v.kind {
	case 0:
	case Number:
		return v.number
	case truth:
		of := v.truth
		return func(r *Row) float64 { return of(r).asNumber() }
	case Either:
		of := v.scalar
		return func(r *Row) float64 { return of(r).asNumber() }
	default:
		c.fail(v.node, "", "this is %s; it must be a number", v.kind)
	}
	return func(*Row) float64 { return math.NaN() }
}

func (c *compiler) asTruth(v value) func(*Row) verdict {
	switch v.kind {
	case 0:
	case truth:
		return v.truth
	case Either:
		of := v.scalar
		return func(r *Row) verdict { return of(r).asVerdict() }
	case Number:
		c.fail(v.node, "compare it, as in x > 0", "this is %s; it must be true or false", v.kind)
	default:
		c.fail(v.node, "", "this is %s; it must be true or false", v.kind)
	}
	return func(*Row) verdict { return unknown }
}

func (c *compiler) asText(v value) func(*Row) string {
	switch v.kind {
	case 0:
	case Text:
		return v.text
	case Either:
		of := v.scalar
		return func(r *Row) string { return of(r).asText() }
	default:
		c.fail(v.node, "", "this is %s; it must be a text", v.kind)
	}
	return func(*Row) string { return "" }
}

// asScalar reads v as whatever it is; a list field is none.
func (c *compiler) asScalar(v value) func(*Row) scalar {
	switch v.kind {
	case Number:
		of := v.number
		return func(r *Row) scalar { return numberScalar(of(r)) }
	case truth:
		of := v.truth
		return func(r *Row) scalar { return truthScalar(of(r)) }
	case Text:
		of := v.text
		return func(r *Row) scalar { return textScalar(of(r)) }
	case Either:
		return v.scalar
	case List:
		c.fail(v.node, "use in to look into it", "this is a list; it must be a single value")
	}
	return func(*Row) scalar { return scalar{} }
}
