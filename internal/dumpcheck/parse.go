package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// expression is a condition on events or a derived feature, read into a tree. Its language
// is that of docs/expressions.md, without cross and published_ms, which are told as errors.
type expression struct {
	text string
	root node
}

// place is where an expression stands, which says what it may read.
type place int

const (
	inWhere place = iota
	inDerived
)

// node is one operator, call, name or literal.
type node struct {
	op   string // an operator, a function's name, or one of literal, list, name, ?:
	of   string // of a name: event, item, user, context or features
	name string
	leaf scalar
	args []node
}

// strength orders the binary operators, the strongest last.
var strength = map[string]int{
	"||": 10, "&&": 15,
	"==": 20, "!=": 20, "<": 20, "<=": 20, ">": 20, ">=": 20, "in": 20, "not in": 20,
	"contains": 20, "startsWith": 20, "endsWith": 20,
	"+": 30, "-": 30, "*": 60, "/": 60, "??": 500,
}

// How strongly the prefixes hold what follows.
const (
	notStrength   = 50
	minusStrength = 90
)

// functions lists how many arguments each takes, at least and at most.
var functions = map[string][2]int{
	"log1p": {1, 1}, "exp": {1, 1}, "sqrt": {1, 1}, "abs": {1, 1},
	"min": {2, 4096}, "max": {2, 4096}, "ratio": {2, 2}, "bucketize": {2, 2},
	"hour": {0, 1}, "weekday": {0, 1}, "age": {1, 1},
}

type parser struct {
	tokens []token
	at     place
	depth  int
}

// token is a word, a number, a text or a sign; the last one of all is empty.
type token struct {
	kind kind // textual, numeric, or none for words and signs
	text string
}

// maxNesting bounds brackets and prefixes within one another.
const maxNesting = 500

func parseExpression(text string, at place) (e *expression, err error) {
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, at: at}
	root, err := p.whole()
	if err == nil && p.peek() != (token{}) {
		err = fmt.Errorf("unexpected %q", p.peek().text)
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return &expression{text, root}, nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t != (token{}) {
		p.tokens = p.tokens[1:]
	}
	return t
}

// take passes a sign or word if it comes next.
func (p *parser) take(text string) bool {
	if t := p.peek(); t.kind == none && t.text == text && text != "" {
		p.next()
		return true
	}
	return false
}

func (p *parser) want(text string) error {
	if !p.take(text) {
		return fmt.Errorf("%q is wanted at %q", text, p.peek().text)
	}
	return nil
}

// whole reads an expression with its conditionals.
func (p *parser) whole() (node, error) {
	if p.depth++; p.depth > maxNesting {
		return node{}, fmt.Errorf("nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	condition, err := p.binary(0)
	if err != nil || !p.take("?") {
		return condition, err
	}
	yes, err := p.whole()
	if err == nil {
		err = p.want(":")
	}
	if err != nil {
		return node{}, err
	}
	no, err := p.whole()
	return node{op: "?:", args: []node{condition, yes, no}}, err
}

// operator is the binary operator that comes next, "" when none does, and how many tokens
// it has.
func (p *parser) operator() (op string, length int) {
	t := p.peek()
	if t.kind != none {
		return "", 0
	}
	switch {
	case t.text == "and":
		return "&&", 1
	case t.text == "or":
		return "||", 1
	case t.text == "not" && len(p.tokens) > 1 && p.tokens[1] == token{text: "in"}:
		return "not in", 2
	case strength[t.text] > 0:
		return t.text, 1
	}
	return "", 0
}

// binary reads operators at least as strong as least; equal ones hold from the left.
func (p *parser) binary(least int) (node, error) {
	if p.depth++; p.depth > maxNesting {
		return node{}, fmt.Errorf("nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	left, err := p.prefixed()
	compared := false
	for err == nil {
		op, length := p.operator()
		if op == "" || strength[op] < least {
			break
		}
		if strength[op] == 20 {
			if compared {
				return node{}, fmt.Errorf("comparisons are chained at %q", op)
			}
			compared = true
		}
		p.tokens = p.tokens[length:]
		var right node
		if right, err = p.binary(strength[op] + 1); err == nil {
			left = node{op: op, args: []node{left, right}}
		}
	}
	return left, err
}

func (p *parser) prefixed() (node, error) {
	switch {
	case p.take("!"), p.take("not"):
		of, err := p.binary(notStrength)
		return node{op: "!", args: []node{of}}, err
	case p.take("-"):
		of, err := p.binary(minusStrength)
		return node{op: "negative", args: []node{of}}, err
	}
	return p.primary()
}

func (p *parser) primary() (node, error) {
	t := p.next()
	switch {
	case t.kind == textual:
		return literal(t.text), nil
	case t.kind == numeric:
		n, err := strconv.ParseFloat(t.text, 64)
		return node{op: "literal", leaf: numberOf(n)}, err
	case t.text == "(":
		inner, err := p.whole()
		if err == nil {
			err = p.want(")")
		}
		return inner, err
	case t.text == "[":
		args, err := p.list("]")
		return node{op: "list", args: args}, err
	case t.text == "true", t.text == "false":
		return node{op: "literal", leaf: truthOf(t.text == "true")}, nil
	case t.text == "nil":
		return node{op: "literal"}, nil
	case t.text == "" || !isLetter(rune(t.text[0])) && t.text[0] < 0x80:
		return node{}, fmt.Errorf("a value is wanted at %q", t.text)
	}
	if p.take("(") {
		return p.call(t.text)
	}
	return p.name(t.text)
}

// literal is a text written out; an empty one is no value.
func literal(text string) node {
	if text == "" {
		return node{op: "literal"}
	}
	return node{op: "literal", leaf: textOf(text)}
}

// list reads expressions between commas, up to a closing sign.
func (p *parser) list(closing string) ([]node, error) {
	var all []node
	for !p.take(closing) {
		if len(all) > 0 {
			if err := p.want(","); err != nil {
				return nil, err
			}
		}
		one, err := p.whole()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (p *parser) call(name string) (node, error) {
	args, err := p.list(")")
	if err != nil {
		return node{}, err
	}
	takes, known := functions[name]
	switch {
	case !known:
		return node{}, fmt.Errorf("function %s", name)
	case len(args) < takes[0] || len(args) > takes[1]:
		return node{}, fmt.Errorf("%s of %d arguments", name, len(args))
	case name == "bucketize" && (args[1].op != "list" || slices.ContainsFunc(args[1].args, func(n node) bool { return !isNumber(n) })):
		return node{}, fmt.Errorf("bucketize by bounds that are no numbers written out")
	}
	return node{op: name, args: args}, nil
}

// isNumber tells whether a node is a number written out.
func isNumber(n node) bool {
	return n.op == "literal" && n.leaf.kind == numeric || n.op == "negative" && isNumber(n.args[0])
}

// eventWords are what a condition may read of an event.
var eventWords = []string{"name", "query", "user_id", "item_id", "session_id", "value", "rank", "ts_ms"}

// name reads what follows a word that is no function: .name or ["name"], or nothing for a
// feature.
func (p *parser) name(of string) (node, error) {
	n := node{op: "name", of: of}
	switch {
	case p.take("."):
		t := p.next()
		if t.kind != none || t.text == "" {
			return node{}, fmt.Errorf("a name is wanted at %q", t.text)
		}
		n.name = t.text
	case p.take("["):
		t := p.next()
		if t.kind != textual {
			return node{}, fmt.Errorf("a name in quotes is wanted at %q", t.text)
		}
		n.name = t.text
		if err := p.want("]"); err != nil {
			return node{}, err
		}
	default:
		if p.at == inWhere {
			return node{}, fmt.Errorf("unknown name %s", of)
		}
		n.of, n.name = "features", of
	}
	if n.of == "ctx" {
		n.of = "context"
	}
	switch {
	case n.of == "event" && p.at == inWhere && slices.Contains(eventWords, n.name):
	case n.of == "features" && p.at == inDerived:
	case n.of == "item" && n.name == "published_ms":
		return node{}, fmt.Errorf("item.published_ms, which may be more than a dump tells")
	case n.of == "item", n.of == "user", n.of == "context":
	default:
		return node{}, fmt.Errorf("unknown name %s.%s", n.of, n.name)
	}
	return n, nil
}

func isLetter(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) }

// tokenize cuts a text into tokens, the last one of them empty.
func tokenize(text string) ([]token, error) {
	signs := []string{"||", "&&", "==", "!=", "<=", ">=", "??", "?.", "**", "..", "<", ">", "!", "+", "-", "*", "/", "(", ")", "[", "]", ",", ".", "?", ":"}
	var all []token
	rest := text
next:
	for {
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" {
			return append(all, token{}), nil
		}
		first := []rune(rest[:min(4, len(rest))])[0]
		switch {
		case first == '"' || first == '\'' || first == '`':
			word, after, err := quoted(rest)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", text, err)
			}
			all, rest = append(all, token{textual, word}), after
			continue
		case first >= '0' && first <= '9' || first == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
			length := numberLength(rest)
			all, rest = append(all, token{numeric, strings.ReplaceAll(rest[:length], "_", "")}), rest[length:]
			continue
		case isLetter(first):
			length := strings.IndexFunc(rest, func(r rune) bool { return !isLetter(r) && !unicode.IsDigit(r) })
			if length < 0 {
				length = len(rest)
			}
			all, rest = append(all, token{text: rest[:length]}), rest[length:]
			continue
		}
		for _, sign := range signs {
			if after, ok := strings.CutPrefix(rest, sign); ok {
				all, rest = append(all, token{text: sign}), after
				continue next
			}
		}
		return nil, fmt.Errorf("%q: unexpected %q", text, first)
	}
}

// numberLength is how much of a text that begins with a number belongs to it. What is no
// decimal number, such as 0x10, is left for ParseFloat or the parser to refuse.
func numberLength(text string) int {
	i := 0
	digits := func() {
		for i < len(text) && (text[i] >= '0' && text[i] <= '9' || text[i] == '_') {
			i++
		}
	}
	digits()
	if i < len(text) && text[i] == '.' {
		i++
		digits()
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		digits()
	}
	return i
}

// quoted reads a text in quotes from the start of rest. Of the escapes it knows those that
// are plain.
func quoted(rest string) (word, after string, err error) {
	quote := rest[0]
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == quote:
			return b.String(), rest[i+1:], nil
		case c == '\\' && quote != '`':
			i++
			if i == len(rest) {
				break
			}
			plain := map[byte]byte{'\\': '\\', '"': '"', '\'': '\'', 'n': '\n', 't': '\t', 'r': '\r'}
			escaped, known := plain[rest[i]]
			if !known {
				return "", "", fmt.Errorf("escape \\%c", rest[i])
			}
			b.WriteByte(escaped)
		default:
			b.WriteByte(c)
		}
	}
	return "", "", fmt.Errorf("a text is not closed")
}
