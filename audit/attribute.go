package audit

import (
	"encoding/json"
	"strconv"

	"github.com/freshet-rec/freshet"
)

// attribute knows one attribute of all items, or of all users: by their numbers, the hashes of the
// different values that each has now.
type attribute struct {
	name   string
	values [][]uint64
}

func (a *attribute) set(number uint32, texts []string) {
	for int(number) >= len(a.values) {
		a.values = append(a.values, nil)
	}
	a.values[number] = hashes(texts)
}

func (a *attribute) of(number uint32) []uint64 {
	if int(number) < len(a.values) {
		return a.values[number]
	}
	return nil
}

// itemValues lists the values of an item's attribute as texts, equal values as equal texts. The
// first of its categories is category, all of them are categories, its tags are tags, the id is
// id; any other name is one of its attributes.
func itemValues(doc *freshet.Item, name string) []string {
	var list []string
	switch name {
	case "id":
		list = []string{string(doc.ID)}
	case "category":
		list = doc.Categories[:min(1, len(doc.Categories))]
	case "categories":
		list = doc.Categories
	case "tags":
		list = doc.Tags
	default:
		return scalars(doc.Attributes[name])
	}
	texts := make([]string, len(list))
	for i, value := range list {
		texts[i] = "t" + value
	}
	return texts
}

// scalars lists the values of v, or those of its elements when it is a list. What is neither text
// nor number nor truth value is no value.
func scalars(v any) []string {
	list, ok := v.([]any)
	if !ok {
		if text, ok := scalar(v); ok {
			return []string{text}
		}
		return nil
	}
	var texts []string
	for _, element := range list {
		if text, ok := scalar(element); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// scalar is the letter of the kind and the value: a number is the float64 nearest to it.
func scalar(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return "t" + v, true
	case bool:
		return "b" + strconv.FormatBool(v), true
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return numberText(f), true
		}
	}
	return "", false
}

func numberText(f float64) string { return "n" + strconv.FormatFloat(f, 'g', -1, 64) }
