package codec

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// decoder reads records (events, items or users) and collects what is wrong with them. While a
// record is read, path names the value at hand, depth counts its open containers and fields
// its members so far. After over, the rest of the record is only stepped over.
//
// Invariant: a record is refused if and only if faults > 0 when its closing brace is behind.
type decoder struct {
	scanner
	rules   *Rules               // of events; nil for items and users
	lengths []int                // of an item's embedding; nil is any
	names   []eventName          // names met in this batch, at most maxNames
	name    eventName            // of them, the one met last
	usual   *[mostUsual]keyPlace // of the event before, nil before the second of a batch
	ids     []byte               // scratch: those of the event at hand, one behind the other
	root    string               // pointer of what holds the records
	place   Problem              // Index and Line of the record at hand
	one     bool                 // the record is the whole document, so pointers do not number it

	lately *vocabulary // of free data; nil while there were none

	problems []Problem
	start    int // problems of the record at hand begin here
	faults   int // of the record at hand, whether kept or not

	path     []step
	depth    int
	fields   int
	elements int
	over     bool // a count is over its limit
	deep     bool // nesting over the limit was told
}

// step is one segment of a path: a key, or an index when key is nil. An index below 0 ends
// the path: the place has no name of its own.
type step struct {
	key   []byte
	index int
}

const nameless = -1

// maxPointerKey bounds the keys that pointers repeat, so that a reply about a hostile
// document stays small.
const maxPointerKey = 256

// begin readies the decoder for the next record.
func (d *decoder) begin() {
	d.start, d.faults = len(d.problems), 0
	d.path = d.path[:0]
	d.depth, d.fields, d.elements = 0, 0, 0
	d.over, d.deep = false, false
}

// pointer returns the JSON pointer (RFC 6901) of the value at hand.
func (d *decoder) pointer() string {
	b := append(make([]byte, 0, 64), d.root...)
	if !d.one {
		b = strconv.AppendInt(append(b, '/'), int64(d.place.Index), 10)
	}
	return string(d.appendPath(b))
}

func (d *decoder) appendPath(b []byte) []byte {
	for _, p := range d.path {
		switch {
		case p.key == nil && p.index < 0, len(p.key) > maxPointerKey, !utf8.Valid(p.key):
			return b
		case p.key == nil:
			b = strconv.AppendInt(append(b, '/'), int64(p.index), 10)
		default:
			b = appendSegment(b, p.key)
		}
	}
	return b
}

// appendSegment appends one key to a JSON pointer.
func appendSegment(b, key []byte) []byte {
	b = append(b, '/')
	for _, c := range key {
		switch c {
		case '~':
			b = append(b, "~0"...)
		case '/':
			b = append(b, "~1"...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// here is the place of the value at hand as messages name it, without the leading slash. It
// is made only when a message is.
type here struct{ d *decoder }

func (h here) String() string {
	b := h.d.appendPath(nil)
	if len(b) == 0 {
		return "the text"
	}
	return token(b[1:]).String()
}

// problem reports a fault of the value at hand. Beyond the limits it only counts, and spends
// nothing on words.
func (d *decoder) problem(code, hint, format string, args ...any) {
	d.faults++
	if d.faults > MaxProblemsEach || len(d.problems) >= MaxProblems {
		return
	}
	p := d.place
	p.Code, p.Hint, p.Pointer = code, hint, d.pointer()
	p.Message = fmt.Sprintf(format, args...)
	d.problems = append(d.problems, p)
}

// member steps to the next member of the object whose members path is at, and names it in
// path. Members whose key is no clean text are reported and stepped over. With more false the
// object is behind.
func (d *decoder) member(first *bool) (key []byte, more bool) {
	if key, more = d.plainMember(first); more {
		return key, true
	}
	return d.anyMember(first)
}

// anyMember is member without a look for what nearly all are.
func (d *decoder) anyMember(first *bool) (key []byte, more bool) {
	last := &d.path[len(d.path)-1]
	for {
		*last = step{index: nameless}
		t, more := d.key(*first)
		*first = false
		if !more {
			return nil, false
		}
		d.fields++
		switch {
		case t.fault != "":
			d.problem(CodeBadText, "keys are valid UTF-8 without raw control characters", "the key %s holds %s", quoted(t.raw), t.fault)
		case d.long(&t):
			d.problem(CodeTooLong, "", "a key is longer than %d bytes", MaxTextBytes)
		case d.full():
		default:
			key = t.raw
			if t.escaped {
				key = unescape(make([]byte, 0, len(t.raw)), t.raw)
			}
			last.key = key
			return key, true
		}
		d.pass()
	}
}

// plainMember is member for nearly all of them, by plainKey; more is false also for any other, over
// which nothing is stepped.
func (d *decoder) plainMember(first *bool) (key []byte, more bool) {
	at := d.pos
	raw, ok := d.plainKey(*first)
	if !ok || len(raw) > MaxTextBytes || d.fields == MaxFields {
		d.pos = at
		return nil, false
	}
	d.named(raw, first)
	return raw, true
}

// named enters the next member, whose key the decoder is behind, into path.
func (d *decoder) named(key []byte, first *bool) {
	*first = false
	d.fields++
	d.path[len(d.path)-1].key = key
}

// full reports whether the record's members are used up, telling it once.
func (d *decoder) full() bool {
	if d.fields > MaxFields && !d.over {
		d.over = true
		path := d.path
		d.path = nil // it is the record that has too many
		d.problem(CodeManyFields, "", "more than %d fields, nested ones counted", MaxFields)
		d.path = path
	}
	return d.over
}

// pass steps over the value at hand, which is of no use, and reports the faults inside it
// that concern the text itself and the limits.
func (d *decoder) pass() {
	sk := d.skip()
	if d.bad != nil {
		return
	}
	d.fields += sk.fields
	if d.depth+sk.depth > MaxDepth && !d.deep {
		d.deep = true
		d.problem(CodeTooDeep, "", "%s: nested deeper than %d levels", here{d}, MaxDepth)
	}
	if sk.text.why != "" {
		d.badText(sk.text.raw, sk.text.why)
	}
	if sk.number.why != "" {
		d.badNumber(sk.number.raw, sk.number.why)
	}
	if sk.long {
		d.tooLong()
	}
	d.full()
}

func (d *decoder) badText(raw []byte, why string) {
	d.problem(CodeBadText, "send valid UTF-8 and escape control characters", "%s: the text %s holds %s", here{d}, quoted(raw), why)
}

func (d *decoder) badNumber(lit []byte, why string) {
	d.problem(CodeBadNumber, "leave the field out if there is no number", "%s: %s %s", here{d}, token(lit), why)
}

func (d *decoder) tooLong() {
	d.problem(CodeTooLong, "", "%s: longer than %d bytes", here{d}, MaxTextBytes)
}

// enter steps into the object of a record.
func (d *decoder) enter() {
	d.pos++
	d.depth = 1
	d.path = append(d.path[:0], step{index: nameless})
}

// unknown reports a key that records do not have, and steps over its value. meant maps
// names from other systems to ours, for the hint.
func (d *decoder) unknown(key []byte, known []string, meant map[string]string) {
	hint := ""
	if d.faults < MaxProblemsEach && len(d.problems) < MaxProblems { // a hint is worth it only for a reader
		near := Nearest(string(key), known)
		if near == "" {
			near = meant[string(key)]
		}
		if near != "" {
			hint = "did you mean " + near + "?"
		} else {
			hint = "free data goes in " + known[len(known)-1]
		}
	}
	d.problem(CodeUnknown, hint, "unknown field %s", quoted(key))
	d.pass()
}

// missing reports a field that the record must have. There is nothing to point at but the
// record.
func (d *decoder) missing(field, hint, message string) {
	d.problem(codeMissing+field, hint, "%s", message)
}
