package expression

import (
	"fmt"
	"strings"
)

// Error is what is wrong with an expression, and where. Every error of this package is one.
type Error struct {
	Line    int    // 1-based
	Column  int    // 1-based, in characters, at most one past the end of the line
	Message string // one line
	Hint    string // what to write instead; "" when there is nothing to suggest
}

// Error is line:column: message; hint.
func (e *Error) Error() string {
	s := fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// errorAt places an error at a character of the text, counted from 0.
func errorAt(text string, at int, hint, message string) *Error {
	e := &Error{Line: 1, Column: 1, Message: message, Hint: hint}
	for _, r := range text {
		if at == 0 {
			break
		}
		at--
		if e.Column++; r == '\n' {
			e.Line, e.Column = e.Line+1, 1
		}
	}
	return e
}

// quote shows a word, cut to what fits a line.
func quote(s string) string {
	const most = 60 // characters; a guess at what still reads well
	if runes := []rune(s); len(runes) > most {
		return fmt.Sprintf("%q…", string(runes[:most]))
	}
	return fmt.Sprintf("%q", s)
}

// words joins names for people: a, b and c.
func words(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
