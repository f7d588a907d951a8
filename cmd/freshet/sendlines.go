package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Bounds of sending a stream of lines.
const (
	batchLines = 1000                   // in one request
	batchBytes = 4 << 20                // of one request, and so of one line; the server takes 8 MiB
	batchPause = 200 * time.Millisecond // an unfinished batch waits this long for its next line
)

// line is one line of input, without its end.
type line struct {
	number int    // from 1
	text   []byte // the receiver's; at most batchBytes
	long   bool   // longer than that; text is empty
	err    error  // of reading; such a line is cut off and the last one
}

// lineSender sends lines in batches and counts what became of them.
type lineSender struct {
	app    *app
	server *client
	body   ndjson
	lines  []int // len = lines in body; the input's number of each
	total  eventsReply
}

// sendLines sends the events on stdin, one a line, and tells the totals. What was
// acknowledged stays so, whatever happens later; an error says from which line on nothing
// is known to have arrived.
func (a *app) sendLines(ctx context.Context, server *client) error {
	if isTerminal(a.stdin) {
		a.say("reading events from the terminal, one JSON object a line; end with Ctrl-D")
	}
	began := a.now()
	s := &lineSender{app: a, server: server}
	reading, stop := context.WithCancel(ctx)
	defer stop() // ends the reader at its next line; a read that blocks ends with the process
	input := make(chan line, 64)
	go readLines(reading, a.stdin, input)
	err := s.run(ctx, input)
	if !a.json {
		err = errors.Join(err, a.print(s.totals(a.now().Sub(began))+"\n"))
	}
	if err == nil && s.total.Refused > 0 {
		return &failure{code: exitRefused} // each was told when it was refused
	}
	return err
}

// readLines reads lines until the input or ctx ends, then closes out. A byte order mark at
// the beginning, which some programs write, is no part of the first line.
func readLines(ctx context.Context, input io.Reader, out chan<- line) {
	defer close(out)
	r := bufio.NewReaderSize(input, 64<<10)
	for n := 1; ; n++ {
		l := line{number: n}
		var err error
		for more := true; more; {
			var part []byte
			part, err = r.ReadSlice('\n')
			more = errors.Is(err, bufio.ErrBufferFull)
			if l.long = l.long || len(l.text)+len(part) > batchBytes; l.long {
				l.text = nil
			} else {
				l.text = append(l.text, part...)
			}
		}
		if n == 1 {
			l.text = bytes.TrimPrefix(l.text, []byte("\xef\xbb\xbf"))
		}
		if l.text = bytes.Trim(l.text, " \t\r\n"); err != nil && !errors.Is(err, io.EOF) {
			l.err = err
		}
		select {
		case out <- l:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// run sends what comes until the input ends.
func (s *lineSender) run(ctx context.Context, input <-chan line) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.broken(fmt.Errorf("interrupted: %w", ctx.Err()))
		case <-pause.C:
			if err := s.flush(ctx); err != nil {
				return err
			}
		case l, more := <-input:
			if !more {
				return s.flush(ctx)
			}
			if err := s.add(ctx, l); err != nil {
				return err
			}
			pause.Reset(batchPause)
		}
	}
}

// add puts a line into the batch, which goes out when it is full. Blank lines are no events.
func (s *lineSender) add(ctx context.Context, l line) error {
	switch {
	case l.err != nil: // half a line is no event
		if err := s.flush(ctx); err != nil {
			return err
		}
		return fmt.Errorf("read stdin, line %d: %w", l.number, l.err)
	case l.long:
		s.total.Refused++
		s.refuse(l.number, &fault{Code: "too_long", Message: fmt.Sprintf("the line is longer than %d MiB", batchBytes>>20)})
		return nil
	case len(l.text) == 0:
		return nil
	case len(s.body)+len(l.text)+1 > batchBytes:
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.body = append(append(s.body, l.text...), '\n')
	if s.lines = append(s.lines, l.number); len(s.lines) == batchLines {
		return s.flush(ctx)
	}
	return nil
}

// flush sends the batch, if there is anything in it.
func (s *lineSender) flush(ctx context.Context) error {
	if len(s.lines) == 0 {
		return nil
	}
	var reply eventsReply
	raw, _, err := s.server.call(ctx, http.MethodPost, "/v1/events", s.body, &reply)
	if s.app.json {
		err = s.app.printReply(raw, err)
	}
	var refused *refusal
	if errors.As(err, &refused) && refused.Refused > 0 {
		reply, err = refused.eventsReply, nil
	}
	if err != nil {
		return s.broken(err)
	}
	s.total.Accepted += reply.Accepted
	s.total.Duplicate += reply.Duplicate
	s.total.Refused += reply.Refused
	s.total.Late += reply.Late
	if reply.Position != "" {
		s.total.Position = reply.Position
	}
	s.tell(&reply)
	s.body, s.lines = s.body[:0], s.lines[:0]
	return nil
}

// tell lists the refused lines of a batch.
func (s *lineSender) tell(reply *eventsReply) {
	told := map[int]bool{}
	for i := range reply.Errors {
		f := &reply.Errors[i]
		place := f.Index
		if f.Line > 0 {
			place = f.Line - 1 // the batch has no blank lines
		}
		if place < 0 || place >= len(s.lines) {
			continue // left over in the count below
		}
		told[place] = true
		s.refuse(s.lines[place], f)
	}
	if rest := reply.Refused - len(told); rest > 0 {
		s.app.complain("lines %d to %d: %s refused without a word on why", s.lines[0], s.lines[len(s.lines)-1], plural(rest, "more line"))
	}
}

// refuse tells of one fault of one line. It is an error, so --quiet does not hide it.
func (s *lineSender) refuse(number int, f *fault) {
	at := ""
	if f.Pointer != "" {
		at = "  " + clean(f.Pointer)
	}
	s.app.complain("line %d%s  %s", number, at, f)
}

// broken says which lines an error leaves open.
func (s *lineSender) broken(err error) error {
	if len(s.lines) == 0 {
		return err
	}
	wrapped := fmt.Errorf("lines from %d on: %w", s.lines[0], err)
	rest := fmt.Sprintf("send the input again from line %d; events with an event_id then count once", s.lines[0])
	f := &failure{code: exitFailed, err: wrapped, hint: rest}
	var inner *failure
	if errors.As(err, &inner) {
		f.code = inner.code
		if inner.hint != "" {
			f.hint = inner.hint + "\n  " + rest
		}
	}
	return f
}

// totals says in one line what became of all events.
func (s *lineSender) totals(took time.Duration) string {
	t := &s.total
	parts := []string{grouped(int64(t.Accepted)) + " accepted", grouped(int64(t.Duplicate)) + " duplicate", grouped(int64(t.Refused)) + " refused"}
	if t.Late > 0 {
		parts = append(parts, grouped(int64(t.Late))+" of the accepted late")
	}
	if t.Position != "" {
		parts = append(parts, "position "+shownID(t.Position))
	}
	return strings.Join(append(parts, millis(float64(took.Microseconds())/1000)), " · ")
}
