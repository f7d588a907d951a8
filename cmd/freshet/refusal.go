package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// refusal is a problem document: why a server did not do what it was asked. When none of a
// batch of events was taken, it has the counts of the reply to events, too.
type refusal struct {
	eventsReply
	Type         string  `json:"type"`
	Title        string  `json:"title"`
	Code         string  `json:"code"`
	Detail       string  `json:"detail"`
	RequestID    string  `json:"request_id"`
	RetryAfterMS float64 `json:"retry_after_ms"`

	status int
}

// fault is one thing that is wrong with a request or with an event.
type fault struct {
	Index   int    `json:"index"` // of the event in a batch, from 0
	Line    int    `json:"line"`  // of the event in an NDJSON batch, from 1; 0 elsewhere
	Code    string `json:"code"`
	Pointer string `json:"pointer"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// readRefusal reads a problem document, or returns nil if raw is none.
func readRefusal(status int, raw []byte) *refusal {
	r := &refusal{status: status}
	if err := json.Unmarshal(raw, r); err != nil || r.Code == "" {
		return nil
	}
	return r
}

// Error tells the whole problem: code and detail, then a line for each fault. Of several faults the detail
// is the first one's message, so the title stands in its place; what a single one says beyond the code and
// the detail is said alone.
func (r *refusal) Error() string {
	detail := r.Detail
	if detail == "" || len(r.Errors) > 1 && detail == r.Errors[0].Message {
		detail = r.Title
	}
	text := clean(r.Code) + ": " + clean(detail)
	if len(r.Errors) != 1 || r.Errors[0].Message != detail {
		return text + faultLines(r.Errors)
	}
	var beyond []string
	f := &r.Errors[0]
	for _, part := range []string{f.Pointer, f.Code, f.Hint} {
		if part != "" && part != r.Code {
			beyond = append(beyond, clean(part))
		}
	}
	if len(beyond) > 0 {
		text += "\n  " + strings.Join(beyond, "  ")
	}
	return text
}

// faultLines is one line, begun by a line feed, for each fault.
func faultLines(faults []fault) string {
	var b strings.Builder
	for _, f := range faults {
		b.WriteString("\n  ")
		if f.Pointer != "" {
			b.WriteString(clean(f.Pointer) + "  ")
		}
		b.WriteString(f.String())
	}
	return b.String()
}

// String is the fault without its pointer.
func (f *fault) String() string {
	text := clean(f.Code) + "  " + clean(f.Message)
	if f.Hint != "" {
		text += fmt.Sprintf(" (%s)", clean(f.Hint))
	}
	return text
}
