package deadletter

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/freshet-rec/freshet/internal/pack"
)

// Bounds of one letter in bytes. Longer texts are cut when they are kept.
const (
	MaxPayload = 16 << 10
	maxSource  = 512 // longer ones are an error
	maxCode    = 512
	maxText    = 1 << 10 // of file, message and hint
	maxPointer = 8 << 10
)

// ID is the number of a letter, from 1 in the order they were kept. As text it is "rej-" and
// the number.
type ID uint64

// idPrefix begins the text of an ID.
const idPrefix = "rej-"

// String is the text of an ID.
func (id ID) String() string { return idPrefix + strconv.FormatUint(uint64(id), 10) }

// ErrID says that a text is not that of an ID.
var ErrID = errors.New("not the id of a dead letter")

// ParseID reads the text of an ID: "rej-" and a number from 1, in decimal without leading zeros.
func ParseID(text string) (ID, error) {
	digits, ok := strings.CutPrefix(text, idPrefix)
	n, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || n == 0 || ID(n).String() != text {
		return 0, ErrID
	}
	return ID(n), nil
}

// Letter is a line that was refused.
type Letter struct {
	ID        ID     // given by Append
	Received  int64  // when it was brought, Unix ms
	Source    string // what brought it, such as "import:" and the hash of its contents; 1 to 512 bytes
	File      string // name of the file, for people
	Line      int64  // its place in the source: for files the line, from 1
	Code      string // the first thing wrong, as in the reply to an event
	Pointer   string // JSON pointer into the line
	Message   string
	Hint      string
	Payload   []byte // the line as it came, at most MaxPayload bytes of it
	Truncated bool   // the line was longer than Payload
}

// place is what a letter is known by.
type place struct {
	source string
	line   int64
}

func (l *Letter) place() place { return place{l.Source, l.Line} }

// letterJSON is a letter as the API shows it.
type letterJSON struct {
	ID        string `json:"id"`
	Received  string `json:"received_at"` // RFC 3339
	Source    string `json:"source"`
	File      string `json:"file"`
	Line      int64  `json:"line"`
	Code      string `json:"code"`
	Pointer   string `json:"pointer"`
	Message   string `json:"message"`
	Hint      string `json:"hint"`
	Payload   string `json:"payload"`
	Exact     []byte `json:"payload_base64,omitempty"` // when the payload is no clean text
	Truncated bool   `json:"truncated"`
}

// MarshalJSON writes a letter as the API shows it. A payload that is not UTF-8 is shown with
// replacement characters, and whole as payload_base64.
func (l *Letter) MarshalJSON() ([]byte, error) {
	out := letterJSON{ID: l.ID.String(), Received: time.UnixMilli(l.Received).UTC().Format("2006-01-02T15:04:05.000Z07:00"),
		Source: l.Source, File: l.File, Line: l.Line, Code: l.Code, Pointer: l.Pointer, Message: l.Message, Hint: l.Hint,
		Payload: string(l.Payload), Truncated: l.Truncated}
	if !utf8.Valid(l.Payload) {
		out.Exact = l.Payload
	}
	return json.Marshal(&out)
}

// pack writes everything but the ID, cut to the bounds.
func (l *Letter) pack(w *pack.Writer) error {
	if l.Source == "" || len(l.Source) > maxSource {
		return fmt.Errorf("a dead letter from a source whose name has %d bytes; it must have 1 to %d", len(l.Source), maxSource)
	}
	w.Int(l.Received)
	w.Text(l.Source)
	w.Text(cut(l.File, maxText))
	w.Int(l.Line)
	w.Text(cut(l.Code, maxCode))
	w.Text(cut(l.Pointer, maxPointer))
	w.Text(cut(l.Message, maxText))
	w.Text(cut(l.Hint, maxText))
	w.Blob(l.Payload[:min(len(l.Payload), MaxPayload)])
	w.Bool(l.Truncated || len(l.Payload) > MaxPayload)
	return nil
}

// unpack reads what pack wrote. Nothing of it refers to the bytes read.
func (l *Letter) unpack(r *pack.Reader) {
	l.Received, l.Source, l.File, l.Line = r.Int(), r.Text(), r.Text(), r.Int()
	l.Code, l.Pointer, l.Message, l.Hint = r.Text(), r.Text(), r.Text(), r.Text()
	l.Payload, l.Truncated = append([]byte(nil), r.Blob()...), r.Bool()
}

// cut shortens a text without splitting a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
