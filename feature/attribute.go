package feature

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unsafe"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/hugepage"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/window"
)

// attribute knows, for one attribute of items or of users, the values each of them has now.
type attribute struct {
	name    string // without "item." or "user."
	numbers *intern.Table
	owners  int        // one more than the highest number with an entry
	values  [][]uint32 // by item or visitor number, ownersAtOnce in each: the number of its value
	memory  hugepage.Arena
	lists   [][]uint32 // of those with several: the distinct values in the document's order
}

const (
	ownersAtOnce = 1 << 12
	// listed marks, instead of the number of a value, the place of a list.
	listed = 1 << 31
)

func (a *attribute) set(number uint32, values []any) {
	var numbers []uint32
	for _, v := range values {
		if n := a.numbers.Add(keyText(v)); n != 0 && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	a.put(number, numbers)
}

func (a *attribute) put(number uint32, numbers []uint32) {
	for int(number/ownersAtOnce) >= len(a.values) {
		words := a.memory.Make(ownersAtOnce / 2)
		a.values = append(a.values, unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(words))), ownersAtOnce))
	}
	a.owners = max(a.owners, int(number)+1)
	at := &a.values[number/ownersAtOnce][number%ownersAtOnce]
	switch {
	case len(numbers) > 1 && *at&listed != 0:
		a.lists[*at&^listed] = numbers
	case len(numbers) > 1:
		*at = listed | uint32(len(a.lists))
		a.lists = append(a.lists, numbers)
	case *at&listed != 0: // its list stays its own
		a.lists[*at&^listed] = numbers
	case len(numbers) == 1:
		*at = numbers[0]
	default:
		*at = 0
	}
}

// of returns the values of an item or a user, none when it is unknown. They must not be changed.
func (a *attribute) of(number uint32) []uint32 {
	block := number / ownersAtOnce
	if int(block) >= len(a.values) {
		return nil
	}
	in := number % ownersAtOnce
	at := a.values[block][in : in+1 : in+1]
	switch {
	case at[0] == 0:
		return nil
	case at[0]&listed != 0:
		return a.lists[at[0]&^listed]
	}
	return at
}

// only returns the value of an item or a user that has one, 0 when it has none or several.
func (a *attribute) only(number uint32) uint32 {
	block := number / ownersAtOnce
	if int(block) >= len(a.values) {
		return 0
	}
	value := a.values[block][number%ownersAtOnce]
	if value&listed != 0 {
		list := a.lists[value&^listed]
		if len(list) != 1 {
			return 0
		}
		return list[0]
	}
	return value
}

// ahead asks for what is known of a number.
func (a *attribute) ahead(number uint32) {
	if block := number / ownersAtOnce; int(block) < len(a.values) {
		prefetch.Line(unsafe.Pointer(&a.values[block][number%ownersAtOnce]))
	}
}

// itemValues reads an attribute of an item: its scalars, each a string, a bool or a json.Number.
func itemValues(doc *freshet.Item, name string) []any {
	switch name {
	case "id":
		if doc.ID == "" {
			return nil
		}
		return []any{string(doc.ID)}
	case "category":
		return texts(doc.Categories[:min(1, len(doc.Categories))])
	case "categories":
		return texts(doc.Categories)
	case "tags":
		return texts(doc.Tags)
	}
	return scalars(doc.Attributes[name])
}

func texts(list []string) []any {
	values := make([]any, len(list))
	for i, text := range list {
		values[i] = text
	}
	return values
}

// scalars lists the values in free data, where a list stands for its elements.
func scalars(v any) []any {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var values []any
	for _, element := range list {
		switch element.(type) {
		case string, bool, json.Number:
			values = append(values, element)
		}
	}
	return values
}

// keyText gives a scalar as a text, marked so that "1" and 1 differ: two are equal exactly when
// the values are, numbers as float64.
func keyText(v any) string {
	switch v := v.(type) {
	case string:
		return "s" + v
	case bool:
		return "b" + strconv.FormatBool(v)
	case json.Number:
		f, err := v.Float64()
		switch {
		case err != nil:
			return "n" + string(v)
		case math.Trunc(f) == f && math.Abs(f) < 1<<53:
			return "n" + strconv.FormatInt(int64(f), 10)
		}
		return "n" + strconv.FormatFloat(f, 'g', -1, 64)
	}
	return ""
}

// hashOf is the hash by which a distinct knows a scalar.
func hashOf(v any) (hash uint64, ok bool) {
	switch v := v.(type) {
	case string:
		return window.HashText(v), true
	case bool:
		return window.HashBool(v), true
	case json.Number:
		f, err := v.Float64()
		return window.HashNumber(f), err == nil
	}
	return 0, false
}
