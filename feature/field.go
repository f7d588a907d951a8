package feature

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/window"
)

// field is what of an event a column aggregates.
type field struct {
	of   fieldOf
	name string // of the context's field, or of the item's attribute
}

type fieldOf uint8

const (
	noField fieldOf = iota
	valueField
	rankField
	contextField
	itemField
	userField
	queryField
	attributeField
)

func parseField(text string) field {
	of, name, _ := strings.Cut(text, ".")
	switch {
	case text == "value":
		return field{of: valueField}
	case text == "rank":
		return field{of: rankField}
	case text == "item":
		return field{of: itemField}
	case text == "user":
		return field{of: userField}
	case text == "query":
		return field{of: queryField}
	case of == "context":
		return field{of: contextField, name: name}
	case of == "item":
		return field{of: attributeField, name: name}
	}
	return field{}
}

// scalar is the field of an event, a float64, a string or a bool; false when it has none.
func (f *field) scalar(e *freshet.Event) (number float64, text string, isText, ok bool) {
	switch f.of {
	case noField:
		return 1, "", false, true
	case valueField:
		return e.Value + 0, "", false, e.HasValue
	case rankField:
		return float64(e.Rank), "", false, e.Rank > 0
	case itemField:
		return 0, string(e.Item), true, e.Item != ""
	case queryField:
		return 0, e.Query, true, e.Query != ""
	case contextField:
		switch v := e.Context[f.name].(type) {
		case string:
			return 0, v, true, true
		case json.Number:
			x, err := v.Float64()
			return x + 0, "", false, err == nil && math.Abs(x) <= freshet.MaxValue
		}
	}
	return 0, "", false, false
}

// hashes are those of the field's values, for distinct.
func (f *field) hashes(dst []uint64, e *freshet.Event, doc *freshet.Item) []uint64 {
	switch f.of {
	case userField:
		if v := e.Visitor(); v != "" {
			dst = append(dst, window.HashText(string(v)))
		}
		return dst
	case attributeField:
		if doc == nil {
			return dst
		}
		for _, v := range itemValues(doc, f.name) {
			if h, ok := hashOf(v); ok {
				dst = append(dst, h)
			}
		}
		return dst
	case contextField:
		for _, v := range scalars(e.Context[f.name]) {
			if h, ok := hashOf(v); ok {
				dst = append(dst, h)
			}
		}
		return dst
	}
	number, text, isText, ok := f.scalar(e)
	switch {
	case !ok:
	case isText:
		dst = append(dst, window.HashText(text))
	default:
		dst = append(dst, window.HashNumber(number))
	}
	return dst
}
