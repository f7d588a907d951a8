package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/registry"
	"github.com/freshet-rec/freshet/serve"
	"github.com/freshet-rec/freshet/stream"
)

// problem is a problem document of RFC 9457.
type problem struct {
	Type         string `json:"type"`
	Title        string `json:"title"`
	Status       int    `json:"status"`
	Code         string `json:"code"`
	Detail       string `json:"detail"`
	RequestID    string `json:"request_id"`
	Offset       *int64 `json:"offset,omitempty"` // of the first bad byte of a body
	*counts             // when none of a batch went in
	Errors       any    `json:"errors,omitempty"` // []fault or []codec.Problem
	RetryAfterMS *int64 `json:"retry_after_ms"`
}

// fault is one thing wrong with a request.
type fault struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// retryAfter is what a client is asked to wait when the server cannot take a request now.
const retryAfterSeconds = 1

func writeProblem(w http.ResponseWriter, p *problem) {
	p.Type = "/problems/" + p.Code
	if p.Title == "" {
		p.Title = titles[p.Code]
	}
	p.RequestID = w.Header().Get("Freshet-Request-Id")
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests || p.Status == http.StatusInsufficientStorage {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
		ms := int64(retryAfterSeconds * 1000)
		p.RetryAfterMS = &ms
	}
	w.Header().Set("Content-Type", "application/problem+json")
	writeBody(w, p.Status, p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	writeBody(w, status, v)
}

func writeBody(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	encodeJSON(&buf, v)
	writeText(w, status, buf.Bytes())
}

// encodeJSON writes v and a line feed.
func encodeJSON(buf *bytes.Buffer, v any) {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("BUG: reply has no JSON form: " + err.Error()) // only our own reply types come here
	}
}

func writeText(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone: nobody is left to tell
}

// writeMalformed answers a body that cannot be used at all.
func writeMalformed(w http.ResponseWriter, m *codec.Malformed) {
	p := &problem{Status: http.StatusBadRequest, Code: m.Code, Detail: m.Message, Offset: &m.Offset}
	switch {
	case m.Code == codec.CodeTooMany:
		p.Status = http.StatusRequestEntityTooLarge
	case titles[m.Code] == "":
		p.Title = titles["malformed"]
	}
	writeProblem(w, p)
}

// writeFaults answers a request that was read but asks for something impossible. A number
// out of its range and what is no position or cursor are 400, everything else 422.
func writeFaults(w http.ResponseWriter, faults []fault) {
	p := &problem{Status: http.StatusUnprocessableEntity, Code: "validation", Title: "The request has 1 problem", Errors: faults}
	if len(faults) > 1 {
		p.Title = "The request has " + strconv.Itoa(len(faults)) + " problems"
	}
	p.Detail = faults[0].Message
	for _, f := range faults {
		if f.Code == codec.CodeOutOfRange || f.Code == codeBadPosition || f.Code == codeBadCursor {
			p.Status = http.StatusBadRequest
		}
	}
	writeProblem(w, p)
}

// writeError answers what serve and stream return.
func (a *API) writeError(w http.ResponseWriter, err error) {
	var asked *serve.Problem
	switch {
	case errors.As(err, &asked):
		p := &problem{Status: http.StatusUnprocessableEntity, Code: asked.Code, Detail: asked.Message,
			Errors: []fault{{Pointer: asked.Pointer, Code: asked.Code, Message: asked.Message, Hint: asked.Hint}}}
		if asked.Code == "unknown_scene" || asked.Code == "unknown_item" || asked.Code == "unknown_user" || asked.Code == "unknown_model" {
			p.Status = http.StatusNotFound
		}
		switch asked.Code {
		case registry.BadName:
			p.Status = http.StatusBadRequest
		case "version_exists", "nothing_before", "switched_meanwhile":
			p.Status = http.StatusConflict
		}
		writeProblem(w, p)
	case stream.NoSpace(err):
		writeProblem(w, &problem{Status: http.StatusInsufficientStorage, Code: "disk_full",
			Detail: "the disk is full; reads go on; send the same bytes again once the operator has made room"})
	case stream.Stalled(err):
		writeStalled(w, "the disk does not answer, so it is not known whether this becomes durable; reads go on; send the same bytes again, which is safe for events with an event_id")
	case stream.Unavailable(err): // told once, by the journal
		writeProblem(w, &problem{Status: http.StatusServiceUnavailable, Code: "journal_failed",
			Detail: "the journal cannot take events; reads go on; send again after the operator has restarted the server"})
	default:
		writeProblem(w, &problem{Status: http.StatusServiceUnavailable, Code: "busy",
			Detail: "the request was not finished in time; send the same bytes again"})
	}
}

// writeStalled answers while the disk does not.
func writeStalled(w http.ResponseWriter, detail string) {
	writeProblem(w, &problem{Status: http.StatusServiceUnavailable, Code: "disk_stalled", Detail: detail})
}

// titles are the short texts of the codes that stand for a whole request.
var titles = map[string]string{
	"bad_config":            "The configuration has errors",
	"needs_restart":         "The change needs a restart",
	"feature_changed":       "A feature changed its meaning",
	"released":              "The journal does not reach back far enough",
	"warming":               "Features are being warmed",
	"not_available":         "Not available here",
	"validation":            "The request has problems",
	"malformed":             "The body cannot be read",
	"too_many":              "The body holds too many entries",
	"too_large":             "The body is too large",
	"timeout":               "The body did not arrive in time",
	"unsupported_media":     "The body has a type that is not accepted",
	"unsupported_encoding":  "The body has an encoding that is not accepted",
	"not_found":             "There is nothing at this path",
	"method_not_allowed":    "This path does not take that method",
	"unknown_scene":         "There is no such scene",
	"unknown_item":          "There is no such item",
	"unknown_user":          "There is no such user",
	"unknown_feature":       "There is no such feature",
	"unknown_model":         "There is no such model",
	"unfit_model":           "The model must not rank",
	"damaged_model":         "The model is damaged",
	"bad_model_name":        "No model can have this name",
	"version_exists":        "The version exists with other contents",
	"nothing_before":        "Nothing was live before",
	"switched_meanwhile":    "Another model became live meanwhile",
	"checksum":              "The model is damaged",
	"format":                "The model has an unknown form",
	"non_finite":            "The model makes no numbers",
	"range":                 "The model has numbers beyond their bounds",
	"schema":                "The model was trained on other fields",
	"golden":                "The model does not repeat its training",
	"too_slow":              "The model is too slow",
	"too_big":               "The model is too big",
	"constant":              "The model tells nothing apart",
	"one_item":              "The model puts one item first for everyone",
	"inverted":              "The model puts last what should be first",
	"shifted":               "The model's probabilities are off",
	"worse_than_live":       "The model ranks worse than the live one",
	"worse_than_recall":     "The model ranks worse than recall",
	"worse_than_popularity": "The model is worse than popularity",
	"too_old":               "The time asked for is gone",
	"rejected_unreadable":   "The dead letters cannot be read",
	"journal_failed":        "The journal cannot take events",
	"state_held":            "The state cannot change",
	"disk_full":             "The disk is full",
	"disk_stalled":          "The disk does not answer",
	"busy":                  "The server is busy",
	"starting":              "The server is starting",
	"cross_origin":          "Another web page may not do this",
}

// quote shows a piece of a request, shortened and printable.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
