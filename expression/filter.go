package expression

import (
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"

	"github.com/freshet-rec/freshet"
)

// Filter is a condition on an item, for a user and the context of a request; no event is there to
// be read. It is safe for concurrent use.
type Filter struct {
	holds     func(*Row) verdict
	attribute string              // of items; "" for none
	wanted    func(*Row) []scalar // the values one of which it must have
}

// CompileFilter compiles a condition; every error is an [*Error].
func CompileFilter(text string) (*Filter, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := &compiler{source: text, where: true, eventless: true}
	v := c.compile(root)
	if c.err == nil && (v.kind == List || v.kind == absent) {
		c.fail(root, "", "this is %s; it must be true or false", v.kind)
	}
	f := &Filter{holds: c.asTruth(v)}
	if c.err != nil {
		return nil, c.err
	}
	f.find(c, root)
	return f, nil
}

// True reports that the condition is true of the row's item. No value is not true.
func (f *Filter) True(r *Row) bool { return f.holds(r) == yes }

// Attribute names what of an item must have a value out of Wanted wherever the condition is true:
// id, category, categories, tags or an attribute. There is one when the condition is, or has on
// one side of &&,
//
//	item.x == y    item.x in y    y in item.x
//
// and y does not depend on the item. ok is false when there is none.
func (f *Filter) Attribute() (name string, ok bool) { return f.attribute, f.attribute != "" }

// Wanted appends the keys of the values that the attribute must have one of, each once. It reads no
// item of the row.
func (f *Filter) Wanted(dst []string, r *Row) []string {
	for _, s := range f.wanted(r) {
		if key := s.key(); key != "" && !slices.Contains(dst, key) {
			dst = append(dst, key)
		}
	}
	return dst
}

// ItemKeys appends the keys of the values that an item has of an attribute, as Attribute names it,
// each once.
func ItemKeys(dst []string, doc *freshet.Item, attribute string) []string {
	add := func(v any) {
		if key := scalarOf(v).key(); key != "" && !slices.Contains(dst, key) {
			dst = append(dst, key)
		}
	}
	switch attribute {
	case "id":
		add(string(doc.ID))
	case "category":
		if len(doc.Categories) > 0 {
			add(doc.Categories[0])
		}
	case "categories":
		for _, c := range doc.Categories {
			add(c)
		}
	case "tags":
		for _, t := range doc.Tags {
			add(t)
		}
	default:
		if list, ok := doc.Attributes[attribute].([]any); ok {
			for _, v := range list {
				add(v)
			}
			return dst
		}
		add(doc.Attributes[attribute])
	}
	return dst
}

// key is a text by which equal values are found: two that are equal have one key.
func (s scalar) key() string {
	switch s.kind {
	case Text:
		return "s" + s.text
	case Number, truth: // a truth value may be compared as a number
		return "n" + strconv.FormatFloat(s.asNumber()+0, 'g', -1, 64)
	}
	return ""
}

// find looks for a part that says which values an attribute must have. c has compiled all of it.
func (f *Filter) find(c *compiler, n ast.Node) {
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return
	}
	switch b.Operator {
	case "&&", "and":
		if f.find(c, b.Left); f.attribute == "" {
			f.find(c, b.Right)
		}
	case "==":
		if !f.use(c, b.Left, b.Right, false) {
			f.use(c, b.Right, b.Left, false)
		}
	case "in":
		if !f.use(c, b.Left, b.Right, true) {
			f.use(c, b.Right, b.Left, false)
		}
	}
}

// use takes item for the attribute and other for what it must have, a list when list is set.
func (f *Filter) use(c *compiler, item, other ast.Node, list bool) bool {
	member, ok := item.(*ast.MemberNode)
	if !ok || readsItem(other) {
		return false
	}
	of, isName := member.Node.(*ast.IdentifierNode)
	property, isText := member.Property.(*ast.StringNode)
	if !isName || !isText || of.Value != "item" || slices.Contains(itemNumbers, property.Value) {
		return false
	}
	v := c.compile(other)
	switch {
	case v.kind == List && v.list.literals != nil:
		literals := v.list.literals
		f.wanted = func(*Row) []scalar { return literals }
	case v.kind == List || v.kind == absent:
		return false
	default:
		one := c.asScalar(v)
		f.wanted = func(r *Row) []scalar {
			s := one(r)
			if s.kind != List {
				return []scalar{s}
			}
			if !list {
				return nil // a list is equal to nothing, and in none
			}
			values := make([]scalar, len(s.list))
			for i, element := range s.list {
				values[i] = scalarOf(element)
			}
			return values
		}
	}
	f.attribute = property.Value
	return true
}

// itemNumbers are the words of the catalogue that no item is found by.
var itemNumbers = []string{"title", "price", "published_ms"}

// readsItem reports that a part of an expression depends on the item.
func readsItem(n ast.Node) bool {
	if name, ok := n.(*ast.IdentifierNode); ok {
		return name.Value == "item"
	}
	return slices.ContainsFunc(children(n), readsItem)
}
