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

// Error tells the whole problem: code and detail, then a line for each fault.
func (r *refusal) Error() string {
	detail := r.Detail
	if detail == "" {
		detail = r.Title
	}
	return clean(r.Code) + ": " + clean(detail) + faultLines(r.Errors)
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
