package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// journal is what a dump says. Records are numbered from 0 in order of appearance; that
// number is called `at` everywhere, positions themselves being opaque.
type journal struct {
	at           map[string]int32 // position -> number of its record
	events       []event          // in order of appearance
	items        history
	users        history
	definitions  []generation // in order of appearance
	other        int          // records of a kind not known here, which had better change no feature
	lateEvents   int          // events late by the recomputed verdict
	lateDiffered []string     // positions whose late flag is not the recomputed verdict
}

// event is one behaviour event. An empty text means that the event has none.
type event struct {
	at       int32
	ts       int64 // event time, Unix ms
	late     bool  // by the recomputed verdict
	hasValue bool
	hasRank  bool
	id       string
	name     string
	visitor  string
	item     string
	query    string
	session  string
	value    float64
	rank     float64
	context  context
}

// subject is what the keys of an event are looked up in.
func (e *event) subject() subject {
	return subject{visitor: e.visitor, item: e.item, context: e.context, at: e.at}
}

// record is one line of a dump.
type record struct {
	Position    string          `json:"position"`
	Source      string          `json:"source"`
	ReceivedMS  int64           `json:"received_ms"`
	Late        bool            `json:"late"`
	Event       *eventRecord    `json:"event"`
	Item        *itemRecord     `json:"item"`
	User        *userRecord     `json:"user"`
	Definitions json.RawMessage `json:"definitions"`
	Served      json.RawMessage `json:"served"`
	Model       json.RawMessage `json:"model"`
	Clock       json.RawMessage `json:"clock"`
}

type eventRecord struct {
	EventID     string   `json:"event_id"`
	UserID      string   `json:"user_id"`
	AnonymousID string   `json:"anonymous_id"`
	SessionID   string   `json:"session_id"`
	ItemID      string   `json:"item_id"`
	Event       string   `json:"event"`
	TS          *int64   `json:"ts"`
	Value       *float64 `json:"value"`
	Rank        *float64 `json:"rank"`
	Query       string   `json:"query"`
	Context     freeData `json:"context"`
}

// readDump reads a whole dump. A line that is not a record is an error that names it.
func readDump(r io.Reader) (*journal, error) {
	j := &journal{at: map[string]int32{}, items: history{}, users: history{}}
	watermarks := watermarks{}
	texts := interner{}
	err := eachLine(r, func(line []byte) error {
		var rec record
		if err := json.Unmarshal(line, &rec); err != nil {
			return err
		}
		return j.add(rec, watermarks, texts)
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// add appends one record.
func (j *journal) add(rec record, marks watermarks, texts interner) error {
	if rec.Position == "" {
		return errors.New("record without a position")
	}
	if _, seen := j.at[rec.Position]; seen {
		return fmt.Errorf("position %q appears twice", rec.Position)
	}
	at := int32(len(j.at))
	if int(at) != len(j.at) {
		return fmt.Errorf("more than %d records", len(j.at))
	}
	j.at[rec.Position] = at

	kinds := 0
	for _, has := range []bool{
		rec.Event != nil, rec.Item != nil, rec.User != nil,
		present(rec.Definitions), present(rec.Served), present(rec.Model), present(rec.Clock),
	} {
		if has {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return fmt.Errorf("record %q is of more than one kind", rec.Position)
	case kinds == 0:
		j.other++
	case rec.Event != nil:
		return j.addEvent(at, rec, marks, texts)
	case rec.Item != nil:
		return j.items.putItem(at, *rec.Item)
	case rec.User != nil:
		return j.users.putUser(at, *rec.User)
	case present(rec.Clock):
		return marks.set(rec.Clock)
	case present(rec.Definitions):
		g, err := parseGeneration(at, rec.Definitions)
		if err != nil {
			return fmt.Errorf("definitions at %q: %w", rec.Position, err)
		}
		j.definitions = append(j.definitions, g)
	}
	return nil // served and model change no feature
}

// addEvent judges and appends one event.
func (j *journal) addEvent(at int32, rec record, marks watermarks, texts interner) error {
	e := rec.Event
	if e.TS == nil || e.Event == "" {
		return fmt.Errorf("event at %q has no ts or no name", rec.Position)
	}
	late := marks.late(rec.Source, *e.TS, rec.ReceivedMS, j.generationAt(at).lateness)
	if late {
		j.lateEvents++
	}
	if late != rec.Late {
		j.lateDiffered = append(j.lateDiffered, rec.Position)
	}
	one := event{
		at: at, ts: *e.TS, late: late, id: e.EventID,
		name: texts.intern(e.Event), visitor: texts.intern(visitorOf(e.UserID, e.AnonymousID, e.SessionID)),
		item: texts.intern(e.ItemID), query: texts.intern(e.Query), session: e.SessionID, context: texts.context(e.Context),
	}
	if e.Value != nil {
		one.hasValue, one.value = true, *e.Value
	}
	if e.Rank != nil && *e.Rank != 0 { // 0 is unknown, as if absent
		one.hasRank, one.rank = true, *e.Rank
	}
	j.events = append(j.events, one)
	return nil
}

// generationAt is the newest definitions at or before a record: those in force there.
// Before the first there are no features, and the lateness is the default.
func (j *journal) generationAt(at int32) generation {
	for i := len(j.definitions) - 1; i >= 0; i-- {
		if j.definitions[i].at <= at {
			return j.definitions[i]
		}
	}
	return generation{at: -1, lateness: defaultLateness}
}

// present tells whether an optional JSON field was given and is not null.
func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// interner keeps one copy of each text: millions of events name few users and items.
type interner map[string]string

func (t interner) intern(s string) string {
	if one, ok := t[s]; ok {
		return one
	}
	t[s] = s
	return s
}

// context keeps free data in the order of its names.
func (t interner) context(data freeData) context {
	if len(data) == 0 {
		return nil
	}
	c := make(context, 0, len(data))
	for name, value := range data {
		value.text = t.intern(value.text)
		c = append(c, member{t.intern(name), value})
	}
	slices.SortFunc(c, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return c
}
