package source

import (
	"strconv"
	"strings"
)

// MaxDigits bounds the numbers in the columns of a data set: each fits an int64.
const MaxDigits = 18

// IsNumber reports whether a column holds 1 to MaxDigits decimal digits.
func IsNumber(s string) bool {
	return s != "" && len(s) <= MaxDigits && strings.Trim(s, "0123456789") == ""
}

// Quote is a column's text for a message, cut to a length that fits one.
func Quote(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// Words keeps one copy of every id, of which a data set has far fewer than rows. The zero
// value is empty.
type Words struct{ known map[string]string }

// Of returns s, as a string that shares no memory with the row it was read from.
func (w *Words) Of(s string) string {
	if known, ok := w.known[s]; ok {
		return known
	}
	if w.known == nil {
		w.known = map[string]string{}
	}
	s = strings.Clone(s)
	w.known[s] = s
	return s
}
