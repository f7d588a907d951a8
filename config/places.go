package config

import (
	"strconv"
	"strings"
)

// style is how a text is written.
type style int

const (
	plainStyle   style = iota
	singleStyle        // between '
	doubleStyle        // between "
	literalStyle       // after |
	foldedStyle        // after >
)

// places says where each character of a text stands that is written in a style at a place. It is
// nil when reading the source again does not give the text: for a line that ends in a backslash,
// a deeper line of a folded block and whatever else the library knows and this does not.
func (s source) places(at position, as style, value string) []position {
	r := scalarReader{source: s, style: as, at: at}
	switch as {
	case singleStyle, doubleStyle:
		r.at.column++
	case literalStyle, foldedStyle:
		r.at = position{at.line + 1, 1}
		for s.blank(r.at, 0) && r.at.line < len(s.lines) {
			r.at.line++
		}
		first := []rune(strings.TrimLeft(value, "\n")) // deeper than the block when that says its indentation
		r.indent = max(0, indentOf(s.line(r.at.line))-indentOf(first))
		r.at = position{at.line + 1, min(r.indent, len(s.line(at.line+1))) + 1}
	}
	var places []position
	rest := []rune(value)
	for len(rest) > 0 {
		here, read := r.next()
		if len(read) == 0 || len(read) > len(rest) || string(read) != string(rest[:len(read)]) {
			return nil
		}
		for range read {
			places = append(places, here)
		}
		rest = rest[len(read):]
	}
	return places
}

// scalarReader reads the characters of a text out of the source.
type scalarReader struct {
	source
	style  style
	indent int // of a block
	at     position
}

// next reads what the following piece of the source stands for: a character, or the line feeds of
// empty lines. Nothing means that it is not known.
func (r *scalarReader) next() (here position, read []rune) {
	here = r.at
	line := r.line(r.at.line)
	from := r.at.column - 1
	block := r.style == literalStyle || r.style == foldedStyle
	switch {
	case r.style == literalStyle && from >= len(line):
		r.down()
		return here, []rune{'\n'}
	case block && from >= len(line), !block && r.blank(r.at, from):
		return here, r.fold()
	}
	c := line[from]
	r.at.column++
	switch {
	case r.style == singleStyle && c == '\'':
		r.at.column++ // the second of two
	case r.style == doubleStyle && c == '\\':
		c, width := escaped(line[from:])
		r.at.column += width - 1
		if width == 0 {
			return here, nil
		}
		return here, []rune{c}
	}
	return here, []rune{c}
}

// fold goes to the next line that is not blank: for a space, or a line feed for each blank line.
func (r *scalarReader) fold() []rune {
	feeds := 0
	for r.down(); r.at.line <= len(r.lines) && r.blank(r.at, 0); r.down() {
		feeds++
	}
	if r.at.line > len(r.lines) || r.style == foldedStyle && indentOf(r.line(r.at.line)) < r.indent {
		return []rune{'\n'} // the line feed that ends a block
	}
	if feeds == 0 {
		return []rune{' '}
	}
	return []rune(strings.Repeat("\n", feeds))
}

// down goes to the beginning of the next line, without its indentation.
func (r *scalarReader) down() {
	r.at.line++
	indent := indentOf(r.line(r.at.line))
	if r.style == literalStyle || r.style == foldedStyle {
		indent = min(indent, r.indent)
	}
	r.at.column = indent + 1
}

// blank reports that nothing stands on the line from the character on.
func (s source) blank(at position, from int) bool {
	line := s.line(at.line)
	for _, r := range line[min(from, len(line)):] {
		if r != ' ' && r != '\t' {
			return false
		}
	}
	return true
}

func indentOf(line []rune) int {
	return len(line) - len([]rune(strings.TrimLeft(string(line), " ")))
}

// escaped reads an escape of a text between double quotes, and how many characters it takes: 0
// when it is none of those that stand for one character.
func escaped(line []rune) (c rune, width int) {
	if len(line) < 2 {
		return 0, 0
	}
	if digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[line[1]]; digits > 0 {
		if len(line) < 2+digits {
			return 0, 0
		}
		code, err := strconv.ParseUint(string(line[2:2+digits]), 16, 32)
		if err != nil {
			return 0, 0
		}
		return rune(code), 2 + digits
	}
	for _, e := range []struct{ letter, is rune }{{'n', '\n'}, {'t', '\t'}, {'\t', '\t'}, {'"', '"'}, {'\\', '\\'}, {'/', '/'}, {' ', ' '}, {'_', '\u00a0'}} {
		if line[1] == e.letter {
			return e.is, 2
		}
	}
	return 0, 0
}
