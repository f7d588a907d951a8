package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxProblems bounds what one run lists; a last Problem then counts the rest.
const MaxProblems = 1000

// Problem is one thing wrong with a configuration file, and where.
type Problem struct {
	File    string // as the caller named it
	Line    int    // 1-based, never past the last line
	Column  int    // 1-based, in characters, at most one past the end of the line
	Message string // what is wrong, one line
	Hint    string // what to write instead; "" when there is nothing to suggest
}

// String is the line shown to the user: file:line:column: message; hint.
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	return s
}

// position is a place in the text; both numbers are 1-based, columns count characters.
type position struct{ line, column int }

// problems gathers what is wrong. Every position is brought inside the text, because
// editors jump to it and the parser's own is one off after some multi-line values.
type problems struct {
	file  string
	width []int // characters in each line, never empty
	list  []Problem
	total int // including those past MaxProblems
}

func newProblems(file string, text []byte) *problems {
	p := &problems{file: file}
	for line := range strings.SplitSeq(string(text), "\n") {
		p.width = append(p.width, utf8.RuneCountInString(line))
	}
	return p
}

func (p *problems) add(at position, hint, format string, args ...any) {
	p.total++
	if len(p.list) == MaxProblems {
		return
	}
	line := min(max(at.line, 1), len(p.width))
	column := min(max(at.column, 1), p.width[line-1]+1)
	p.list = append(p.list, Problem{
		File: p.file, Line: line, Column: column,
		Message: oneLine(fmt.Sprintf(format, args...)), Hint: oneLine(hint),
	})
}

// sorted returns the problems in file order, nil when there are none.
func (p *problems) sorted() []Problem {
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if rest := p.total - len(p.list); rest > 0 {
		last := len(p.width)
		p.list = append(p.list, Problem{
			File: p.file, Line: last, Column: p.width[last-1] + 1,
			Message: fmt.Sprintf("and %d more problems, not listed", rest),
		})
	}
	return p.list
}

// oneLine makes s safe to print as part of one terminal line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// quote shows a word of the file, cut to a length a terminal line can hold.
func quote(s string) string {
	const most = 80 // characters; a guess at what still reads well
	n := 0
	for i := range s {
		if n == most {
			return fmt.Sprintf("%q…", s[:i])
		}
		n++
	}
	return fmt.Sprintf("%q", s)
}
