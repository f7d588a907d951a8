package feature

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/intern"
)

// attribute knows, for one item attribute, the values each item has now.
type attribute struct {
	name    string // without "item."
	numbers *intern.Table
	values  [][]uint32 // by item number: the distinct values in catalogue order
}

func (a *attribute) set(item uint32, doc *freshet.Item) {
	for int(item) >= len(a.values) {
		a.values = append(a.values, nil)
	}
	var numbers []uint32
	for _, text := range attributeValues(doc, a.name) {
		if n := a.numbers.Add(text); n != 0 && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	a.values[item] = numbers
}

// of returns the values of an item, none when it is unknown.
func (a *attribute) of(item uint32) []uint32 {
	if int(item) < len(a.values) {
		return a.values[item]
	}
	return nil
}

// attributeValues reads an attribute of an item as texts that are equal exactly when the
// values are. category is the first of the categories, categories all of them, id the id;
// any other name looks in the item's attributes, where a list stands for its elements.
func attributeValues(doc *freshet.Item, name string) []string {
	switch name {
	case "id":
		return []string{string(doc.ID)}
	case "category":
		return doc.Categories[:min(1, len(doc.Categories))]
	case "categories":
		return doc.Categories
	}
	var texts []string
	if list, ok := doc.Attributes[name].([]any); ok {
		for _, element := range list {
			texts = append(texts, scalarText(element)...)
		}
		return texts
	}
	return scalarText(doc.Attributes[name])
}

// scalarText gives a string, number or bool as text, marked so that "1" and 1 differ, and
// nothing for other values.
func scalarText(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{"s" + v}
	case bool:
		return []string{"b" + strconv.FormatBool(v)}
	case json.Number:
		if f, err := v.Float64(); err == nil && strings.ContainsAny(string(v), ".eE") {
			return []string{"n" + strconv.FormatFloat(f, 'g', -1, 64)}
		}
		return []string{"n" + string(v)}
	}
	return nil
}
