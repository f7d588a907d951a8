package expression

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/freshet-rec/freshet"
)

// Row is what an expression reads. It must not change while it is read.
type Row struct {
	Numbers []float64 // by index of the feature: finite, or NaN for no value
	Texts   []string  // by index of the feature: "" for no value; nil when no feature read is a text
	Item    *freshet.Item
	User    *freshet.User
	Context map[string]any // decoded JSON, numbers as json.Number
	Time    int64          // q, Unix ms
	Born    int64          // when the catalogue first saw the item, Unix ms; 0 when that is not known

	event *freshet.Event // of a where
}

// scalar is a value whose kind is known only when it is read. The zero scalar is no value.
type scalar struct {
	kind   Kind // Number, Text, List, truth or 0
	number float64
	text   string
	yes    bool
	list   []any
}

// scalarOf reads decoded JSON: texts, numbers, truth values and lists are values, anything
// else is none.
func scalarOf(v any) scalar {
	switch v := v.(type) {
	case string:
		return textScalar(v)
	case bool:
		return scalar{kind: truth, yes: v}
	case json.Number:
		if n, err := strconv.ParseFloat(string(v), 64); err == nil {
			return numberScalar(n)
		}
	case float64:
		return numberScalar(v)
	case []any:
		return scalar{kind: List, list: v}
	}
	return scalar{}
}

func numberScalar(n float64) scalar {
	if n = finite(n); n != n {
		return scalar{}
	}
	return scalar{kind: Number, number: n}
}

func textScalar(s string) scalar {
	if s == "" {
		return scalar{}
	}
	return scalar{kind: Text, text: s}
}

func truthScalar(t verdict) scalar {
	if t == unknown {
		return scalar{}
	}
	return scalar{kind: truth, yes: t == yes}
}

// asNumber is the number, or 1 and 0 of a truth value, and NaN of everything else.
func (s scalar) asNumber() float64 {
	switch {
	case s.kind == Number:
		return s.number
	case s.kind == truth && s.yes:
		return 1
	case s.kind == truth:
		return 0
	}
	return math.NaN()
}

func (s scalar) asText() string {
	if s.kind == Text {
		return s.text
	}
	return ""
}

func (s scalar) asVerdict() verdict {
	if s.kind == truth {
		return verdictOf(s.yes)
	}
	return unknown
}

// finite makes what is no finite number NaN, which is no value.
func finite(x float64) float64 {
	if x-x != 0 { // NaN for ±Inf and NaN, 0 for all others
		return math.NaN()
	}
	return x
}

// verdict is a truth value or none. An unknown verdict decides nothing.
type verdict uint8

const (
	no verdict = iota
	yes
	unknown
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

func (t verdict) asNumber() float64 {
	switch t {
	case yes:
		return 1
	case no:
		return 0
	}
	return math.NaN()
}
