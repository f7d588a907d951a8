package config

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// tree converts the library's nodes into ours.
type tree struct {
	source
	problems *problems
}

// node converts one value. Its depth is bounded by maxDepth and by indentation.
func (t tree) node(v ast.Node) *node {
	at := t.at(v.GetToken())
	switch v := v.(type) {
	case *ast.NullNode:
		return &node{kind: null, at: at}
	case *ast.BoolNode:
		return &node{kind: boolean, at: at, text: v.GetToken().Value}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return &node{kind: number, at: at, text: v.GetToken().Value}
	case *ast.StringNode:
		// The library takes 1e3 for text and YAML for a number.
		if v.Token.Type == token.StringType && decimal.MatchString(v.Value) {
			return &node{kind: number, at: at, text: v.Value}
		}
		return t.text(at, v.Token.Type, v.Value)
	case *ast.LiteralNode:
		return t.text(at, v.Start.Type, v.Value.Value)
	case *ast.AnchorNode: // reported with the tokens; what it holds is still worth checking
		return t.node(v.Value)
	case *ast.TagNode:
		return t.node(v.Value)
	case *ast.SequenceNode:
		n := &node{kind: list, at: at}
		for i, item := range v.Values {
			n.items = append(n.items, t.node(item))
			if i < len(v.Entries) && v.Entries[i] != nil && n.items[i].kind == null {
				n.items[i].at = t.at(v.Entries[i].Start) // an empty item stands at its dash
			}
		}
		return n
	case *ast.MappingNode:
		return t.mapping(at, v.Values)
	case *ast.MappingValueNode:
		return t.mapping(at, []*ast.MappingValueNode{v})
	}
	return &node{kind: broken, at: at} // aliases, reported with the tokens
}

// text converts a text.
func (t tree) text(at position, written token.Type, value string) *node {
	as := map[token.Type]style{
		token.SingleQuoteType: singleStyle, token.DoubleQuoteType: doubleStyle, token.LiteralType: literalStyle, token.FoldedType: foldedStyle,
	}[written]
	return &node{kind: text, at: at, text: value, places: func() []position { return t.places(at, as, value) }}
}

// mapping converts the entries of a mapping. A mapping without brackets stands at its
// first key.
func (t tree) mapping(at position, values []*ast.MappingValueNode) *node {
	n := &node{kind: mapping, at: at}
	first := make(map[string]position, len(values))
	for i, v := range values {
		key := v.Key.GetToken()
		keyAt := t.at(key)
		if i == 0 && (keyAt.line < at.line || keyAt.line == at.line && keyAt.column < at.column) {
			n.at = keyAt
		}
		if v.Key.IsMergeKey() {
			continue // reported with the tokens
		}
		name, isText := v.Key.(*ast.StringNode)
		if !isText || name.Token.Type == token.StringType && decimal.MatchString(name.Value) {
			t.problems.add(keyAt, fmt.Sprintf("write %q", key.Value), "the key %s is not text", quote(key.Value))
			continue
		}
		if was, twice := first[name.Value]; twice {
			t.problems.add(keyAt, "", "duplicate key %s; the first is on line %d", quote(name.Value), was.line)
			continue
		}
		first[name.Value] = keyAt
		n.entries = append(n.entries, entry{key: name.Value, at: keyAt, value: t.node(v.Value)})
	}
	return n
}
