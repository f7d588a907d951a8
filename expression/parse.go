package expression

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// The bounds of an expression.
const (
	MaxBytes = 4096 // of its text
	MaxDepth = 200  // operators and calls inside one another; a sum of n terms is n−1 deep
)

// parse turns the text into a tree that is bounded and holds no node twice.
func parse(text string) (root ast.Node, err error) {
	switch {
	case len(text) > MaxBytes:
		return nil, errorAt(text, 0, "", fmt.Sprintf("the expression has %d bytes; at most %d are read", len(text), MaxBytes))
	case !utf8.ValidString(text):
		bad := strings.IndexRune(text, utf8.RuneError) // the first byte that is none, or a U+FFFD before it
		return nil, errorAt(text, utf8.RuneCountInString(text[:bad]), "", "the expression is not valid UTF-8")
	case strings.TrimSpace(text) == "":
		return nil, errorAt(text, 0, "", "the expression is empty")
	}
	// The library is not ours to vouch for: should it panic on some text, that text is
	// refused instead of ending the program.
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, errorAt(text, 0, "", fmt.Sprintf("the expression cannot be read: %v", r))
		}
	}()
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, syntaxError(text, err)
	}
	if fault := checkTree(text, tree.Node); fault != nil {
		return nil, fault
	}
	return tree.Node, nil
}

var tokenWords = regexp.MustCompile(`(?:Operator|Identifier|Number|String|Bytes|Bracket)\(("(?:[^"\\]|\\.)*")\)`)

var mixed = regexp.MustCompile(`^Operator \((.+)\) and coalesce expressions`)

// syntaxError is the library's verdict in words for people.
func syntaxError(text string, err error) *Error {
	var verdict *file.Error
	if !errors.As(err, &verdict) {
		return errorAt(text, 0, "", err.Error())
	}
	at, message, hint := verdict.From, tokenWords.ReplaceAllString(verdict.Message, "$1"), ""
	switch message {
	case "unexpected token EOF":
		at, message = utf8.RuneCountInString(text), "the expression ends too early"
	case `unexpected token "="`:
		hint = "write == to compare"
	case `unexpected token "&"`, "unrecognized character: U+0026 '&'":
		hint = "write &&"
	case "literal not terminated":
		message = "the text is not closed"
	}
	if m := mixed.FindStringSubmatch(message); m != nil {
		message, hint = "the operator "+m[1]+" and ?? need brackets", "write (a ?? b) "+m[1]+" c"
	}
	return errorAt(text, at, hint, strings.ReplaceAll(message, "unexpected token", "unexpected"))
}

// checkTree refuses trees that are too deep, and those in which one node stands twice: the
// parser makes them of a < b < c and a ?: b, and walking them takes time exponential in depth.
func checkTree(text string, root ast.Node) *Error {
	seen := map[ast.Node]bool{}
	var walk func(n ast.Node, depth int) *Error
	walk = func(n ast.Node, depth int) *Error {
		if seen[n] {
			return errorAt(text, begin(n), "write a < b && b < c, and a ?? b", "comparisons can not be chained, and ?: needs a value between its signs")
		}
		seen[n] = true
		if depth > MaxDepth {
			return errorAt(text, begin(n), "move a part into a feature of its own", fmt.Sprintf("the expression is more than %d deep", MaxDepth))
		}
		for _, child := range children(n) {
			if err := walk(child, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(root, 1)
}

// children are the parts of a node that this language has, in the order of the text.
func children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.CallNode:
		return n.Arguments
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.ArrayNode:
		return n.Nodes
	}
	return nil
}

// begin is the character at which a node's text begins, as far as the tree tells: brackets
// around it are not in there, and an operator's own place is its sign. It looks down the left
// side only.
func begin(n ast.Node) int {
	for {
		switch v := n.(type) {
		case *ast.BinaryNode:
			n = v.Left
		case *ast.ConditionalNode:
			n = v.Cond
		case *ast.MemberNode:
			n = v.Node
		case *ast.ChainNode:
			n = v.Node
		case *ast.UnaryNode:
			if inner, ok := v.Node.(*ast.BinaryNode); ok && inner.Location() == v.Location() {
				n = inner // a not in b: the tree has both at the place of in
				continue
			}
			return v.Location().From
		default:
			return n.Location().From
		}
	}
}

// FeatureText is how an expression reads the feature of that name: the name itself, or
// features["name"] when it is no single word or has another meaning.
func FeatureText(name string) string {
	if plainName.MatchString(name) && !reserved[name] {
		return name
	}
	return `features[` + strconv.Quote(name) + `]`
}

var plainName = regexp.MustCompile(`^[\pL_$][\pL\p{Nd}_$]*$`)

// reserved are the words that can not be a feature's name by itself.
var reserved = map[string]bool{
	"item": true, "user": true, "context": true, "ctx": true, "event": true, "features": true,
	"true": true, "false": true, "nil": true, "not": true, "in": true, "or": true, "and": true, "let": true,
	"if": true, "else": true, "matches": true, "contains": true, "startsWith": true, "endsWith": true,
}
