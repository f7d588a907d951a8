package expression

import (
	"math"

	"github.com/expr-lang/expr/ast"
)

// Use is a feature that an expression reads, and where it does so first.
type Use struct {
	Name   string
	Line   int // 1-based
	Column int // 1-based, in characters
}

// Parsed is an expression over features whose kinds are not known yet.
type Parsed struct {
	text string
	root ast.Node
	uses []Use
}

// ParseDerived reads the expression of a derived feature. Every error is an [*Error].
func ParseDerived(text string) (*Parsed, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return &Parsed{text: text, root: root, uses: usesOf(text, root)}, nil
}

// usesOf lists the features that a tree names.
func usesOf(text string, root ast.Node) []Use {
	var uses []Use
	seen, at := map[string]bool{}, map[int]int{} // character → place among uses
	use := func(name string, n ast.Node) {
		if !seen[name] {
			seen[name], at[n.Location().From] = true, len(uses)
			uses = append(uses, Use{Name: name})
		}
	}
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		switch n := n.(type) {
		case *ast.IdentifierNode:
			if !reserved[n.Value] {
				use(n.Value, n)
			}
		case *ast.MemberNode:
			if of, isName := n.Node.(*ast.IdentifierNode); isName {
				if name, ok := n.Property.(*ast.StringNode); ok && of.Value == "features" {
					use(name.Value, name)
				}
				return
			}
		}
		for _, child := range children(n) {
			walk(child)
		}
	}
	walk(root)
	line, column, character := 1, 1, 0
	for _, r := range text {
		if i, ok := at[character]; ok {
			uses[i].Line, uses[i].Column = line, column
		}
		character++
		if column++; r == '\n' {
			line, column = line+1, 1
		}
	}
	return uses
}

// Uses lists the features read, in order of first use. The caller must not change it.
func (p *Parsed) Uses() []Use { return p.uses }

// Compile checks the expression against the kinds of all features that it may read. Every error
// is an [*Error]. What the map says of the features used must not change until [Derived.Bind].
func (p *Parsed) Compile(features map[string]Kind) (*Derived, error) {
	d := &Derived{parsed: p, features: features}
	v, err := d.compile(nil)
	if err != nil {
		return nil, err
	}
	if d.kind = v.kind; v.kind == truth {
		d.kind = Number
	}
	for _, u := range p.uses {
		d.uses = append(d.uses, u.Name)
	}
	return d, nil
}

// Derived is a compiled derived feature.
type Derived struct {
	parsed   *Parsed
	features map[string]Kind
	kind     Kind
	uses     []string
}

// CompileDerived is [ParseDerived] and [Parsed.Compile].
func CompileDerived(text string, features map[string]Kind) (*Derived, error) {
	p, err := ParseDerived(text)
	if err != nil {
		return nil, err
	}
	return p.Compile(features)
}

func (d *Derived) compile(index func(string) int) (value, error) {
	c := &compiler{source: d.parsed.text, features: d.features, index: index}
	v := c.compile(d.parsed.root)
	if c.err == nil && (v.kind == List || v.kind == absent) {
		c.fail(d.parsed.root, "", "this is %s; a derived feature is a number or a text", v.kind)
	}
	if c.err != nil {
		return value{}, c.err
	}
	return v, nil
}

// Kind is Number, Text, or Either when only the row decides.
func (d *Derived) Kind() Kind { return d.kind }

// Uses lists the features read, in order of first use. The caller must not change it.
func (d *Derived) Uses() []string { return d.uses }

// Bind gives the form that reads rows in which each feature used has the place that index says, a
// place in Row.Numbers and in Row.Texts.
func (d *Derived) Bind(index func(name string) int) *Bound {
	v, err := d.compile(index)
	if err != nil {
		panic("BUG: what was compiled before no longer is: " + err.Error())
	}
	b := &Bound{}
	switch v.kind {
	case Number:
		b.number = v.number
	case truth:
		of := v.truth
		b.number = func(r *Row) float64 { return of(r).asNumber() }
	case Text:
		b.text = v.text
	default:
		b.scalar = v.scalar
	}
	return b
}

// Bound is a derived feature that can be read. It is safe for concurrent use; one of its
// functions is not nil.
type Bound struct {
	number func(*Row) float64
	text   func(*Row) string
	scalar func(*Row) scalar
}

// Value reads the row. A number is finite, and NaN when there is none; a text is "" when there
// is none; null says that there is neither. Reading a number allocates nothing.
func (b *Bound) Value(r *Row) (number float64, text string, null bool) {
	switch {
	case b.number != nil:
		number = finite(b.number(r))
		return number, "", number != number
	case b.text != nil:
		text = b.text(r)
		return math.NaN(), text, text == ""
	}
	s := b.scalar(r)
	number, text = s.asNumber(), s.asText()
	return number, text, number != number && text == ""
}
