package main

import (
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// defaultColumns is the width of a line where no terminal says its own.
const defaultColumns = 80

// isTerminal reports whether a stream, one of an app's three, is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columns is the width of the terminal that a stream is, or defaultColumns.
func columns(stream any) int {
	if f, ok := stream.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return defaultColumns
}

// plain reports whether someone asked for output without colour and drawing: by --no-color,
// NO_COLOR, CI, or a terminal that is dumb.
func (a *app) plain() bool {
	for _, name := range []string{"NO_COLOR", "CI"} {
		if value, _ := a.getenv(name); value != "" {
			return true
		}
	}
	kind, _ := a.getenv("TERM")
	return a.noColor || kind == "dumb"
}

// coloured reports whether stdout takes colour.
func (a *app) coloured() bool { return isTerminal(a.stdout) && !a.plain() }

// The colours of a terminal, from the eight that every theme sets.
const (
	green = "\x1b[32m"
	red   = "\x1b[31m"
	cyan  = "\x1b[36m"
	faint = "\x1b[2m"
	reset = "\x1b[0m"
)

// clean makes a text fit for one line of a terminal: what a server or a file brought may hold
// control characters, which would move the cursor or worse. They become U+FFFD.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		joins := r == '\u200c' || r == '\u200d' // hold scripts and emoji together
		if r != ' ' && !joins && (unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp)) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// shownID is an id as people can read and copy it: as it is when every character shows, else
// quoted and escaped.
func shownID(id string) string {
	printable := !strings.HasPrefix(id, `"`) && strings.TrimSpace(id) == id && id != ""
	for _, r := range id {
		printable = printable && r != utf8.RuneError && unicode.IsPrint(r)
	}
	if printable {
		return id
	}
	return strconv.QuoteToGraphic(id)
}

// width is the number of columns that a text without control characters takes: 2 for wide
// characters, 0 for those that join the one before.
func width(s string) int { return uniseg.StringWidth(s) }

// pad appends spaces up to a width; a longer text stays.
func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-width(s)))
}

// padLeft puts spaces in front up to a width; a longer text stays.
func padLeft(s string, columns int) string {
	return strings.Repeat(" ", max(0, columns-width(s))) + s
}

// shorten cuts a text to at most columns ≥ 1, between characters as people see them; an
// ellipsis, part of the width, says so.
func shorten(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	var kept strings.Builder
	room := columns - 1
	for state := -1; s != ""; {
		var cluster string
		var wide int
		cluster, s, wide, state = uniseg.FirstGraphemeClusterInString(s, state)
		if room -= wide; room < 0 {
			break
		}
		kept.WriteString(cluster)
	}
	return strings.TrimRight(kept.String(), " ") + "…"
}
