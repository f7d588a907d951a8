package codec

import (
	"bytes"

	"github.com/freshet-rec/freshet"
)

// Form is how a body holds its records.
type Form int

const (
	// JSON is one document: a record, an array of records, or an envelope {"events":[…]}
	// ({"items":[…]} for items, {"users":[…]} for users), which is an object with that key and no key of a record.
	JSON Form = iota
	// NDJSON is one record a line, ended by LF or CRLF; blank lines count for nothing.
	NDJSON
)

// defaultMost is the largest batch unless the rules say otherwise.
const defaultMost = 100_000

// Batch is what a body held. List, Index and Problems belong to the caller.
type Batch[T any] struct {
	List     []T   // the good ones, in order of the request
	Index    []int // len(List); the 0-based place of each in the request
	Received int   // len(List) + Refused
	Refused  int
	Problems []Problem // of the refused ones, by Index; never more than MaxProblems
}

// Events is a decoded batch of events.
type Events = Batch[freshet.Event]

// Items is a decoded batch of items.
type Items = Batch[freshet.Item]

// shape is what a kind of record brings to the decoding of batches.
type shape[T any] struct {
	noun   string
	a      string                  // the noun with its article
	list   string                  // the key of the envelope
	known  func(key []byte) bool   // whether a key is one of a record's
	decode func(d *decoder, in *T) // reads an object into a zero T
}

const byteOrderMark = "\xef\xbb\xbf"

// start refuses what no document begins with.
func start(body []byte) *Malformed {
	switch {
	case len(body) == 0:
		return malformed(CodeMalformed, 0, "the text is empty")
	case bytes.HasPrefix(body, []byte(byteOrderMark)):
		return malformed(CodeMalformed, 0, "the text starts with a byte order mark; send UTF-8 without one")
	}
	return nil
}

// decodeOne reads raw as one record.
func decodeOne[T any](d *decoder, sh *shape[T], raw []byte) (rec T, problems []Problem) {
	d.begin()
	if d.bad = start(raw); d.bad == nil {
		d.data = raw
		d.document(sh.a)
	}
	if d.bad == nil {
		sh.decode(d, &rec)
		d.end()
	}
	d.release()
	if d.bad != nil {
		d.broken()
	}
	if d.faults > 0 {
		var zero T
		return zero, d.problems
	}
	return rec, nil
}

// document steps to the object that must be next, a being what it is, with its article.
func (d *decoder) document(a string) {
	if d.next() != '{' {
		d.expect(a + " as a JSON object")
	}
}

// broken makes a broken record one problem, whatever else was found before it broke.
func (d *decoder) broken() {
	d.problems, d.faults = d.problems[:d.start], 0
	d.path = nil
	d.problem(d.bad.Code, "", "%s", d.bad.Message)
}

// reading is a batch being decoded.
type reading[T any] struct {
	decoder
	*shape[T]
	most int
	size int // of the body
	out  Batch[T]
}

func decodeBatch[T any](d decoder, sh *shape[T], body []byte, form Form, most int) (Batch[T], error) {
	if most <= 0 {
		most = defaultMost
	}
	r := &reading[T]{decoder: d, shape: sh, most: most, size: len(body)}
	if r.bad = start(body); r.bad == nil {
		if form == NDJSON {
			r.lines(body)
		} else {
			r.data = body
			r.body()
		}
	}
	r.release()
	if r.bad != nil {
		return Batch[T]{}, r.bad
	}
	r.out.Problems = r.problems
	return r.out, nil
}

// body reads the one document of the JSON form.
func (r *reading[T]) body() {
	switch r.next() {
	case '[':
		r.records()
	case '{':
		r.object()
	default:
		r.expect("an object or an array")
	}
	r.end()
}

// object reads a top-level object: an envelope, or a record if any of its keys is a record's.
// As keys come in any order, that may show only behind the list; then it is read again.
func (r *reading[T]) object() {
	begin := r.pos
	found := false
	var fault *Malformed // of the envelope, if it is one
	blame := func(code string, t *text, format string) {
		if fault == nil {
			fault = malformed(code, t.at, format+" at byte %d", quoted(t.raw), t.at)
		}
	}
	r.pos++
	for first := true; ; first = false {
		t, more := r.key(first)
		if !more {
			break
		}
		var key []byte // stays empty, and unknown, when it is no clean text
		if t.fault == "" {
			key = r.bytes(&t)
		}
		switch {
		case r.known(key):
			r.single(begin)
			return
		case string(key) != r.list:
			blame(CodeUnknown, &t, "unknown field %s beside the list")
			r.skip()
		case found:
			blame(CodeDuplicate, &t, "the key %s appears again")
			r.skip()
		case r.kind() != kindArray:
			found = true
			blame(codeType+r.list, &t, "the value of %s must be an array; the key is")
			r.skip()
		default:
			found = true
			r.root = "/" + r.list
			r.records()
		}
	}
	switch {
	case r.bad != nil:
	case !found:
		r.single(begin)
	default:
		r.bad = fault
	}
}

// single reads the object at begin as one record, forgetting what was read from there on.
func (r *reading[T]) single(begin int) {
	r.pos, r.root, r.one = begin, "", true
	r.problems, r.out = nil, Batch[T]{}
	r.record(0)
}

// records reads the array the reading stands on.
func (r *reading[T]) records() {
	r.pos++
	for i := 0; r.element(i == 0); i++ {
		r.record(i)
	}
}

// lines reads the NDJSON form.
func (r *reading[T]) lines(body []byte) {
	r.one = true // pointers are into the line
	index, at := 0, 0
	for line := range bytes.Lines(body) {
		r.place.Line++
		r.data, r.pos = line, 0
		if r.next() != 0 || r.pos < len(line) {
			r.record(index)
			if r.bad != nil { // too many: record keeps other errors to the line
				r.bad.Offset += int64(at)
				return
			}
			index++
		}
		at += len(line)
	}
}

// record reads the value the reading stands on as the record at index.
func (r *reading[T]) record(index int) {
	if index == r.most {
		r.bad = malformed(CodeTooMany, r.pos, "more than %d %ss in one request", r.most, r.noun)
		return
	}
	r.out.Received++
	r.place.Index = index
	r.begin()
	n, began := len(r.out.List), r.pos
	if r.place.Line > 0 {
		r.grow()
		if r.document(r.a); r.bad == nil {
			r.decode(&r.decoder, &r.out.List[n])
			r.end()
		}
		if r.bad != nil {
			r.broken()
			r.bad = nil
		}
	} else if r.kind() == kindObject {
		r.grow()
		r.decode(&r.decoder, &r.out.List[n])
	} else {
		r.problem(CodeMalformed, "", "%s is a JSON object, this is %s", r.a, r.kind())
		r.pass()
	}
	if r.faults == 0 && r.bad == nil && r.pos-began > MaxRecordBytes {
		r.problem(CodeTooLong, "", "the %s has %d bytes, more than %d", r.noun, r.pos-began, MaxRecordBytes)
	}
	if r.faults > 0 || r.bad != nil {
		clear(r.out.List[n:]) // for grow
		r.out.List = r.out.List[:n]
		r.out.Refused++
		return
	}
	r.out.Index = append(r.out.Index, index)
}

// grow adds a zero record for decode to fill. Room behind the list is always zero.
func (r *reading[T]) grow() {
	if r.out.List == nil {
		// A guess: records of about 64 bytes, and no more memory than that is worth
		// before any of them proved good.
		guess := min(r.size/64+1, r.most, 1024)
		r.out.List = make([]T, 0, guess)
		r.out.Index = make([]int, 0, guess)
	}
	if n := len(r.out.List); n < cap(r.out.List) {
		r.out.List = r.out.List[:n+1]
		return
	}
	var zero T
	r.out.List = append(r.out.List, zero)
}
