package config

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// source is the text by lines, to say where its tokens stand.
type source struct{ lines [][]rune }

func newSource(content []byte) source {
	var s source
	for line := range strings.SplitSeq(string(content), "\n") {
		s.lines = append(s.lines, []rune(line))
	}
	return s
}

// line returns a 1-based line, nil when there is none.
func (s source) line(n int) []rune {
	if n < 1 || n > len(s.lines) {
		return nil
	}
	return s.lines[n-1]
}

// at says where a token begins. The library's column is off by the blanks that end a line
// and by tabs between words; the nearest place on the line that reads like the token is
// right. A token that is nowhere to be read, such as the null after a lone colon, stays
// where the library has it.
func (s source) at(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	at := position{t.Position.Line, t.Position.Column}
	head, line := tokenHead(t), s.line(at.line)
	if len(head) == 0 {
		return at
	}
	const farthest = 200 // columns; bounds the work, a guess at the blanks anyone leaves
	for off := range farthest {
		for _, column := range []int{at.column - off, at.column + off} {
			from := column - 1
			if from >= 0 && from+len(head) <= len(line) && slices.Equal(line[from:from+len(head)], head) {
				return position{at.line, column}
			}
		}
	}
	return at
}

// tokenHead is how the token's text begins in the source.
func tokenHead(t *token.Token) []rune {
	switch t.Type {
	case token.DoubleQuoteType:
		return []rune(`"`)
	case token.SingleQuoteType:
		return []rune("'")
	}
	head, _, _ := strings.Cut(t.Value, " ")
	head, _, _ = strings.Cut(head, "\n")
	return []rune(head)
}
