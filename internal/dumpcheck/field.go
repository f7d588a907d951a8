package main

import (
	"fmt"
	"slices"
	"strings"
)

// field is what of an event is aggregated. The zero field is none.
type field struct{ of, name string }

// parseField reads value, rank, item, query, user, context.<name> or item.<attribute>.
func parseField(text string) (field, error) {
	of, name, dotted := strings.Cut(text, ".")
	switch {
	case text == "", !dotted && slices.Contains([]string{"value", "rank", "item", "query", "user"}, text):
		return field{of: text}, nil
	case dotted && name != "" && (of == "context" || of == "item"):
		return field{of + ".", name}, nil
	}
	return field{}, fmt.Errorf("field %q", text)
}

// numeric tells whether numbers can be in the field.
func (f field) numeric() bool { return f.of == "value" || f.of == "rank" || f.of == "context." }

func (f field) String() string { return f.of + f.name }

// fieldOf is the field of an event: one value, a list of them, or no value.
func (j *journal) fieldOf(f field, e *event) scalar {
	text := func(s string) scalar {
		if s == "" {
			return scalar{}
		}
		return textOf(s)
	}
	switch f.of {
	case "value":
		if e.hasValue {
			return numberOf(e.value)
		}
	case "rank":
		if e.hasRank {
			return numberOf(e.rank)
		}
	case "item":
		return text(e.item)
	case "query":
		return text(e.query)
	case "user":
		return text(e.visitor)
	case "context.":
		return e.context.get(f.name)
	case "item.":
		return j.itemWord(f.name, e.item, e.at)
	}
	return scalar{}
}
