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

func (a *attribute) set(number uint32, values []uint64) {
	for int(number) >= len(a.values) {
		a.values = append(a.values, nil)
	}
	a.values[number] = values
}

func (a *attribute) of(number uint32) []uint64 {
	if int(number) < len(a.values) {
		return a.values[number]
	}
	return nil
}

// itemHashes are the hashes of the different values of an item's attribute, in their order. The first
// of its categories is category, all of them are categories, its tags are tags, the id is id; any
// other name is one of its attributes.
func itemHashes(doc *freshet.Item, name string) (hashes []uint64) {
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
		return appendHashes(nil, doc.Attributes[name])
	}
	for _, value := range list {
		hashes = appendOnce(hashes, hash(aText, value))
	}
	return hashes
}

// appendHashes appends to an empty list the hashes of the different values of v, or of its elements
// when it is a list. What is neither text nor number nor truth value is no value.
func appendHashes(to []uint64, v any) []uint64 {
	list, ok := v.([]any)
	if !ok {
		if h, ok := hashOf(v); ok {
			to = append(to, h)
		}
		return to
	}
	for _, element := range list {
		if h, ok := hashOf(element); ok {
			to = appendOnce(to, h)
		}
	}
	return to
}

// hashOf is the hash of a value that is one.
func hashOf(v any) (h uint64, ok bool) {
	switch v := v.(type) {
	case string:
		return hash(aText, v), true
	case bool:
		return hash(aTruth, strconv.FormatBool(v)), true
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return hashNumber(f), true
		}
	}
	return 0, false
}
