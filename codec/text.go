package codec

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// text is a string token. Its bytes belong to the document.
type text struct {
	raw     []byte // between the quotes
	at      int    // offset of the opening quote
	plain   bool   // nothing but printable ASCII without space or escape: raw is the value and passes freshet.CheckID but for its length
	escaped bool   // the value is unescape(raw)
	nul     bool   // holds \u0000
	fault   string // why it is no clean text, "" if it is
}

// The classes of bytes inside a string.
const (
	charPlain   = iota // printable ASCII, not the space
	charSpace          // 0x20
	charQuote          // "
	charEscape         // \
	charControl        // below 0x20
	charHigh           // DEL and everything that is not ASCII
)

var charOf = func() (table [256]uint8) {
	for c := range 0x20 {
		table[c] = charControl
	}
	for c := 0x7f; c <= 0xff; c++ {
		table[c] = charHigh
	}
	table[' '], table['"'], table['\\'] = charSpace, charQuote, charEscape
	return table
}()

// text steps over the string whose opening quote the scanner stands on. A fault inside the
// string does not stop it; only a missing closing quote sets s.bad.
func (s *scanner) text() (t text) {
	data, start := s.data, s.pos+1
	i, high := start, false
	t.plain, t.at = true, s.pos
	for {
		i = pastPlain(data, i)
		if i >= len(data) {
			s.pos = len(data)
			s.expect("a closing double quote")
			return t
		}
		switch charOf[data[i]] {
		case charQuote:
			t.raw, s.pos = data[start:i], i+1
			if high && !utf8.Valid(t.raw) {
				t.blame("invalid UTF-8")
			}
			return t
		case charEscape:
			t.escaped = true
			i += t.escape(data[i:])
		case charControl:
			t.blame("a raw control character")
			i++
		case charHigh:
			high = true
			i++
		default:
			i++
		}
		t.plain = false
	}
}

// plainText is text for nearly all of them: plain ones. ok is false for any other, over which nothing
// is stepped.
func (s *scanner) plainText() (raw []byte, ok bool) {
	raw, end := plain(s.data, s.pos)
	if end == len(s.data)+1 {
		return nil, false
	}
	s.pos = end
	return raw, true
}

// plain reads the string whose opening quote is at i, if that is a plain one, and returns where it
// ends; a place beyond the data says that there is none.
func plain(data []byte, i int) (raw []byte, end int) {
	if i >= len(data) || data[i] != '"' {
		return nil, len(data) + 1
	}
	end = pastPlain(data, i+1)
	if end == len(data) || data[end] != '"' {
		return nil, len(data) + 1
	}
	return data[i+1 : end], end + 1
}

// pastPlain returns where the first byte from i on stands that is not charPlain, len(data) at the most.
func pastPlain(data []byte, i int) int {
	for ; i+8 <= len(data); i += 8 {
		if other := notPlain(binary.LittleEndian.Uint64(data[i:])); other != 0 {
			return i + bits.TrailingZeros64(other)/8
		}
	}
	for i < len(data) && charOf[data[i]] == charPlain {
		i++
	}
	return i
}

// notPlain has the upper bit set in the lowest of eight bytes that is not charPlain, and none below
// it.
func notPlain(w uint64) uint64 {
	return (below(w, '!') | among(w, '"') | among(w, '\\') | (w + each) | w) & eachUpper // w + each for DEL
}

// One in each byte of a word, and the upper bit of each.
const (
	each      = 0x0101010101010101
	eachUpper = 0x80 * each
)

// below has the upper bit set in the lowest byte of w that is less than n < 128, and none below it but
// in bytes that have it set in w: b − n borrows into the upper bit, and from the bytes above (Warren,
// Hacker's Delight, section 6-1).
func below(w, n uint64) uint64 { return w - n*each }

// among is below for a byte that equals b.
func among(w, b uint64) uint64 { return below(w^b*each, 1) }

// blame keeps the first fault.
func (t *text) blame(why string) {
	if t.fault == "" {
		t.fault = why
	}
}

// escape checks the escape that b starts with and returns how many bytes to step over: all of
// it when it is good, and never past a closing quote when it is not.
func (t *text) escape(b []byte) int {
	if len(b) < 2 {
		return len(b)
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
	default:
		t.blame("an escape that JSON does not know")
		return 1
	}
	r := hex4(b[2:])
	switch {
	case r < 0:
		t.blame("an escape that JSON does not know")
		return 2
	case !utf16.IsSurrogate(r):
		t.nul = t.nul || r == 0
		return 6
	case len(b) >= 12 && b[6] == '\\' && b[7] == 'u' && utf16.DecodeRune(r, hex4(b[8:])) != utf8.RuneError:
		return 12
	}
	t.blame("half of a surrogate pair")
	return 6
}

// hex4 reads four hexadecimal digits, or returns -1.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// unescape appends the value of raw, a string token without faults, to dst.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		c = raw[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				r = utf16.DecodeRune(r, hex4(raw[i+2:]))
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// bytes returns the value of a text without faults. It is good until the next call that
// unescapes.
func (s *scanner) bytes(t *text) []byte {
	if !t.escaped {
		return t.raw
	}
	s.buf = unescape(s.buf[:0], t.raw)
	return s.buf
}

// long reports whether the value of a text without faults is over MaxTextBytes.
func (s *scanner) long(t *text) bool {
	return len(t.raw) > MaxTextBytes && (!t.escaped || len(s.bytes(t)) > MaxTextBytes)
}
