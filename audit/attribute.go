package audit

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/freshet-rec/freshet"
)

// valuesOf lists the values of an item's attribute as texts: equal values, equal texts. The
// first of its categories is category, all of them are categories, the id is id; any other name
// is one of its attributes, where a list stands for its elements. What is neither text nor
// number nor truth value is no value.
func valuesOf(doc *freshet.Item, name string) []string {
	switch name {
	case "id":
		return []string{string(doc.ID)}
	case "category":
		if len(doc.Categories) == 0 {
			return nil
		}
		return []string{doc.Categories[0]}
	case "categories":
		return doc.Categories
	}
	elements, ok := doc.Attributes[name].([]any)
	if !ok {
		elements = []any{doc.Attributes[name]}
	}
	var texts []string
	for _, element := range elements {
		switch v := element.(type) {
		case string:
			texts = append(texts, `"`+v)
		case bool:
			texts = append(texts, strconv.FormatBool(v))
		case json.Number:
			texts = append(texts, number(v))
		}
	}
	return texts
}

// number is a text that equal numbers have in common: one written with a point or an exponent is
// the float64 nearest to it.
func number(n json.Number) string {
	text := string(n)
	if strings.ContainsAny(text, ".eE") {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	return text
}
