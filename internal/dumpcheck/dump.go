package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// journal is what a dump says. Records are numbered from 0 in order of appearance; that
// number is called `at` everywhere, positions themselves being opaque.
type journal struct {
	at           map[string]int32 // position -> number of its record
	events       []event          // in order of appearance
	items        catalogue
	definitions  []generation // in order of appearance
	other        int          // records of a kind not known here, which had better change no feature
	lateEvents   int          // events late by the recomputed verdict
	lateDiffered []string     // positions whose late flag is not the recomputed verdict
}

// event is one behaviour event. An empty user or item means that the event names none.
type event struct {
	at    int32
	ts    int64 // event time, Unix ms
	late  bool  // by the recomputed verdict
	name  string
	user  string // user_id only; anonymous ids are no key here
	item  string
	value float64 // 0 when absent: it adds nothing to a sum, like an absent one
	rank  float64 // likewise
}

// record is one line of a dump.
type record struct {
	Position    string          `json:"position"`
	Source      string          `json:"source"`
	ReceivedMS  int64           `json:"received_ms"`
	Late        bool            `json:"late"`
	Event       *eventRecord    `json:"event"`
	Item        *itemRecord     `json:"item"`
	User        json.RawMessage `json:"user"`
	Definitions json.RawMessage `json:"definitions"`
	Served      json.RawMessage `json:"served"`
	Model       json.RawMessage `json:"model"`
}

type eventRecord struct {
	UserID string   `json:"user_id"`
	ItemID string   `json:"item_id"`
	Event  string   `json:"event"`
	TS     *int64   `json:"ts"`
	Value  *float64 `json:"value"`
	Rank   *float64 `json:"rank"`
}

// readDump reads a whole dump. A line that is not a record is an error that names it.
func readDump(r io.Reader) (*journal, error) {
	j := &journal{at: map[string]int32{}, items: catalogue{}}
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

	hasEvent, hasItem := rec.Event != nil, rec.Item != nil
	hasUser, hasDefinitions, hasServed, hasModel := present(rec.User), present(rec.Definitions), present(rec.Served), present(rec.Model)
	kinds := 0
	for _, has := range []bool{hasEvent, hasItem, hasUser, hasDefinitions, hasServed, hasModel} {
		if has {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return fmt.Errorf("record %q is of more than one kind", rec.Position)
	case hasEvent:
		return j.addEvent(at, rec, marks, texts)
	case hasItem:
		return j.items.put(at, *rec.Item)
	case hasDefinitions:
		g, err := parseGeneration(at, rec.Definitions)
		if err != nil {
			return fmt.Errorf("definitions at %q: %w", rec.Position, err)
		}
		j.definitions = append(j.definitions, g)
	case !hasUser && !hasServed && !hasModel: // none changes a feature whose key is of users and items
		j.other++
	}
	return nil
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
	number := func(v *float64) float64 {
		if v == nil {
			return 0
		}
		return *v
	}
	j.events = append(j.events, event{
		at: at, ts: *e.TS, late: late,
		name: texts.intern(e.Event), user: texts.intern(e.UserID), item: texts.intern(e.ItemID),
		value: number(e.Value), rank: number(e.Rank),
	})
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
