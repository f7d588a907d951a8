package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/stream"
)

// counts say what became of a batch of events, items or users.
type counts struct {
	Accepted  int               `json:"accepted"` // late ones included
	Duplicate int               `json:"duplicate"`
	Refused   int               `json:"refused"`
	Late      int               `json:"late"`
	Position  *freshet.Position `json:"position,omitempty"`
	// Durability is "relaxed" where an acknowledgement does not mean that the disk has it.
	Durability string `json:"durability,omitempty"`
}

type eventsReply struct {
	counts
	Problems []codec.Problem `json:"errors"`
}

func (a *API) postEvents(w http.ResponseWriter, r *http.Request) {
	validateOnly, ok := flag(w, r, "validate_only")
	if !ok {
		return
	}
	body, form, release, ok := a.readBatch(w, r)
	if !ok {
		return
	}
	defer release()
	received := a.Now().UnixMilli()
	batch, err := codec.DecodeEvents(body, form, &codec.Rules{Kinds: a.Kinds, Strict: a.Strict, Now: received, MaxFuture: a.MaxFuture})
	var bad *codec.Malformed
	if errors.As(err, &bad) {
		writeMalformed(w, bad)
		return
	}
	if validateOnly {
		a.writeOutcome(w, batch.Refused, batch.Problems, stream.Outcome{Accepted: len(batch.List)})
		return
	}
	a.Stream.Refuse(batch.Refused)
	out, err := a.Stream.Events(r.Context(), stream.SourceHTTP, received, batch.List, nil)
	if err != nil {
		a.writeError(w, err)
		return
	}
	addConflicts(&batch, out.Conflicts, body, form)
	a.writeOutcome(w, batch.Refused, batch.Problems, out)
}

// addConflicts moves the good events at those indexes to the refused ones. The problems stay
// in order of the request and at most codec.MaxProblems.
func addConflicts(batch *codec.Events, conflicts []int, body []byte, form codec.Form) {
	if len(conflicts) == 0 {
		return
	}
	batch.Refused += len(conflicts)
	conflicts = conflicts[:min(len(conflicts), codec.MaxProblems)]
	list, listed := listPointer(body, form)
	var lines []int
	if form == codec.NDJSON {
		lines = lineNumbers(body, batch.Index[conflicts[len(conflicts)-1]]+1)
	}
	for _, i := range conflicts {
		at := batch.Index[i]
		p := codec.Problem{
			Index: at, EventID: batch.List[i].ID, Code: "id_conflict", Pointer: "/event_id",
			Message: "another event came earlier under this event_id, with other contents; the earlier one stands",
			Hint:    "give every event an id of its own; to correct an event send a new one",
		}
		if listed {
			p.Pointer = list + "/" + strconv.Itoa(at) + "/event_id"
		}
		if lines != nil {
			p.Line = lines[at]
		}
		batch.Problems = append(batch.Problems, p)
	}
	slices.SortStableFunc(batch.Problems, func(a, b codec.Problem) int { return a.Index - b.Index })
	batch.Problems = batch.Problems[:min(len(batch.Problems), codec.MaxProblems)]
}

// listPointer points to the list of records of a body, when it is in one: an array or an
// envelope, whose first key is then that of the list.
func listPointer(body []byte, form codec.Form) (pointer string, listed bool) {
	if form == codec.NDJSON {
		return "", false
	}
	tokens := json.NewDecoder(bytes.NewReader(body))
	open, err := tokens.Token()
	if err != nil || open == json.Delim('[') {
		return "", err == nil
	}
	key, err := tokens.Token()
	return "/events", err == nil && key == "events"
}

// lineNumbers gives the 1-based line of each of the first n records of an NDJSON body.
func lineNumbers(body []byte, n int) []int {
	lines := make([]int, 0, n)
	number := 0
	for line := range bytes.Lines(body) {
		number++
		if len(bytes.Trim(line, " \t\r\n")) > 0 {
			lines = append(lines, number)
		}
		if len(lines) == n {
			break
		}
	}
	return lines
}

// writeOutcome answers a batch: 200 when all of it is in, 207 when part of it is, 422 when
// none is.
func (a *API) writeOutcome(w http.ResponseWriter, refused int, problems []codec.Problem, out stream.Outcome) {
	reply := &eventsReply{counts{Accepted: out.Accepted, Duplicate: out.Duplicate, Refused: refused, Late: out.Late}, problems}
	if out.Position != 0 {
		reply.Position = &out.Position
	}
	if a.Stream.Relaxed() {
		reply.Durability = durability(a.Stream)
	}
	if problems == nil {
		reply.Problems = []codec.Problem{}
	}
	if refused > 0 {
		w.Header().Set("Freshet-Refused", strconv.Itoa(refused))
	}
	switch {
	case refused == 0 && len(problems) == 0:
		var room [128]byte
		w.Header().Set("Content-Type", "application/json")
		writeText(w, http.StatusOK, appendOutcome(room[:0], &reply.counts))
	case refused == 0:
		writeJSON(w, http.StatusOK, reply)
	case out.Accepted+out.Duplicate > 0:
		writeJSON(w, http.StatusMultiStatus, reply)
	default:
		p := &problem{Status: http.StatusUnprocessableEntity, Code: "validation", Title: "Nothing was accepted", counts: &reply.counts, Errors: problems}
		if len(problems) > 0 {
			p.Detail = problems[0].Message
		}
		writeProblem(w, p)
	}
}

// appendOutcome appends the JSON of an eventsReply without problems, which nearly all are.
func appendOutcome(dst []byte, c *counts) []byte {
	dst = strconv.AppendInt(append(dst, `{"accepted":`...), int64(c.Accepted), 10)
	dst = strconv.AppendInt(append(dst, `,"duplicate":`...), int64(c.Duplicate), 10)
	dst = strconv.AppendInt(append(dst, `,"refused":`...), int64(c.Refused), 10)
	dst = strconv.AppendInt(append(dst, `,"late":`...), int64(c.Late), 10)
	if c.Position != nil {
		dst = append(strconv.AppendUint(append(dst, `,"position":"`...), uint64(*c.Position), 10), '"')
	}
	if c.Durability != "" {
		dst = append(append(append(dst, `,"durability":"`...), c.Durability...), '"') // one word of ours
	}
	return append(dst, `,"errors":[]}`+"\n"...)
}

// noParameters refuses query parameters other than those known, and any that are given twice
// or cannot be read: a parameter that is passed over may have changed everything.
func noParameters(w http.ResponseWriter, r *http.Request, known ...string) bool {
	if r.URL.RawQuery == "" {
		return true
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	var faults []fault
	if err != nil {
		faults = append(faults, fault{Code: codec.CodeMalformed, Message: "the query cannot be read: " + err.Error()})
	}
	for name, values := range query {
		switch {
		case name == "atomic":
			faults = append(faults, fault{Code: "not_available", Message: "atomic is not available in this release"})
		case !slices.Contains(known, name):
			faults = append(faults, fault{Code: codec.CodeUnknown, Message: "unknown query parameter " + quote(name)})
		case len(values) > 1:
			faults = append(faults, fault{Code: codec.CodeDuplicate, Message: "the query parameter " + quote(name) + " is given twice"})
		}
	}
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b fault) int { return compareText(a.Message, b.Message) })
		writeFaults(w, faults)
		return false
	}
	return true
}

// flag reads the one query parameter that is known, true or false; absent is false.
func flag(w http.ResponseWriter, r *http.Request, name string) (on, ok bool) {
	if !noParameters(w, r, name) {
		return false, false
	}
	if r.URL.RawQuery == "" {
		return false, true
	}
	query := r.URL.Query()
	switch value := query.Get(name); {
	case !query.Has(name), value == "false":
		return false, true
	case value == "true":
		return true, true
	default:
		writeFaults(w, []fault{{Code: "type:" + name, Message: name + " is true or false, not " + quote(value)}})
		return false, false
	}
}
