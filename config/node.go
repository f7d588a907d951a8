package config

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// kind is what stands at one place of the document.
type kind int

const (
	broken  kind = iota // refused and reported while reading the document
	null                // nothing, or ~
	boolean             // true or false
	number              // a plain number, as written
	text                // any other scalar
	list
	mapping
)

// String names a kind for people.
func (k kind) String() string {
	return [...]string{"unreadable", "nothing", "a switch", "a number", "text", "a list", "a mapping"}[k]
}

// node is one value of the document, free of the parser's own types.
type node struct {
	kind    kind
	at      position
	text    string  // of scalars: the value of text, the characters of a number
	items   []*node // of a list
	entries []entry // of a mapping, keys unique

	places func() []position // of text: where each character stands, nil when that is not known
}

// entry is one key of a mapping.
type entry struct {
	key   string
	at    position // of the key
	value *node
}

// get returns the value of a key, nil when n is no mapping or lacks it.
func (n *node) get(key string) *node {
	for _, e := range n.entries {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// inside is the place of a character of a text, given by its line and column there. It is that of
// the whole text where nobody can say: where ${NAME} is expanded, and where places does not know.
func (n *node) inside(line, column int) position {
	if n.places == nil || strings.Contains(n.text, "${") {
		return n.at
	}
	offset := column - 1
	for i, text := range strings.Split(n.text, "\n") {
		if i == line-1 {
			break
		}
		offset += utf8.RuneCountInString(text) + 1
	}
	places := n.places()
	switch {
	case offset < len(places):
		return places[offset]
	case len(places) > 0 && offset == len(places):
		end := places[offset-1]
		return position{end.line, end.column + 1}
	}
	return n.at
}

// getText returns the text under a key as it is written, "" when there is none.
func (n *node) getText(key string) string {
	if v := n.get(key); v != nil && v.kind == text {
		return v.text
	}
	return ""
}

// decimal is the one form of number accepted, JSON's: no octal, hexadecimal or 1_000.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
