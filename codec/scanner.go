package codec

import "fmt"

// scanner walks one JSON document byte by byte. Its methods step over one token or one value
// each; the first error of structure sets bad, and then every method answers "no more", so
// loops end and callers look at bad once.
//
// After key and element the scanner stands on the first byte of a value, which exists.
type scanner struct {
	data []byte
	pos  int
	bad  *Malformed
	nest []uint64 // scratch of skip
	buf  []byte   // scratch of unescaping
}

// next steps over white space and returns the byte it then stands on, 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect records that something else was needed here.
func (s *scanner) expect(what string) {
	if s.bad == nil {
		s.bad = malformed(CodeMalformed, s.pos, "expected %s, found %s at byte %d", what, s.found(), s.pos)
	}
}

// found describes the byte the scanner stands on.
func (s *scanner) found() string {
	switch {
	case s.pos >= len(s.data):
		return "the end of the text"
	case s.data[s.pos] > ' ' && s.data[s.pos] < 0x7f:
		return fmt.Sprintf("%q", s.data[s.pos:s.pos+1])
	}
	return fmt.Sprintf("byte 0x%02X", s.data[s.pos])
}

// end requires that nothing but white space is left.
func (s *scanner) end() {
	if s.bad == nil && (s.next() != 0 || s.pos < len(s.data)) {
		s.expect("nothing after the first document")
	}
}

// key steps to the next member of an object whose opening brace is behind: over the comma,
// the key and the colon. It returns false behind the closing brace and when s.bad is set.
func (s *scanner) key(first bool) (t text, more bool) {
	c := s.next()
	switch {
	case s.bad != nil:
		return t, false
	case c == '}':
		s.pos++
		return t, false
	case first:
	case c != ',':
		s.expect(`"," or "}" after a member`)
		return t, false
	default:
		s.pos++
		c = s.next()
	}
	if c != '"' {
		s.expect("a key in double quotes")
		return t, false
	}
	if t = s.text(); s.bad != nil {
		return t, false
	}
	if s.next() != ':' {
		s.expect(`":" after a key`)
		return t, false
	}
	s.pos++
	return t, s.value()
}

// plainKey is key for nearly all of them: a plain text, at most one space behind the comma and the
// colon. ok is false for any other, over which nothing is stepped.
func (s *scanner) plainKey(first bool) (raw []byte, ok bool) {
	data, i := s.data, s.pos
	if s.bad != nil {
		return nil, false
	}
	if !first {
		if i >= len(data) || data[i] != ',' {
			return nil, false
		}
		if i++; i < len(data) && data[i] == ' ' {
			i++
		}
	}
	raw, end := plain(data, i)
	if end+2 >= len(data) || data[end] != ':' {
		return nil, false
	}
	if end++; data[end] == ' ' {
		end++
	}
	if end == len(data) || kindOf[data[end]] == kindNone {
		return nil, false
	}
	s.pos = end
	return raw, true
}

// element steps to the next element of an array whose opening bracket is behind. It returns
// false behind the closing bracket and when s.bad is set.
func (s *scanner) element(first bool) (more bool) {
	c := s.next()
	switch {
	case s.bad != nil:
		return false
	case c == ']':
		s.pos++
		return false
	case first:
		return s.value()
	case c != ',':
		s.expect(`"," or "]" after an element`)
		return false
	}
	s.pos++
	return s.value()
}

// value steps to the first byte of a value and reports whether one can start there.
func (s *scanner) value() bool {
	if c := s.next(); kindOf[c] == kindNone {
		s.expect("a value")
		return false
	}
	return true
}

// word steps over true, false or null, which must stand here.
func (s *scanner) word(w string) {
	for i := range len(w) {
		if s.pos == len(s.data) || s.data[s.pos] != w[i] {
			s.expect(w)
			return
		}
		s.pos++
	}
}

// kind is what a value is, as its first byte tells.
type kind uint8

const (
	kindNone kind = iota
	kindText
	kindNumber
	kindObject
	kindArray
	kindTrue
	kindFalse
	kindNull
)

var kindNames = [...]string{"nothing", "a string", "a number", "an object", "an array", "true", "false", "null"}

func (k kind) String() string { return kindNames[k] }

// kindOf tells the kind by the first byte. Bytes that start numbers JSON does not know (NaN,
// +1, .5) count as numbers, so that they are faults of one value.
var kindOf = func() (table [256]kind) {
	for _, c := range []byte("0123456789-+.NI") {
		table[c] = kindNumber
	}
	table['"'], table['{'], table['['] = kindText, kindObject, kindArray
	table['t'], table['f'], table['n'] = kindTrue, kindFalse, kindNull
	return table
}()

// kind returns the kind of the value the scanner stands on.
func (s *scanner) kind() kind { return kindOf[s.data[s.pos]] }
