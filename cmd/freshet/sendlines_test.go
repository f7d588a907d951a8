package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"n\":%d}\n", i+1)
	}
	return b.String()
}

func TestSendLinesTellsWhichWereRefused(t *testing.T) {
	server := fake(t, answer{207, recorded(t, "lines_refused")})
	input := "\ufeff{\"a\":1}\r\n\n   \n{\"b\":2}\nxx\n{\"d\":4}" // a byte order mark, CRLF, blank lines, no line feed at the end
	got := runOn(t, t.Context(), server.URL, strings.NewReader(input), "send", "-")
	got.check(t, exitRefused, "2 accepted · 0 duplicate · 2 refused · position 60556 · 3 ms\n",
		`line 4  missing:event  the event has no name (give the name of what was done, such as click)
line 4  missing:item_id  the event does not say which item it is about
line 5  malformed  expected an event as a JSON object, found "x" at byte 0
`)
	req := <-server.asked
	if want := "{\"a\":1}\n{\"b\":2}\nxx\n{\"d\":4}\n"; req.path != "/v1/events" || req.media != "application/x-ndjson" || req.body != want {
		t.Errorf("asked %+v, want the body %q", req, want)
	}
}

func TestSendLinesGoesInBatches(t *testing.T) {
	server := fake(t, answer{200, `{"accepted":1000,"late":2,"position":"1000","errors":[]}`}, answer{200, `{"accepted":999,"duplicate":1,"position":"2000","errors":[]}`},
		answer{422, `{"code":"validation","detail":"no","refused":3,"errors":[{"index":1,"line":2,"code":"bad_time","pointer":"/ts","message":"m"},{"index":99,"code":"x","message":"of no line"}]}`})
	got := runOn(t, t.Context(), server.URL, strings.NewReader(numbered(2003)), "send", "-")
	got.check(t, exitRefused, "1,999 accepted · 1 duplicate · 3 refused · 2 of the accepted late · position 2000 · 3 ms\n",
		"line 2002  /ts  bad_time  m\nlines 2001 to 2003: 2 more lines refused without a word on why\n")
	if len(server.asked) != 3 {
		t.Fatalf("%d requests, want 3", len(server.asked))
	}
	var sent strings.Builder
	for range 3 {
		sent.WriteString((<-server.asked).body)
	}
	if sent.String() != numbered(2003) {
		t.Error("what was sent is not what was read")
	}
}

func TestSendLinesBoundsTheBytesOfABatch(t *testing.T) {
	server := fake(t, answer{200, `{"accepted":1,"errors":[]}`})
	long := strings.Repeat("x", batchBytes/2)
	input := long + "\n" + long + "\n" + strings.Repeat("y", batchBytes+1) + "\nz\n"
	got := runOn(t, t.Context(), server.URL, strings.NewReader(input), "send", "-")
	got.check(t, exitRefused, "2 accepted · 0 duplicate · 1 refused · 3 ms\n", "line 3  too_long  the line is longer than 4 MiB\n")
	first, second := <-server.asked, <-server.asked
	if first.body != long+"\n" || second.body != long+"\nz\n" {
		t.Errorf("batches of %d and %d bytes, want %d and %d", len(first.body), len(second.body), len(long)+1, len(long)+3)
	}
}

func TestSendLinesAsJSONPrintsEachReply(t *testing.T) {
	server := fake(t, answer{200, `{"accepted":1000,"errors":[]}`}, answer{200, "{\"accepted\":5,\"errors\":[]}\n"})
	got := runOn(t, t.Context(), server.URL, strings.NewReader(numbered(1005)), "send", "-", "--json")
	got.check(t, exitOK, "{\"accepted\":1000,\"errors\":[]}\n{\"accepted\":5,\"errors\":[]}\n", "")
}

func TestSendLinesStopsAtTheFirstError(t *testing.T) {
	server := fake(t, answer{200, `{"accepted":1000,"position":"1000","errors":[]}`}, answer{503, `{"code":"busy","detail":"later"}`})
	got := runOn(t, t.Context(), server.URL, strings.NewReader("\n"+numbered(3000)), "send", "-")
	got.check(t, exitFailed, "1,000 accepted · 0 duplicate · 0 refused · position 1000 · 3 ms\n",
		"error: lines from 1002 on: busy: later\n  send the input again from line 1002; events with an event_id then count once\n")
	if len(server.asked) != 2 {
		t.Errorf("%d requests, want 2", len(server.asked))
	}
}

func TestSendLinesWithoutAServer(t *testing.T) {
	got := runOn(t, t.Context(), "http://127.0.0.1:1", strings.NewReader("{}\n"), "send", "-")
	got.check(t, exitUnreachable, "0 accepted · 0 duplicate · 0 refused · 3 ms\n",
		"error: lines from 1 on: no server answers at http://127.0.0.1:1\n  start one: freshet serve\n  send the input again from line 1; events with an event_id then count once\n")
}

func TestSendLinesOfNothing(t *testing.T) {
	got := runOn(t, t.Context(), "http://127.0.0.1:1", strings.NewReader("\n \n"), "send", "-")
	got.check(t, exitOK, "0 accepted · 0 duplicate · 0 refused · 3 ms\n", "")
}

func TestSendLinesSendsNoHalfLine(t *testing.T) {
	server := fake(t, answer{200, `{"accepted":1,"errors":[]}`})
	input := io.MultiReader(strings.NewReader("{\"a\":1}\n{\"b\""), iotest.ErrReader(errors.New("pulled out")))
	got := runOn(t, t.Context(), server.URL, input, "send", "-")
	got.check(t, exitFailed, "1 accepted · 0 duplicate · 0 refused · 3 ms\n", "error: read stdin, line 2: pulled out\n")
	if body := (<-server.asked).body; body != "{\"a\":1}\n" {
		t.Errorf("sent %q", body)
	}
}

// A pipe that stays open: what was written goes out when nothing more comes, and an
// interrupt ends the command though the read goes on.
func TestSendLinesFromAPipeThatPauses(t *testing.T) {
	server := fake(t, answer{200, `{"accepted":1,"errors":[]}`})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	r, w := io.Pipe()
	ended := make(chan outcomeOf, 1)
	go func() { ended <- runOn(t, ctx, server.URL, r, "send", "-") }()
	for _, text := range []string{"{\"a\":1}\n", "{\"b\":2}\n"} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if got := <-server.asked; got.body != text {
			t.Errorf("sent %q, want %q", got.body, text)
		}
	}
	interrupt()
	got := <-ended
	if got.code != exitFailed || !strings.Contains(got.stderr, "interrupt") {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	if err := w.Close(); err != nil { // ends the read
		t.Fatal(err)
	}
}
