package codec

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet"
)

// Rules are what the decoding of events depends on beside the bytes. They are only read, so
// one value may serve many goroutines.
type Rules struct {
	Kinds     freshet.EventKinds // what event names mean; names not in it are context
	Strict    bool               // refuse event names that are not in Kinds
	Now       int64              // time of receipt, Unix milliseconds: the time of events without ts
	MaxFuture freshet.Duration   // how far after Now a ts may lie; 0 accepts nothing after Now
	MaxEvents int                // in one batch; 0 and less mean 100,000
}

// DecodeEvent reads one event: raw is one JSON object. With problems, the event is zero; a
// document that is no object at all has the one problem [CodeMalformed].
func DecodeEvent(raw []byte, rules *Rules) (freshet.Event, []Problem) {
	d := decoder{rules: rules, one: true}
	return decodeOne(&d, &eventShape, raw)
}

// DecodeEvents reads a request body; see [Form] for the documents accepted. The error is a
// *[Malformed].
func DecodeEvents(body []byte, form Form, rules *Rules) (Events, error) {
	d := decoder{rules: rules}
	return decodeBatch(d, &eventShape, body, form, rules.MaxEvents)
}

var eventShape = shape[freshet.Event]{
	noun:   "event",
	a:      "an event",
	list:   "events",
	known:  func(key []byte) bool { return eventField(key) != 0 },
	decode: (*decoder).event,
}

// The fields of an event, in canonical order.
const (
	fieldEventID = iota + 1
	fieldUserID
	fieldAnonymousID
	fieldSessionID
	fieldItemID
	fieldEvent
	fieldTS
	fieldValue
	fieldRequestID
	fieldRank
	fieldQuery
	fieldContext
)

var eventFields = []string{"event_id", "user_id", "anonymous_id", "session_id", "item_id", "event", "ts", "value", "request_id", "rank", "query", "context"}

// meantByEvent holds names that other systems use.
var meantByEvent = map[string]string{
	"timestamp": "ts", "time": "ts", "ts_ms": "ts", "created_at": "ts",
	"type": "event", "event_type": "event", "event_name": "event", "action": "event",
	"id": "event_id", "properties": "context", "metadata": "context", "attributes": "context",
}

// eventField returns the field a key names, 0 for none.
func eventField(key []byte) int {
	switch string(key) {
	case "event_id":
		return fieldEventID
	case "user_id":
		return fieldUserID
	case "anonymous_id":
		return fieldAnonymousID
	case "session_id":
		return fieldSessionID
	case "item_id":
		return fieldItemID
	case "event":
		return fieldEvent
	case "ts":
		return fieldTS
	case "value":
		return fieldValue
	case "request_id":
		return fieldRequestID
	case "rank":
		return fieldRank
	case "query":
		return fieldQuery
	case "context":
		return fieldContext
	}
	return 0
}

// event reads the object the decoder stands on into the zero Event e.
func (d *decoder) event(e *freshet.Event) {
	var seen, given uint // bits of fields; null is seen, not given
	var name eventName
	var ids eventIDs
	d.ids = d.ids[:0]
	if d.usual == nil && d.place.Index > 0 {
		d.usual = new([mostUsual]keyPlace)
	}
	d.enter()
	first := true
	for n := 0; ; n++ {
		key, field, more := d.eventMember(n, &first)
		if !more {
			break
		}
		switch {
		case field == 0:
			d.unknown(key, eventFields, meantByEvent)
			continue
		case seen>>field&1 == 1:
			given |= 1 << field
			d.twice()
			continue
		}
		seen |= 1 << field
		if d.kind() == kindNull {
			d.word("null")
			continue
		}
		given |= 1 << field
		switch field {
		case fieldEventID, fieldUserID, fieldAnonymousID, fieldSessionID, fieldItemID, fieldRequestID:
			id, _ := d.idBytes()
			ids[field].from = len(d.ids)
			d.ids = append(d.ids, id...)
			ids[field].to = len(d.ids)
		case fieldEvent:
			name = d.eventName()
			e.Name = name.text
		case fieldTS:
			e.Time = d.eventTime()
		case fieldValue:
			e.Value, e.HasValue = d.floatIn(-freshet.MaxValue, freshet.MaxValue)
		case fieldRank:
			e.Rank = d.rank()
		case fieldQuery:
			e.Query, _ = d.words()
		case fieldContext:
			e.Context = d.context()
		}
	}
	if d.bad != nil {
		return
	}
	ids.set(e, string(d.ids))
	if given>>fieldTS&1 == 0 {
		e.Time, e.TimeUnset = d.rules.Now, true
	}
	if !d.over { // else some members were not looked at
		d.missingOf(given, name)
	}
	for i := d.start; i < len(d.problems); i++ {
		d.problems[i].EventID = e.ID
	}
}

// keyPlace is a key where an event had it.
type keyPlace struct {
	text  []byte // between the value before and its own: comma, key, colon
	key   []byte // within text
	field int
}

// mostUsual bounds the members of an event that are remembered.
const mostUsual = 12

// eventMember is member for the nth one, counted from 0, of an event, with the field that its key names.
// A sender's events have the same keys in the same places, so it looks first whether there stands what
// stood there in the event before: equal bytes mean the same.
func (d *decoder) eventMember(n int, first *bool) (key []byte, field int, more bool) {
	if d.usual == nil || n >= mostUsual {
		key, more = d.member(first)
		return key, eventField(key), more
	}
	u, at := &d.usual[n], d.pos
	end := at + len(u.text)
	if end < len(d.data) && len(u.text) > 0 && string(d.data[at:end]) == string(u.text) && kindOf[d.data[end]] != kindNone && d.bad == nil && d.fields < MaxFields {
		d.pos = end
		d.named(u.key, first)
		return u.key, u.field, true
	}
	if key, more = d.plainMember(first); more {
		if field = eventField(key); field != 0 {
			*u = keyPlace{d.data[at:d.pos], key, field}
		}
		return key, field, true
	}
	key, more = d.anyMember(first)
	return key, eventField(key), more
}

// eventIDs are where the ids of an event stand, by field, in one text: together they take one
// piece of memory.
type eventIDs [fieldContext + 1]struct{ from, to int }

// set gives e its ids out of all.
func (s *eventIDs) set(e *freshet.Event, all string) {
	of := func(field int) string { return all[s[field].from:s[field].to] }
	e.ID, e.Anonymous, e.Session, e.Request = of(fieldEventID), of(fieldAnonymousID), of(fieldSessionID), of(fieldRequestID)
	e.User, e.Item = freshet.UserID(of(fieldUserID)), freshet.ItemID(of(fieldItemID))
}

// missingOf reports what an event with the given fields lacks. Without a name the signal is
// not known to be context, so the item is missed too; with a bad one it is not known at all.
func (d *decoder) missingOf(given uint, name eventName) {
	const who = 1<<fieldUserID | 1<<fieldAnonymousID | 1<<fieldSessionID
	named := given>>fieldEvent&1 == 1
	if given&who == 0 {
		d.missing("user_id", "give user_id, anonymous_id or session_id", "the event does not say who acted")
	}
	if !named {
		d.missing("event", "give the name of what was done, such as click", "the event has no name")
	}
	if given>>fieldItemID&1 == 0 && (!named || name.text != "" && name.signal != freshet.SignalContext) {
		d.missing("item_id", "", "the event does not say which item it is about")
	}
}

// rank reads a 1-based place in a slate.
func (d *decoder) rank() int {
	const most = 1_000_000
	_, n, ok := d.float()
	if !ok {
		return 0
	}
	v, whole := n.int()
	if !whole || v < 1 || v > most {
		d.problem(CodeOutOfRange, "ranks count from 1", "%s: %s is not a whole number between 1 and %d", here{d}, token(n.lit), most)
		return 0
	}
	return int(v)
}

// eventName is the name of an event with what the rules say of it; text is "" for a bad one.
type eventName struct {
	text   string
	signal freshet.Signal
}

// maxNames bounds the names remembered in one batch. Batches have few; remembering them
// saves a copy and a look-up for each event.
const maxNames = 32

func (d *decoder) eventName() (name eventName) {
	if d.kind() != kindText {
		d.wrongType("a string")
		return name
	}
	at := d.pos
	if raw, ok := d.plainText(); ok && len(raw) > 0 {
		if string(raw) == d.name.text {
			return d.name
		}
		for i := range d.names {
			if d.names[i].text == string(raw) {
				d.name = d.names[i]
				return d.name
			}
		}
	}
	d.pos = at
	t := d.text()
	if d.bad != nil {
		return name
	}
	raw, ok := d.checkID(&t)
	if !ok {
		return name
	}
	id := string(raw)
	if _, known := d.rules.Kinds[id]; !known && d.rules.Strict {
		d.unknownEvent(id)
		return name
	}
	name = eventName{id, d.rules.Kinds.Of(id).Signal}
	if d.usual != nil && len(d.names) < maxNames {
		d.names = append(d.names, name)
	}
	d.name = name
	return name
}

func (d *decoder) unknownEvent(name string) {
	hint := "give the name a signal in the configuration"
	if d.faults < MaxProblemsEach && len(d.problems) < MaxProblems { // sorting is worth it only for a reader
		if near := Nearest(name, slices.Sorted(maps.Keys(d.rules.Kinds))); near != "" {
			hint = "did you mean " + quoted(near).String() + "?"
		}
	}
	d.problem(CodeBadEvent, hint, "%s: %s is not a known event name", here{d}, quoted(name))
}
