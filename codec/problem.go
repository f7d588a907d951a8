package codec

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The codes of problems. They are stable: clients branch on them. Beside these there are
// "missing:<field>" and "type:<field>", named after the field they speak of.
const (
	CodeMalformed  = "malformed"       // not JSON, or not the kind of document expected
	CodeTooMany    = "too_many"        // more events in a batch than accepted
	CodeTooDeep    = "too_deep"        // nested deeper than MaxDepth
	CodeTooLong    = "too_long"        // a string or a list over its limit
	CodeManyFields = "too_many_fields" // more members than MaxFields
	CodeDuplicate  = "duplicate_field" // one key twice in an object
	CodeUnknown    = "unknown_field"   // a key that means nothing here
	CodeBadText    = "bad_text"        // text that is not clean Unicode
	CodeBadID      = "bad_id"          // refused by freshet.CheckID
	CodeBadNumber  = "bad_number"      // NaN, an overflow, a literal JSON does not know
	CodeOutOfRange = "out_of_range"    // a number beyond the bounds of its field
	CodeBadTime    = "bad_time"        // not a time
	CodeTooOld     = "too_old"         // before 1990
	CodeInFuture   = "in_future"       // later than now and Rules.MaxFuture
	CodeBadVector  = "bad_vector"      // an embedding that is empty, too long, zero or not finite
	CodeBadEvent   = "unknown_event"   // an event name without configuration, under Rules.Strict
	codeMissing    = "missing:"        // + field
	codeType       = "type:"           // + field
)

// Bounds of what is read; see the package comment.
const (
	MaxDepth        = 32
	MaxFields       = 256
	MaxTextBytes    = 16 << 10
	MaxNumberBytes  = 64
	MaxElements     = 4096
	MaxRecordBytes  = 1 << 20 // of one event, item or user in a batch, as sent; its canonical form is at most three times that
	MaxProblems     = 1000
	MaxProblemsEach = 16
)

// Problem is one thing wrong with one event, item or user or one field of a request. It is an
// error, so that the getters of [Field] can return it.
type Problem struct {
	Index   int    `json:"index"`              // 0-based place in the request; lines that are blank do not count
	EventID string `json:"event_id,omitempty"` // the event's own id, when it has a good one
	ItemID  string `json:"item_id,omitempty"`  // the item's id, when it is items that are decoded
	UserID  string `json:"user_id,omitempty"`  // the user's id, when it is users that are decoded
	Code    string `json:"code"`
	Pointer string `json:"pointer"`        // JSON pointer into the body, or into the line for NDJSON; stops short of keys over 256 bytes
	Message string `json:"message"`        // what and where; quoted values are shortened and printable
	Hint    string `json:"hint,omitempty"` // what to do next
	Line    int    `json:"line,omitempty"` // 1-based line, NDJSON only
}

// Error returns the code and the message.
func (p *Problem) Error() string { return p.Code + ": " + p.Message }

// Malformed says that a whole body is unusable and nothing of it was taken. Code is
// [CodeMalformed], [CodeTooMany] (for HTTP: 413), or what is wrong with an envelope or a
// request object.
type Malformed struct {
	Code    string
	Offset  int64 // of the first bad byte, 0-based
	Message string
}

// Error returns the code and the message, which names the offset where there is one.
func (m *Malformed) Error() string { return m.Code + ": " + m.Message }

// quoted is a value as messages show it: in double quotes, at most 64 bytes of it, anything
// that does not print escaped.
type quoted []byte

const maxQuotedBytes = 64

func (q quoted) String() string {
	if len(q) <= maxQuotedBytes {
		return strconv.Quote(string(q))
	}
	return strconv.Quote(string(q[:runeEdge(q, maxQuotedBytes)])) + "…"
}

// token is a number or a keyword as messages show it: like quoted without the quotes.
type token []byte

func (t token) String() string {
	s := quoted(t).String()
	if len(t) > maxQuotedBytes {
		return s[1:len(s)-len(`"…`)] + "…"
	}
	return s[1 : len(s)-1]
}

// runeEdge returns the largest cut ≤ n that does not split a rune of b. n < len(b).
func runeEdge(b []byte, n int) int {
	for back := 0; back < utf8.UTFMax && n-back > 0; back++ {
		if utf8.RuneStart(b[n-back]) {
			return n - back
		}
	}
	return n
}

func malformed(code string, offset int, format string, args ...any) *Malformed {
	return &Malformed{Code: code, Offset: int64(offset), Message: fmt.Sprintf(format, args...)}
}
