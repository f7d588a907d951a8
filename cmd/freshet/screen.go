package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// screen is stderr while something goes on that is told of in place: lines stay, a marked line
// among them can be written anew, and a status stands below them all. Off a terminal nothing
// is written twice: a marked line stays as it was and there is no status. It is safe for
// concurrent use.
type screen struct {
	mu       sync.Mutex // guards all below, and out
	out      io.Writer
	terminal bool
	columns  func() int
	below    int    // rows of the terminal below the marked line; -1 when none is marked
	status   string // on the terminal now, without a line break; "" for none
}

// newScreen takes over the app's stderr until release.
func (a *app) newScreen() *screen {
	a.screen = &screen{out: a.stderr, terminal: isTerminal(a.stderr) && !a.plain(), columns: func() int { return columns(a.stderr) }, below: -1}
	return a.screen
}

// say writes a line that stays.
func (s *screen) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(s.wipe() + text + "\n" + s.fit(s.status))
	if s.below >= 0 {
		s.below += s.rows(text)
	}
}

// rows is how many rows of the terminal a text takes: a long line goes on in the next one.
func (s *screen) rows(text string) (n int) {
	columns := max(1, s.columns())
	for line := range strings.SplitSeq(text, "\n") {
		n += max(1, (width(line)+columns-1)/columns)
	}
	return n
}

// mark writes a line that rewrite may write anew; on a terminal it takes one row.
func (s *screen) mark(text string) {
	if s.terminal {
		text = s.fit(text)
	}
	s.say(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.below = 0
}

// rewrite writes the marked line anew, on a terminal.
func (s *screen) rewrite(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal || s.below < 0 {
		return
	}
	up := s.below + 1
	s.write(fmt.Sprintf("\r\x1b[%dA\x1b[K%s\r\x1b[%dB%s", up, s.fit(text), up, s.fit(s.status)))
}

// show puts a status below everything, in the place of the one before, on a terminal: the first
// form that fits, else the last.
func (s *screen) show(forms ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal {
		status := forms[len(forms)-1]
		for _, form := range slices.Backward(forms) {
			if width(form) < s.columns() {
				status = form
			}
		}
		wipe := s.wipe()
		s.status = status
		s.write(wipe + s.fit(status))
	}
}

// end leaves the last status as a line.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != "" {
		s.write("\n")
	}
	s.status, s.below = "", -1
}

// wipe is what removes the status.
func (s *screen) wipe() string {
	if s.status == "" {
		return ""
	}
	return "\r\x1b[K"
}

// fit keeps what is drawn in place on one line of the terminal.
func (s *screen) fit(text string) string {
	if text == "" {
		return ""
	}
	return shorten(text, max(1, s.columns()-1))
}

func (s *screen) write(text string) { _, _ = io.WriteString(s.out, text) } // there is nowhere else to complain
