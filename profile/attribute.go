package profile

import (
	"maps"
	"slices"

	"github.com/freshet-rec/freshet"
)

const (
	// mostAttributes bounds the attributes that are looked at, of items and of users: those seen first.
	mostAttributes = 16
	// longestValue is the length in bytes from which on a text is a description, and no value.
	longestValue = 128
)

// The attributes of every item that are not free data.
const (
	category = "category" // the first of an item's categories
	tags     = "tags"
)

// attributes are names in the order of first sight.
type attributes []string

// meet adds the names of free data that have a text, in the order of the alphabet.
func (a attributes) meet(data map[string]any) attributes {
	if len(data) == 0 {
		return a
	}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if len(a) == mostAttributes {
			break
		}
		if !slices.Contains(a, name) && len(texts(data[name])) > 0 {
			a = append(a, name)
		}
	}
	return a
}

// texts are the distinct texts in free data, where a list stands for its elements.
func texts(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var found []string
	for _, element := range list {
		if text, ok := element.(string); ok {
			found = appendText(found, text)
		}
	}
	return found
}

func appendText(list []string, text string) []string {
	if text == "" || len(text) >= longestValue || slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// valuesOf are those of an item.
func valuesOf(doc *freshet.Item, attribute string) (list []string) {
	switch attribute {
	case category:
		return appendText(nil, categoryOf(doc))
	case tags:
		for _, text := range doc.Tags {
			list = appendText(list, text)
		}
		return list
	}
	return texts(doc.Attributes[attribute])
}

// categoryOf is the first category of an item, "" without one or without an entry.
func categoryOf(doc *freshet.Item) string {
	if doc == nil || len(doc.Categories) == 0 {
		return ""
	}
	return doc.Categories[0]
}
