// Package freshet holds the nouns of a real-time recommender system: what happened
// ([Event]), to what ([Item]), by whom ([User]), what was proposed ([Candidate]), what was
// shown ([Slate]), and where in the one totally ordered journal a fact stands ([Position]).
//
// Every other package speaks in these words and may import this one; this one imports only
// the standard library. Decoding and validation of the JSON forms live in package codec,
// behaviour lives in the packages named for what they do to an event: journal, stream,
// window, feature, recall, serve.
package freshet

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// UserID names a known user. See [CheckID] for the rule all ids obey.
type UserID string

// ItemID names an item of the catalogue. See [CheckID] for the rule all ids obey.
type ItemID string

// MaxIDBytes is the longest id accepted, in bytes of UTF-8.
const MaxIDBytes = 256

// CheckID reports why id is not acceptable as an id, or nil. One rule serves every id
// (users, items, events, sessions, requests, event names): valid UTF-8 of 1 to
// [MaxIDBytes] bytes, no control characters, not blank. Ids are compared as bytes, so two
// normal forms of one word are two ids. Any other character is allowed; an id is never used
// raw as a path, a key pattern, a log line or a metric label.
func CheckID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("an id may not be empty")
	case len(id) > MaxIDBytes:
		return fmt.Errorf("an id may have at most %d bytes, this one has %d", MaxIDBytes, len(id))
	case !utf8.ValidString(id):
		return fmt.Errorf("an id must be valid UTF-8")
	}
	blank := true
	for _, r := range id {
		if unicode.IsControl(r) {
			return fmt.Errorf("an id may not contain the control character %U", r)
		}
		if !unicode.IsSpace(r) {
			blank = false
		}
	}
	if blank {
		return fmt.Errorf("an id may not be blank")
	}
	return nil
}

// Position is a place in the journal: every record has one, positions grow by one from the
// first record, and 0 is the place before it. To clients it is an opaque string, returned by
// every write and accepted as min_position, so its text form may change between releases.
type Position uint64

// String returns the text form that [ParsePosition] reads back.
func (p Position) String() string { return strconv.FormatUint(uint64(p), 10) }

// MarshalText makes a Position a JSON string.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (p *Position) UnmarshalText(text []byte) error {
	q, err := ParsePosition(string(text))
	if err != nil {
		return err
	}
	*p = q
	return nil
}

// ParsePosition reads a position as an earlier reply gave it.
func ParsePosition(s string) (Position, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || s[0] == '+' || (len(s) > 1 && s[0] == '0') {
		return 0, fmt.Errorf("%q is not a position; use one that a reply returned", s)
	}
	return Position(n), nil
}
