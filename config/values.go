package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/freshet-rec/freshet"
)

// text reads a text value, expanded, free of control characters.
func (r *reader) text(path string, n *node) (string, bool) { return r.textWith(path, n, "") }

// textWith is text in which the control characters given may stand.
func (r *reader) textWith(path string, n *node, controls string) (string, bool) {
	hint := ""
	if n.kind == number || n.kind == boolean {
		hint = fmt.Sprintf("write %q", n.text)
	}
	if !r.expect(path, n, text, hint) {
		return "", false
	}
	s, fault, hint := expand(n.text, r.env)
	if fault == "" {
		fault, hint = checkText(s, controls), ""
	}
	if fault != "" {
		r.add(n.at, hint, "%s %s", path, fault)
		return "", false
	}
	return s, true
}

func checkText(s, controls string) (fault string) {
	refused := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(controls, r) }
	switch control := strings.IndexFunc(s, refused); {
	case s == "":
		return "is empty"
	case len(s) > MaxText:
		return fmt.Sprintf("has %d bytes; at most %d are accepted", len(s), MaxText)
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case control >= 0:
		r, _ := utf8.DecodeRuneInString(s[control:])
		return fmt.Sprintf("contains the control character %U", r)
	}
	return ""
}

func (r *reader) textInto(dst *string) func(string, *node) {
	return func(path string, n *node) {
		if s, ok := r.text(path, n); ok {
			*dst = s
		}
	}
}

// expressionInto reads the text of an expression, which may have several lines; what ends it
// without a meaning is left out.
func (r *reader) expressionInto(dst *string) func(string, *node) {
	return func(path string, n *node) {
		s, ok := r.textWith(path, n, "\n\t")
		if !ok {
			return
		}
		if s = strings.TrimRight(s, " \t\n"); s == "" {
			r.add(n.at, "", "%s is empty", path)
			return
		}
		*dst = s
	}
}

// oneOf reads a word out of a fixed set; later ones are designed but not built.
func (r *reader) oneOf(dst *string, known, later []string) func(string, *node) {
	return func(path string, n *node) {
		s, ok := r.text(path, n)
		switch {
		case !ok:
		case slices.Contains(known, s):
			*dst = s
		case slices.Contains(later, s):
			r.add(n.at, "", "%s %s is not available in this release (not_available)", path, quote(s))
		default:
			hint := didYouMean(s, known)
			if hint == "" {
				hint = "write " + strings.Join(known, ", ")
			}
			r.add(n.at, hint, "unknown %s %s", path, quote(s))
		}
	}
}

func (r *reader) switchInto(dst *bool) func(string, *node) {
	return func(path string, n *node) {
		hint := "write true or false"
		if r.expect(path, n, boolean, hint) {
			*dst = strings.EqualFold(n.text, "true")
		}
	}
}

// integer reads a whole number in [low, high].
func (r *reader) integer(dst *int, low, high int) func(string, *node) {
	return func(path string, n *node) {
		if !r.expect(path, n, number, unquoted(n)) {
			return
		}
		v, err := strconv.Atoi(n.text)
		switch {
		case !decimal.MatchString(n.text):
			r.add(n.at, "write a plain decimal number", "%s is %s", path, quote(n.text))
		case strings.ContainsAny(n.text, ".eE"):
			r.add(n.at, "", "%s is %s; it must be a whole number", path, n.text)
		case err != nil || v < low || v > high:
			r.add(n.at, "", "%s is %s; it must be from %d to %d", path, quote(n.text), low, high)
		default:
			*dst = v
		}
	}
}

// float reads a finite number.
func (r *reader) float(path string, n *node) (float64, bool) {
	if !r.expect(path, n, number, unquoted(n)) {
		return 0, false
	}
	if !decimal.MatchString(n.text) {
		r.add(n.at, "write a plain decimal number", "%s is %s", path, quote(n.text))
		return 0, false
	}
	v, err := strconv.ParseFloat(n.text, 64)
	if err != nil || math.IsInf(v, 0) {
		r.add(n.at, "", "%s is %s, which is too large", path, quote(n.text))
		return 0, false
	}
	if v == 0 {
		v = 0 // not −0
	}
	return v, true
}

// unquoted is the hint for a number that was written as text.
func unquoted(n *node) string {
	if n.kind == text && decimal.MatchString(n.text) {
		return "write " + n.text + " without quotes"
	}
	return ""
}

// duration reads a duration in [low, high].
func (r *reader) duration(dst *freshet.Duration, low, high freshet.Duration) func(string, *node) {
	return func(path string, n *node) {
		s := n.text
		switch n.kind {
		case number: // judged as a duration without its unit
		case boolean, list, mapping:
			r.add(n.at, "", "%s must be a duration such as 30s or 5m, not %s", path, n.kind)
			return
		default:
			var ok bool
			if s, ok = r.text(path, n); !ok {
				return
			}
		}
		d, fault, hint := durationIn(path, s, low, high)
		if fault != "" {
			r.add(n.at, hint, "%s", fault)
			return
		}
		*dst = d
	}
}

// words reads a list of words that differ; an empty list is nil. used, when not nil, is
// told of each.
func (r *reader) words(dst *[]string, used func(word string, n *node)) func(string, *node) {
	return func(path string, n *node) {
		hint := ""
		if n.kind == text {
			hint = "write [" + oneLine(n.text) + "]"
		}
		if !r.expect(path, n, list, hint) {
			return
		}
		var words []string
		for i, item := range n.items {
			word, ok := r.text(fmt.Sprintf("%s[%d]", path, i), item)
			switch {
			case !ok:
			case slices.Contains(words, word):
				r.add(item.at, "", "%s names %s twice", path, quote(word))
			default:
				words = append(words, word)
				if used != nil {
					used(word, item)
				}
			}
		}
		*dst = words
	}
}
