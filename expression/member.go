package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// members is the list on the right side of in: texts of the catalogue, or values written out.
type members struct {
	field    func(*Row) (texts []string, known bool) // nil when the list is written out
	literals []scalar
}

// literals compiles [a, b, …], whose elements are written out.
func (c *compiler) literals(n *ast.ArrayNode) value {
	v := value{kind: List}
	for _, element := range n.Nodes {
		e := c.compile(element)
		if c.err != nil {
			return value{}
		}
		if !e.fixed || e.kind == absent || e.kind == List {
			return c.fail(element, "", "a list holds numbers, texts and truth values that are written out")
		}
		s := c.asScalar(e)(nil)
		if s.kind == 0 {
			return c.fail(element, "", "this has no value")
		}
		v.list.literals = append(v.list.literals, s)
	}
	return v
}

// membership is a in b.
func (c *compiler) membership(n *ast.BinaryNode) value {
	left, right := c.compile(n.Left), c.compile(n.Right)
	if c.err != nil {
		return value{}
	}
	if left.kind == List {
		return c.fail(left.node, "the left side of in is one value, the right side the list", "a list is in no list")
	}
	if left.kind == absent {
		return c.fail(left.node, "x == nil asks whether there is a value", "nil is in no list")
	}
	v := value{kind: truth}
	switch {
	case right.kind == Either:
		// What a list of the catalogue holds is known only when it is read; a single value
		// stands for a list of one.
		a, list := c.asScalar(left), right.scalar
		v.truth = func(r *Row) verdict { return inValue(a(r), list(r)) }
	case right.kind != List:
		hint := "write [a, b]"
		if right.kind == Text {
			hint = "write a contains b to look into a text"
		}
		return c.fail(right.node, hint, "this is %s; the right side of in must be a list", right.kind)
	case right.list.field != nil:
		a, list := c.asText(left), right.list.field
		v.truth = func(r *Row) verdict {
			texts, known := list(r)
			x := a(r)
			if x == "" || !known {
				return unknown
			}
			return verdictOf(slices.Contains(texts, x))
		}
	default:
		return c.inLiterals(left, right.list.literals, right.node.(*ast.ArrayNode))
	}
	return v
}

// inLiterals is membership in a list written out.
func (c *compiler) inLiterals(left value, literals []scalar, list *ast.ArrayNode) value {
	for i, l := range literals {
		if left.kind != Either && l.kind != left.kind {
			return c.fail(list.Nodes[i], "", "this is %s, and what is looked for %s", l.kind, left.kind)
		}
	}
	if left.kind == Text {
		texts := make([]string, len(literals))
		for i, l := range literals {
			texts[i] = l.text
		}
		of, has := left.text, containsText(texts)
		return value{kind: truth, truth: func(r *Row) verdict {
			x := of(r)
			if x == "" {
				return unknown
			}
			return verdictOf(has(x))
		}}
	}
	of := c.asScalar(left)
	return value{kind: truth, truth: func(r *Row) verdict {
		x := of(r)
		if x.kind == 0 || x.kind == List {
			return unknown
		}
		for i := range literals {
			if same(x, literals[i]) {
				return yes
			}
		}
		return no
	}}
}

// containsText is the test whether a text is one of texts. A short list is read faster than a map.
func containsText(texts []string) func(string) bool {
	const short = 8 // a guess
	if len(texts) <= short {
		return func(x string) bool { return slices.Contains(texts, x) }
	}
	set := make(map[string]struct{}, len(texts))
	for _, t := range texts {
		set[t] = struct{}{}
	}
	return func(x string) bool { _, in := set[x]; return in }
}

func inValue(x, list scalar) verdict {
	switch {
	case x.kind == 0, x.kind == List, list.kind == 0:
		return unknown
	case list.kind != List:
		return verdictOf(same(x, list))
	}
	for _, element := range list.list {
		if same(x, scalarOf(element)) {
			return yes
		}
	}
	return no
}

// same reports that two values are of one kind and equal; lists never are.
func same(x, y scalar) bool {
	return x.kind == y.kind && x.kind != List && x.number == y.number && x.text == y.text && x.yes == y.yes
}
