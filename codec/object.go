package codec

import (
	"fmt"
	"strconv"
)

// MaxList bounds the arrays that [Field.Array] and [Field.Strings] take apart.
const MaxList = 10_000

// Field is one member of a request object, or one element of an array in it. Its Raw is a
// valid JSON value that shares memory with the request.
//
// The getters never coerce: a value of another type is an error. Every error is a *[Problem]
// with the pointer of the field, ready for the reply. A null is an error to all of them but
// IsNull; whoever takes null for absent asks that first.
type Field struct {
	Name   string // the key; for an element, its array's name, a slash and its 0-based place
	Raw    []byte
	Offset int // of Raw in the text given to Object

	pointer string // of the field, or of its array when place > 0
	place   int    // 1-based place in an array
}

// Object reads a request that is one JSON object and returns its members in order. The error
// is a *[Malformed], also for a key that appears twice, for faulty text and numbers at any
// depth, and for MaxDepth, MaxTextBytes and MaxFields (here of each object by itself: requests
// may list many things). Which names are known is for the caller to judge; [Nearest] helps
// with the message.
func Object(raw []byte) (list []Field, err error) {
	if bad := start(raw); bad != nil {
		return nil, bad
	}
	s := scanner{data: raw}
	if s.next() != '{' {
		s.expect("a JSON object")
		return nil, s.bad
	}
	// The first pass finds every fault inside values, the second knows there is none.
	sk := s.skip()
	s.end()
	switch {
	case s.bad != nil:
		return nil, s.bad
	case sk.text.why != "":
		return nil, malformed(CodeBadText, sk.text.at, "the text %s at byte %d holds %s", quoted(sk.text.raw), sk.text.at, sk.text.why)
	case sk.number.why != "":
		return nil, malformed(CodeBadNumber, sk.number.at, "%s at byte %d %s", token(sk.number.raw), sk.number.at, sk.number.why)
	case sk.depth > MaxDepth:
		return nil, malformed(CodeTooDeep, 0, "nested deeper than %d levels", MaxDepth)
	case sk.long:
		return nil, malformed(CodeTooLong, 0, "a string is longer than %d bytes", MaxTextBytes)
	}
	list, bad := members(raw, "")
	if bad != nil {
		return nil, bad
	}
	return list, nil
}

// members takes apart an object whose values are sound.
func members(raw []byte, pointer string) (list []Field, bad *Malformed) {
	s := scanner{data: raw}
	s.next()
	s.pos++
	for first := true; ; first = false {
		t, more := s.key(first)
		if !more {
			return list, nil
		}
		key := s.bytes(&t)
		f := Field{Name: string(key), pointer: string(appendSegment([]byte(pointer), key))}
		if len(list) == MaxFields {
			return nil, malformed(CodeManyFields, t.at, "an object has more than %d fields", MaxFields)
		}
		for i := range list {
			if list[i].Name == f.Name {
				return nil, malformed(CodeDuplicate, t.at, "the key %s appears twice, again at byte %d", quoted(key), t.at)
			}
		}
		from := s.pos
		s.skip()
		f.Raw, f.Offset = raw[from:s.pos], from
		list = append(list, f)
	}
}

// Pointer returns the JSON pointer of the field in its request.
func (f Field) Pointer() string {
	if f.place == 0 {
		return f.pointer
	}
	return f.pointer + "/" + strconv.Itoa(f.place-1)
}

// Problem makes an error about the field, for rules that only the caller knows.
func (f Field) Problem(code, hint, format string, args ...any) *Problem {
	return &Problem{Code: code, Pointer: f.Pointer(), Hint: hint,
		Message: token(f.Name).String() + ": " + fmt.Sprintf(format, args...)}
}

// kind is what the value is.
func (f Field) kind() kind {
	if len(f.Raw) == 0 {
		return kindNone // a zero Field
	}
	return kindOf[f.Raw[0]]
}

func (f Field) wrongType(want string) *Problem {
	return f.Problem(codeType+f.Name, "", "must be %s, this is %s", want, f.kind())
}

// IsNull reports whether the value is null.
func (f Field) IsNull() bool { return f.kind() == kindNull }

// String returns the value of a string, up to MaxTextBytes long.
func (f Field) String() (string, error) {
	if f.kind() != kindText {
		return "", f.wrongType("a string")
	}
	s := scanner{data: f.Raw}
	t := s.text()
	return string(s.bytes(&t)), nil
}

// Int returns the value of a whole number. Its form does not matter (2, 2.0), its value is
// exact; beyond int64 it is out_of_range.
func (f Field) Int() (int64, error) {
	if f.kind() != kindNumber {
		return 0, f.wrongType("a whole number")
	}
	s := scanner{data: f.Raw}
	n := s.number()
	v, ok := n.int()
	if !ok {
		return 0, f.Problem(CodeOutOfRange, "", "%s is not a whole number of 64 bits", token(n.lit))
	}
	return v, nil
}

// Float returns the float64 nearest to a number. An integer that no float64 equals is
// out_of_range: it would be another number.
func (f Field) Float() (float64, error) {
	if f.kind() != kindNumber {
		return 0, f.wrongType("a number")
	}
	s := scanner{data: f.Raw}
	n := s.number()
	v, exact, fault := n.float()
	switch {
	case fault != "":
		return 0, f.Problem(CodeBadNumber, "", "%s %s", token(n.lit), fault)
	case !exact:
		return 0, f.Problem(CodeOutOfRange, "", "%s has no exact floating-point form", token(n.lit))
	}
	return v, nil
}

// Time returns a time in Unix milliseconds, given as the ts of an event is: an integer of
// seconds or milliseconds, or RFC 3339 text, in the years 0000 to 9999. Anything else is
// bad_time.
func (f Field) Time() (ms int64, err error) {
	hint := ""
	s := scanner{data: f.Raw}
	switch f.kind() {
	case kindNumber:
		n := s.number()
		ms, hint = wholeTime(&n)
	case kindText:
		t := s.text()
		ms, hint = ParseTime(s.bytes(&t))
	default:
		return 0, f.wrongType("a time (an integer or RFC 3339 text)")
	}
	if hint != "" {
		return 0, f.Problem(CodeBadTime, hint, "%s is not a time", f.shown())
	}
	return ms, nil
}

// shown is the value as messages show it.
func (f Field) shown() string {
	if s, err := f.String(); err == nil {
		return quoted(s).String()
	}
	return token(f.Raw).String()
}

// Bool returns the value of true or false.
func (f Field) Bool() (bool, error) {
	switch f.kind() {
	case kindTrue:
		return true, nil
	case kindFalse:
		return false, nil
	}
	return false, f.wrongType("true or false")
}

// Array returns the elements of an array of at most MaxList; an empty one has none.
func (f Field) Array() ([]Field, error) {
	if f.kind() != kindArray {
		return nil, f.wrongType("an array")
	}
	s := scanner{data: f.Raw, pos: 1}
	pointer := f.Pointer()
	var list []Field
	for i := 0; s.element(i == 0); i++ {
		if i == MaxList {
			return nil, f.Problem(CodeTooLong, "", "has more than %d elements", MaxList)
		}
		from := s.pos
		s.skip()
		list = append(list, Field{
			Name: f.Name + "/" + strconv.Itoa(i), Raw: f.Raw[from:s.pos], Offset: f.Offset + from,
			pointer: pointer, place: i + 1,
		})
	}
	return list, nil
}

// Strings returns the elements of an array of at most MaxList strings.
func (f Field) Strings() ([]string, error) {
	if f.kind() != kindArray {
		return nil, f.wrongType("an array of strings")
	}
	elements, err := f.Array()
	if err != nil {
		return nil, err
	}
	list := make([]string, len(elements))
	for i, e := range elements {
		if list[i], err = e.String(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Object returns the members of an object, by the rules of the function Object.
func (f Field) Object() ([]Field, error) {
	if f.kind() != kindObject {
		return nil, f.wrongType("an object")
	}
	list, bad := members(f.Raw, f.Pointer())
	if bad != nil {
		return nil, f.Problem(bad.Code, "", "%s of the object", bad.Message)
	}
	for i := range list {
		list[i].Offset += f.Offset
	}
	return list, nil
}

// Free returns the value of an object of free data, numbers as json.Number; keys given twice,
// at any depth, are an error.
func (f Field) Free() (map[string]any, error) {
	if f.kind() != kindObject {
		return nil, f.wrongType("an object")
	}
	d := decoder{scanner: scanner{data: f.Raw}, root: f.Pointer(), one: true}
	m := d.freeData()
	d.release()
	if d.faults > 0 {
		return nil, &d.problems[0]
	}
	return m, nil
}
