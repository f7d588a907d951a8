package main

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// catalogue holds every version of every item, oldest first, so that an item can be read
// as it stood at any record.
type catalogue map[string][]itemVersion

// itemVersion is an item as one record described it, until the next one replaces it whole.
type itemVersion struct {
	at         int32
	categories []string
	attributes map[string]any
}

type itemRecord struct {
	ItemID     string         `json:"item_id"`
	Categories []string       `json:"categories"`
	Attributes map[string]any `json:"attributes"`
}

// put adds the version of an item that the record numbered at describes.
func (c catalogue) put(at int32, item itemRecord) error {
	if item.ItemID == "" {
		return errors.New("item without an item_id")
	}
	c[item.ItemID] = append(c[item.ItemID], itemVersion{at, item.Categories, item.Attributes})
	return nil
}

// asOf is the item as it stood at a record, or false when it was unknown there.
func (c catalogue) asOf(item string, at int32) (itemVersion, bool) {
	for _, v := range slices.Backward(c[item]) {
		if v.at <= at {
			return v, true
		}
	}
	return itemVersion{}, false
}

// values are the distinct values that a key word has for an item as the catalogue stood
// at a record, in order of first appearance. The words:
//
//	item             the id, whether or not the catalogue knows the item
//	item.id          the id of an item the catalogue knows
//	item.category    the first of its categories
//	item.categories  all of them
//	item.<other>     its attribute of that name: one value, or a list of them
//
// There are none for an event or a request that names no item, for an item unknown at that
// record, or for one without the attribute.
func (c catalogue) values(word, item string, at int32) []string {
	if item == "" {
		return nil
	}
	if word == "item" {
		return []string{item}
	}
	version, known := c.asOf(item, at)
	if !known {
		return nil
	}
	switch name := strings.TrimPrefix(word, "item."); name {
	case "id":
		return []string{item}
	case "category":
		return version.categories[:min(1, len(version.categories))]
	case "categories":
		return distinct(version.categories)
	default:
		return distinct(attributeValues(version.attributes[name]))
	}
}

// attributeValues lists the values of an attribute as canonical JSON text, so that the
// text "1" and the number 1 are two values. Null, objects and lists within a list are no
// values.
func attributeValues(attribute any) []string {
	switch a := attribute.(type) {
	case string:
		text, err := json.Marshal(a)
		if err != nil {
			panic("BUG: a string that JSON cannot hold: " + err.Error())
		}
		return []string{string(text)}
	case float64:
		return []string{strconv.FormatFloat(a, 'g', -1, 64)}
	case bool:
		return []string{strconv.FormatBool(a)}
	case []any:
		var values []string
		for _, one := range a {
			if _, nested := one.([]any); !nested {
				values = append(values, attributeValues(one)...)
			}
		}
		return values
	}
	return nil
}

// distinct drops repeated values, keeping the first of each. It does not change values.
func distinct(values []string) []string {
	var kept []string
	for _, v := range values {
		if !slices.Contains(kept, v) {
			kept = append(kept, v)
		}
	}
	return kept
}
