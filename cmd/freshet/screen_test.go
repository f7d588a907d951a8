package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// played is what a terminal of so many columns and rows shows after a text, line by line,
// without blanks at the ends. It knows what the commands write: line breaks, carriage returns,
// up, down, erase to the end of the line, and colours.
func played(text string, columns, rows int) []string {
	lines := make([][]rune, 1)
	row, column := 0, 0
	for len(text) > 0 {
		if code, rest, ok := escape(text); ok {
			text = rest
			n, err := strconv.Atoi(strings.Trim(code, "ABKm"))
			if err != nil {
				n = 1
			}
			switch code[len(code)-1] {
			case 'A':
				row = max(0, len(lines)-rows, row-n)
			case 'B':
				row = min(len(lines)-1, row+n)
			case 'K':
				lines[row] = lines[row][:min(column, len(lines[row]))]
			}
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			column = 0
		case '\n':
			row, column = row+1, 0
			if row == len(lines) {
				lines = append(lines, nil)
			}
		default:
			if column == columns { // the terminal breaks the line
				row, column = row+1, 0
				if row == len(lines) {
					lines = append(lines, nil)
				}
			}
			for len(lines[row]) <= column {
				lines[row] = append(lines[row], ' ')
			}
			lines[row][column] = r
			column++
		}
	}
	var shown []string
	for _, line := range lines {
		shown = append(shown, strings.TrimRight(string(line), " "))
	}
	return shown
}

// escape cuts a control sequence off the front of a text.
func escape(text string) (code, rest string, ok bool) {
	after, ok := strings.CutPrefix(text, "\x1b[")
	if !ok {
		return "", text, false
	}
	end := strings.IndexFunc(after, func(r rune) bool { return r >= '@' && r <= '~' })
	if end < 0 {
		return "", text, false
	}
	return after[:end+1], after[end+1:], true
}

func TestScreen(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
		do       func(s *screen)
		want     []string
	}{
		{"lines stay above the status", true, func(s *screen) {
			s.say("one")
			s.show("0 so far")
			s.say("two")
			s.show("1 so far")
		}, []string{"one", "two", "1 so far"}},
		{"a marked line is written anew in its place", true, func(s *screen) {
			s.say("one")
			s.mark("work: begun")
			s.say("two")
			s.show("status")
			s.rewrite("work: half")
			s.say("three")
			s.rewrite("work: done")
			s.show("status again")
		}, []string{"one", "work: done", "two", "three", "status again"}},
		{"right after it was marked", true, func(s *screen) {
			s.mark("begun")
			s.rewrite("done")
			s.say("next")
		}, []string{"done", "next", ""}},
		{"a shorter line leaves nothing of a longer one", true, func(s *screen) {
			s.mark("a long line of work")
			s.show("a long status")
			s.rewrite("done")
			s.show("ok")
		}, []string{"done", "ok"}},
		{"what is too wide is cut", true, func(s *screen) {
			s.mark("begun")
			s.show("a status wider than forty columns of a terminal")
			s.rewrite("a marked line wider than forty columns of a terminal")
		}, []string{"a marked line wider than forty columns…", "a status wider than forty columns of a…"}},
		{"a marked line that is too wide takes one row", true, func(s *screen) {
			s.mark("a marked line wider than forty columns of a terminal")
			s.rewrite("done")
			s.say("next")
		}, []string{"done", "next", ""}},
		{"lines that go on in the next row are counted by rows", true, func(s *screen) {
			s.say("one")
			s.mark("begun")
			s.say("a line that is wider than forty columns, and another that is not")
			s.show("status")
			s.rewrite("done")
		}, []string{"one", "done", "a line that is wider than forty columns,", " and another that is not", "status"}},
		{"a line as wide as the terminal", true, func(s *screen) {
			s.mark("begun")
			s.say("0123456789012345678901234567890123456789")
			s.show("status")
			s.rewrite("done")
		}, []string{"done", "0123456789012345678901234567890123456789", "status"}},
		{"the first form that fits is shown", true, func(s *screen) {
			s.show("a status wider than forty columns of a terminal", "a short one", "shorter")
		}, []string{"a short one"}},
		{"several lines at once", true, func(s *screen) {
			s.mark("begun")
			s.say("two\nlines")
			s.rewrite("done")
		}, []string{"done", "two", "lines", ""}},
		{"the end leaves the status", true, func(s *screen) {
			s.show("status")
			s.end()
			s.say("after")
		}, []string{"status", "after", ""}},
		{"off a terminal nothing is written twice", false, func(s *screen) {
			s.mark("begun")
			s.show("status")
			s.rewrite("done")
			s.say("next")
			s.end()
		}, []string{"begun", "next", ""}},
	} {
		var out bytes.Buffer
		c.do(&screen{out: &out, terminal: c.terminal, columns: func() int { return 40 }, below: -1})
		if got := played(out.String(), 40, 24); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s: shows %q, want %q", c.name, got, c.want)
		}
		if !c.terminal && strings.ContainsAny(out.String(), "\r\x1b") {
			t.Errorf("%s: %q", c.name, out.String())
		}
	}
}
