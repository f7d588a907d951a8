// Package file reads events, catalogue items and users from a file with one JSON object per line
// (JSONL, NDJSON), plain or compressed with gzip. The lines have the form of the HTTP API:
//
//	{"item_id":"b-0417","title":"The Long Shore","categories":["sea"]}
//	{"user_id":"ada","attributes":{"age":36}}
//	{"user_id":"ada","item_id":"b-0417","event":"click","ts":1700000000}
//
// Use: im, err := file.Read(ctx, os.DirFS(dir), name, &rules, progress), then store what
// im holds; see package source.
//
// Left out: other formats (CSV, exports of other systems), choosing what to do with refused
// lines, and the judgement of lateness, which an import does not have.
package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"

	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/source"
)

// Read reads the whole file. name is a path within fsys, which must implement fs.StatFS (as
// os.DirFS does) to be safe from pipes that never open. rules judge the events; their Now
// must be set. progress, unless nil, is told the stored bytes read so far and in all, about
// once per MiB and at the end, on the calling goroutine.
//
// A line is an event, unless it has an item_id and neither event nor any identity: then it is
// an item; or a user_id and no other field of events: then it is a user. Blank lines are skipped, "\r\n" ends a line as "\n" does, and the last line needs
// no end. A line that is cut off, longer than source.MaxLineBytes or refused by package codec
// is found in Refused; so is a first line that begins with a byte order mark. An empty file
// is an import of nothing.
//
// Errors: those of ctx and fsys, damaged gzip, source.ErrNotRegular, source.ErrArchive,
// source.ErrChanged, source.ErrTooLarge. With an error there is no Import.
func Read(ctx context.Context, fsys fs.FS, name string, rules *codec.Rules, progress func(done, total int64)) (*source.Import, error) {
	total, err := source.FileSize(fsys, name)
	if err != nil {
		return nil, err
	}
	report := func(done int64) {
		if progress != nil {
			progress(done, total)
		}
	}
	im, hash := &source.Import{}, sha256.New()
	err = source.Scan(ctx, fsys, name, hash, report, func(line source.Line) error {
		im.Lines++
		return add(im, name, line, rules)
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	im.Seal([sha256.Size]byte(hash.Sum(nil)))
	return im, nil
}

// byteOrderMark is U+FEFF in UTF-8.
var byteOrderMark = []byte("\uFEFF")

// add puts one line where it belongs.
func add(im *source.Import, name string, line source.Line, rules *codec.Rules) error {
	refuse := func(problems []codec.Problem) error {
		for i := range problems {
			problems[i].Line = line.Number
		}
		return im.Refuse(source.Refused{Problem: problems[0], More: problems[1:], File: name, Raw: line.Text, Cut: line.Long})
	}
	switch {
	case line.Long:
		return refuse([]codec.Problem{{
			Code:    codec.CodeTooLong,
			Message: fmt.Sprintf("the line is longer than %d bytes", source.MaxLineBytes),
			Hint:    "write one object per line",
		}})
	case line.Number == 1 && bytes.HasPrefix(line.Text, byteOrderMark):
		return refuse([]codec.Problem{{
			Code:    codec.CodeMalformed,
			Message: "the file begins with a byte order mark",
			Hint:    "save it as UTF-8 without a byte order mark; the other lines are not affected",
		}})
	case line.Blank():
		return nil
	}
	event, problems := codec.DecodeEvent(line.Text, rules)
	if len(problems) == 0 {
		im.Events = append(im.Events, source.Event{Event: event, File: name, Line: line.Number})
		return nil
	}
	// A good event is nothing else, so that only lines with problems pay for the second look.
	switch meant(line.Text, problems) {
	case anItem:
		item, itemProblems := codec.DecodeItem(line.Text)
		if len(itemProblems) == 0 {
			im.Items = append(im.Items, item)
			return nil
		}
		problems = itemProblems
	case aUser:
		user, userProblems := codec.DecodeUser(line.Text)
		if len(userProblems) == 0 {
			im.Users = append(im.Users, user)
			return nil
		}
		problems = userProblems
	}
	return refuse(problems)
}

// kind is what a line is meant to be.
type kind int

const (
	anEvent kind = iota
	anItem
	aUser
)

// eventFields are the fields of events that say what happened; free data is no such field, nor are
// the ids that items and users have.
var eventFields = []string{"event", "event_id", "anonymous_id", "session_id", "ts", "value", "request_id", "rank", "query", "context"}

// meant says what a line is that is no good event: an item when it has an item_id and says neither
// what happened nor who did it, a user when it has a user_id and no other field of events.
// problems are those of the line as an event; they tell where the line holds what is nearly JSON,
// such as NaN.
func meant(line []byte, problems []codec.Problem) kind {
	var fields map[string]json.RawMessage
	if json.Unmarshal(line, &fields) != nil {
		told := func(code, pointer string) bool {
			return slices.ContainsFunc(problems, func(p codec.Problem) bool { return p.Code == code && (pointer == "" || p.Pointer == pointer) })
		}
		switch {
		case !told("missing:event", ""):
		case told("missing:user_id", "") && !told("missing:item_id", ""):
			return anItem
		case !told("missing:user_id", "") && told(codec.CodeUnknown, "/attributes"):
			return aUser
		}
		return anEvent
	}
	has := func(name string) bool { _, ok := fields[name]; return ok }
	switch {
	case has("item_id"):
		if !has("event") && !has("user_id") && !has("anonymous_id") && !has("session_id") {
			return anItem
		}
	case has("user_id") && !slices.ContainsFunc(eventFields, has):
		return aUser
	}
	return anEvent
}
