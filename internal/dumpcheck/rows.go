package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// row is one kept reply: the values a server gave for one visitor and some items at (q, p).
type row struct {
	line     int // 1-based among the rows of the file
	visitor  string
	context  context
	q        int64 // Unix ms
	position string
	items    []itemRow
}

// itemRow is the part of a reply about one item, or about none: its values by feature name.
type itemRow struct {
	item   string
	values map[string]result
}

// answer is one line of a rows file.
type answer struct {
	Request struct {
		UserID      string   `json:"user_id"`
		AnonymousID string   `json:"anonymous_id"`
		SessionID   string   `json:"session_id"`
		ItemIDs     []string `json:"item_ids"`
		Context     freeData `json:"context"`
		Names       []string `json:"names"`
	} `json:"request"`
	Reply struct {
		Rows []struct {
			ItemID string `json:"item_id"`
			Values map[string]struct {
				Value json.RawMessage `json:"value"`
			} `json:"values"`
		} `json:"rows"`
		Position string `json:"position"`
		TSMS     *int64 `json:"ts_ms"`
	} `json:"reply"`
}

// readRows reads a whole rows file. A reply that does not answer its request - another
// item, no time, a value of no known kind - is an error with its line, and so is a request
// for some of the features only.
func readRows(r io.Reader) ([]row, error) {
	var rows []row
	err := eachLine(r, func(text []byte) error {
		var a answer
		if err := json.Unmarshal(text, &a); err != nil {
			return err
		}
		one, err := a.row(len(rows) + 1)
		if err != nil {
			return err
		}
		rows = append(rows, one)
		return nil
	})
	return rows, err
}

// row checks an answer and turns it into a row.
func (a answer) row(line int) (row, error) {
	if a.Reply.TSMS == nil {
		return row{}, errors.New("reply without ts_ms")
	}
	if len(a.Request.Names) > 0 {
		return row{}, errors.New("the request names features; only whole rows can be checked")
	}
	one := row{
		line: line, visitor: visitorOf(a.Request.UserID, a.Request.AnonymousID, a.Request.SessionID),
		context: interner{}.context(a.Request.Context), q: *a.Reply.TSMS, position: a.Reply.Position,
	}
	var answered []string
	for _, given := range a.Reply.Rows {
		values := map[string]result{}
		for name, v := range given.Values {
			value, err := parseResult(v.Value)
			if err != nil {
				return row{}, fmt.Errorf("value of %q for item %q: %w", name, given.ItemID, err)
			}
			values[name] = value
		}
		answered = append(answered, given.ItemID)
		one.items = append(one.items, itemRow{item: given.ItemID, values: values})
	}
	asked := a.Request.ItemIDs
	if len(asked) == 0 {
		asked = []string{""} // one row about the visitor
	}
	if !slices.Equal(answered, asked) {
		return row{}, fmt.Errorf("items asked for %q, items answered %q", a.Request.ItemIDs, answered)
	}
	return one, nil
}

// parseResult reads a number, a text, the list of a last_k, or null.
func parseResult(raw json.RawMessage) (result, error) {
	if len(raw) == 0 {
		return result{}, errors.New("no value")
	}
	switch raw[0] {
	case 'n':
		return result{}, nil
	case '"':
		r := result{kind: textual}
		return r, json.Unmarshal(raw, &r.text)
	case '[':
		r := result{kind: listed}
		return r, json.Unmarshal(raw, &r.picks)
	}
	r := result{kind: numeric}
	return r, json.Unmarshal(raw, &r.number)
}
