package codec

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
)

// AppendEvent appends the canonical form of e to dst: compact JSON, fields in fixed order,
// keys of the context sorted, absent fields left out, ts in integer milliseconds (left out
// when e.TimeUnset). For a valid event, [DecodeEvent] with Rules.Now = e.Time gives it back
// exactly. One that is not valid is written as it is, never repaired, so it is refused there.
//
// Beside what is decoded, Context may hold []string and Go's float64, float32, int and int64;
// anything else in it is a bug and panics.
func AppendEvent(dst []byte, e *freshet.Event) []byte {
	dst = append(dst, '{')
	dst = appendField(dst, `"event_id":"`, e.ID)
	dst = appendField(dst, `"user_id":"`, string(e.User))
	dst = appendField(dst, `"anonymous_id":"`, e.Anonymous)
	dst = appendField(dst, `"session_id":"`, e.Session)
	dst = appendField(dst, `"item_id":"`, string(e.Item))
	dst = appendField(dst, `"event":"`, e.Name)
	if !e.TimeUnset {
		dst = appendKey(dst, `"ts":`)
		if -secondsBelow < e.Time && e.Time < secondsBelow {
			// As an integer this would be read as seconds. Valid events are younger.
			dst = append(AppendTime(append(dst, '"'), e.Time), '"')
		} else {
			dst = strconv.AppendInt(dst, e.Time, 10)
		}
	}
	if e.HasValue {
		dst = appendFloat(appendKey(dst, `"value":`), e.Value, 64)
	}
	dst = appendField(dst, `"request_id":"`, e.Request)
	if e.Rank != 0 {
		dst = appendKey(dst, `"rank":`)
		dst = strconv.AppendInt(dst, int64(e.Rank), 10)
	}
	dst = appendField(dst, `"query":"`, e.Query)
	if e.Context != nil {
		dst = appendFree(appendKey(dst, `"context":`), e.Context)
	}
	return append(dst, '}')
}

// Fingerprint returns a hash of the canonical form: events equal in every field, an absent ts
// included, have equal prints, on every machine and in every release that keeps the canonical
// form. It tells a repeated event from a different one by accident, not by malice: it is
// FNV-1a with a final mix, and not a cryptographic hash.
func Fingerprint(e *freshet.Event) uint64 {
	var room [512]byte
	return FingerprintOf(AppendEvent(room[:0], e))
}

// FingerprintOf is [Fingerprint] of the event whose canonical form is given.
func FingerprintOf(canonical []byte) uint64 { return printMix(printOn(printBegin, canonical)) }

// FingerprintsOf sets prints[i] to FingerprintOf of each of several canonical forms, which stand one
// behind the other in text and end at ends[i]. A step of one waits for its multiplication, so four go
// side by side.
func FingerprintsOf(prints []uint64, text []byte, ends []int) {
	begin := 0
	form := func(i int) []byte {
		b := text[begin:ends[i]]
		begin = ends[i]
		return b
	}
	i := 0
	for ; i+4 <= len(ends); i += 4 {
		a, b, c, d := form(i), form(i+1), form(i+2), form(i+3)
		n := min(len(a), len(b), len(c), len(d))
		h, k, l, m := uint64(printBegin), uint64(printBegin), uint64(printBegin), uint64(printBegin)
		a0 := a[:n]
		b0, c0, d0 := b[:len(a0)], c[:len(a0)], d[:len(a0)] // one length, so that no index is checked
		for x := range a0 {
			h = (h ^ uint64(a0[x])) * printPrime
			k = (k ^ uint64(b0[x])) * printPrime
			l = (l ^ uint64(c0[x])) * printPrime
			m = (m ^ uint64(d0[x])) * printPrime
		}
		prints[i], prints[i+1] = printMix(printOn(h, a[n:])), printMix(printOn(k, b[n:]))
		prints[i+2], prints[i+3] = printMix(printOn(l, c[n:])), printMix(printOn(m, d[n:]))
	}
	for ; i < len(ends); i++ {
		prints[i] = FingerprintOf(form(i))
	}
}

// The constants of FNV-1a for 64 bits.
const (
	printBegin = 14695981039346656037
	printPrime = 1099511628211
)

// printOn goes on from h over b.
func printOn(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * printPrime
	}
	return h
}

// printMix is the finaliser of MurmurHash3: it spreads the last bytes over all bits.
func printMix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// AppendItem appends the canonical form of it to dst, by the rules of [AppendEvent];
// published_at is RFC 3339 text. [DecodeItem] gives a valid item back exactly, except that
// lists without entries come back nil.
func AppendItem(dst []byte, it *freshet.Item) []byte {
	dst = append(dst, '{')
	dst = appendField(dst, `"item_id":"`, string(it.ID))
	dst = appendField(dst, `"title":"`, it.Title)
	if len(it.Categories) > 0 {
		dst = appendTexts(appendKey(dst, `"categories":`), it.Categories)
	}
	if it.Unavailable {
		dst = appendKey(dst, `"available":`)
		dst = append(dst, "false"...)
	}
	if it.HasPublished {
		dst = appendKey(dst, `"published_at":`)
		if it.Published < yearOne || it.Published > yearMost {
			dst = strconv.AppendInt(dst, it.Published, 10) // no text form; refused when read
		} else {
			dst = append(AppendTime(append(dst, '"'), it.Published), '"')
		}
	}
	if it.HasPrice {
		dst = appendFloat(appendKey(dst, `"price":`), it.Price, 64)
	}
	if len(it.Tags) > 0 {
		dst = appendTexts(appendKey(dst, `"tags":`), it.Tags)
	}
	dst = appendField(dst, `"text":"`, it.Text)
	if len(it.Embedding) > 0 {
		dst = appendKey(dst, `"embedding":`)
		dst = append(dst, '[')
		for i, v := range it.Embedding {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendFloat(dst, float64(v), 32)
		}
		dst = append(dst, ']')
	}
	if it.Attributes != nil {
		dst = appendFree(appendKey(dst, `"attributes":`), it.Attributes)
	}
	return append(dst, '}')
}

// AppendUser appends the canonical form of u to dst, by the rules of [AppendEvent].
// [DecodeUser] gives a valid user back exactly.
func AppendUser(dst []byte, u *freshet.User) []byte {
	dst = append(dst, '{')
	dst = appendField(dst, `"user_id":"`, string(u.ID))
	if u.Attributes != nil {
		dst = appendFree(appendKey(dst, `"attributes":`), u.Attributes)
	}
	return append(dst, '}')
}

// appendKey starts the next member of the object that dst ends in: behind its opening brace or
// behind a value, which never ends in one. key is one of ours, as JSON with the colon.
func appendKey(dst []byte, key string) []byte {
	return append(appendComma(dst), key...)
}

func appendComma(dst []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return dst
}

// appendField writes a text unless it is absent. key goes on to the quote that opens the text.
func appendField(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return append(appendEscaped(appendKey(dst, key), value), '"')
}

// freeMembers is how many members of an object are sorted without memory of their own.
const freeMembers = 8

// appendFree writes a value of free data.
func appendFree(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return AppendText(dst, v)
	case json.Number:
		return append(dst, v...)
	case bool:
		return strconv.AppendBool(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendFree(dst, e)
		}
		return append(dst, ']')
	case []string:
		return appendTexts(dst, v)
	case map[string]any:
		var room [freeMembers]member
		dst = append(dst, '{')
		for _, m := range sortedMembers(room[:0], v) {
			dst = append(AppendText(appendComma(dst), m.key), ':')
			dst = appendFree(dst, m.value)
		}
		return append(dst, '}')
	case float64:
		return appendFloat(dst, v, 64)
	case float32:
		return appendFloat(dst, float64(v), 32)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	}
	panic(fmt.Sprintf("BUG: free data holds a %T, which no JSON document decodes to", v))
}

// member is a key of an object with its value.
type member struct {
	key   string
	value any
}

// sortedMembers appends the members of an object to room, which is empty, by their keys in order.
func sortedMembers(room []member, object map[string]any) []member {
	for key, value := range object {
		room = append(room, member{key, value})
	}
	if len(room) > freeMembers {
		slices.SortFunc(room, func(a, b member) int { return strings.Compare(a.key, b.key) })
		return room
	}
	for i := range room { // by insertion: of a few, keys and values both, that is faster
		for at := i; at > 0 && room[at].key < room[at-1].key; at-- {
			room[at], room[at-1] = room[at-1], room[at]
		}
	}
	return room
}

func appendTexts(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendText(dst, s)
	}
	return append(dst, ']')
}

// appendFloat writes the shortest text that is read back as v, whole numbers without
// exponent; −0 is written as 0.
func appendFloat(dst []byte, v float64, bits int) []byte {
	if v == 0 {
		return append(dst, '0')
	}
	format, abs := byte('f'), math.Abs(v)
	if abs < 1e-6 || abs >= 1e21 {
		format = 'e'
	} else if abs < mostMillionths/1e6 && bits == 64 {
		if n := uint64(abs*1e6 + 0.5); float64(n)/1e6 == abs {
			if v < 0 {
				dst = append(dst, '-')
			}
			return appendMillionths(dst, n)
		}
	}
	return strconv.AppendFloat(dst, v, format, -1, bits)
}

// mostMillionths bounds n in appendMillionths. Two numbers of up to 15 digits are never the same
// float64, so a text of so few that is read as one is the shortest, without trying which is.
const mostMillionths = 1e15

// appendMillionths writes n / 10⁶.
func appendMillionths(dst []byte, n uint64) []byte {
	dst = strconv.AppendUint(dst, n/1e6, 10)
	rest := n % 1e6
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := uint64(1e5); rest > 0; unit /= 10 {
		dst = append(dst, '0'+byte(rest/unit))
		rest %= unit
	}
	return dst
}

// pastClean returns where in s to begin to look for what must be escaped: eight bytes at a time are
// stepped over while there is nothing among them.
func pastClean(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		if (below(w, ' ')|among(w, '"')|among(w, '\\'))&^w&eachUpper != 0 {
			break
		}
	}
	return i
}

// AppendText appends s as a JSON string. Only what must be escaped is: quotes, backslashes
// and control characters below U+0020.
func AppendText(dst []byte, s string) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

// appendEscaped is AppendText without the quotes around it.
func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i := pastClean(s); i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[from:]...)
}
