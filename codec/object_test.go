package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestObject(t *testing.T) {
	raw := []byte(` {"a" : "x\u00e9" , "n":12,"b":true,"z":null,"l":["p","q"],"o":{"k/1":[{"v":1.5}]}, "e":[]} `)
	list, err := Object(raw)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
		if string(raw[f.Offset:f.Offset+len(f.Raw)]) != string(f.Raw) || !json.Valid(f.Raw) {
			t.Errorf("%s: raw %s at %d", f.Name, f.Raw, f.Offset)
		}
	}
	if want := []string{"a", "n", "b", "z", "l", "o", "e"}; !slices.Equal(names, want) {
		t.Fatalf("names are %q, want %q", names, want)
	}
	if got, err := list[0].String(); got != "xé" || err != nil {
		t.Errorf("String: %q %v", got, err)
	}
	if got, err := list[1].Int(); got != 12 || err != nil {
		t.Errorf("Int: %d %v", got, err)
	}
	if got, err := list[1].Float(); got != 12 || err != nil {
		t.Errorf("Float: %g %v", got, err)
	}
	if got, err := list[2].Bool(); !got || err != nil {
		t.Errorf("Bool: %v %v", got, err)
	}
	if !list[3].IsNull() || list[2].IsNull() {
		t.Error("IsNull")
	}
	if got, err := list[4].Strings(); !slices.Equal(got, []string{"p", "q"}) || err != nil {
		t.Errorf("Strings: %q %v", got, err)
	}
	if got, err := list[6].Array(); len(got) != 0 || err != nil {
		t.Errorf("empty Array: %v %v", got, err)
	}
	if got, err := list[5].Free(); err != nil || !reflect.DeepEqual(got, map[string]any{"k/1": []any{map[string]any{"v": json.Number("1.5")}}}) {
		t.Errorf("Free: %v %v", got, err)
	}
	inner, err := list[5].Object()
	if err != nil || len(inner) != 1 || inner[0].Pointer() != "/o/k~11" {
		t.Fatalf("Object: %+v %v", inner, err)
	}
	elements, err := inner[0].Array()
	if err != nil || len(elements) != 1 || elements[0].Name != "k/1/0" || elements[0].Pointer() != "/o/k~11/0" {
		t.Fatalf("Array: %+v %v", elements, err)
	}
	deepest, err := elements[0].Object()
	if err != nil || len(deepest) != 1 || deepest[0].Pointer() != "/o/k~11/0/v" || string(raw[deepest[0].Offset:][:3]) != "1.5" {
		t.Fatalf("deepest: %+v %v", deepest, err)
	}
	_, err = deepest[0].Int()
	var p *Problem
	if !errors.As(err, &p) || p.Code != CodeOutOfRange || p.Pointer != "/o/k~11/0/v" || p.Message != "v: 1.5 is not a whole number of 64 bits" {
		t.Errorf("Int of 1.5: %+v", err)
	}
}

func TestObjectMalformed(t *testing.T) {
	for _, c := range []struct {
		name, raw, code string
		offset          int64
	}{
		{"empty", "", CodeMalformed, 0},
		{"array", "[]", CodeMalformed, 0},
		{"null", "null", CodeMalformed, 0},
		{"cut", `{"a":1`, CodeMalformed, 6},
		{"two", `{}{}`, CodeMalformed, 2},
		{"byte order mark", "\ufeff{}", CodeMalformed, 0},
		{"duplicate", `{"a":1, "a":2}`, CodeDuplicate, 8},
		{"NaN", `{"a":[NaN]}`, CodeBadNumber, 6},
		{"1e999", `{"a":1e999}`, CodeBadNumber, 5},
		{"bad text", "{\"a\":\"\xff\"}", CodeBadText, 5},
		{"bad key", "{\"\xff\":1}", CodeBadText, 1},
		{"depth 33", `{"a":` + nested(32) + `}`, CodeTooDeep, 0},
		{"10^5 deep", `{"a":` + nested(100_000) + `}`, CodeTooDeep, 0},
		{"257 fields", `{` + manyFields(257) + `}`, CodeManyFields, 0},
		{"long string", `{"a":"` + strings.Repeat("x", MaxTextBytes+1) + `"}`, CodeTooLong, 0},
	} {
		list, err := Object([]byte(c.raw))
		var m *Malformed
		if !errors.As(err, &m) || list != nil {
			t.Errorf("%s: %v, %v", c.name, list, err)
			continue
		}
		if m.Code != c.code || c.offset != 0 && m.Offset != c.offset {
			t.Errorf("%s: %s at %d, want %s at %d", c.name, m.Code, m.Offset, c.code, c.offset)
		}
	}
	if list, err := Object([]byte(`{` + manyFields(256) + `}`)); len(list) != 256 || err != nil {
		t.Errorf("256 fields: %d, %v", len(list), err)
	}
	if list, err := Object([]byte(`{"a":` + nested(31) + `}`)); len(list) != 1 || err != nil {
		t.Errorf("depth 32: %d, %v", len(list), err)
	}
}

// Every getter refuses every type but its own.
func TestFieldTypes(t *testing.T) {
	getters := map[string]func(Field) error{
		"string": func(f Field) error { _, err := f.String(); return err },
		"int":    func(f Field) error { _, err := f.Int(); return err },
		"float":  func(f Field) error { _, err := f.Float(); return err },
		"time":   func(f Field) error { _, err := f.Time(); return err },
		"bool":   func(f Field) error { _, err := f.Bool(); return err },
		"array":  func(f Field) error { _, err := f.Array(); return err },
		"texts":  func(f Field) error { _, err := f.Strings(); return err },
		"object": func(f Field) error { _, err := f.Object(); return err },
		"free":   func(f Field) error { _, err := f.Free(); return err },
	}
	for value, takers := range map[string]string{
		`"12"`: "string", `12`: "int float time", `"2026-11-20T12:00:00Z"`: "string time", `true`: "bool", `false`: "bool", `null`: "", `["a"]`: "array texts", `{"a":1}`: "object free",
	} {
		list, err := Object([]byte(`{"x/y":` + value + `}`))
		if err != nil {
			t.Fatal(err)
		}
		for name, get := range getters {
			err := get(list[0])
			if slices.Contains(strings.Fields(takers), name) {
				if err != nil {
					t.Errorf("%s of %s: %v", name, value, err)
				}
				continue
			}
			var p *Problem
			code := "type:x/y"
			if name == "time" && value == `"12"` {
				code = CodeBadTime // text may be a time, this one is none
			}
			if !errors.As(err, &p) || p.Code != code || p.Pointer != "/x~1y" {
				t.Errorf("%s of %s: %+v", name, value, err)
			}
		}
	}
	for value, want := range map[string]int64{`1795176000`: noon, `1795176000000`: noon, `"2026-11-20T12:00:00Z"`: noon, `1.5`: 0, `"noon"`: 0} {
		got, err := Field{Name: "at", Raw: []byte(value)}.Time()
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("time %s is %d %v, want %d", value, got, err, want)
		}
	}
	if _, err := (Field{Name: "gone"}).String(); err == nil {
		t.Error("a zero field is a string")
	}
}

func TestFieldFaults(t *testing.T) {
	for _, c := range []struct {
		name, value, code, pointer string
		get                        func(Field) error
	}{
		{"integer no float holds", `9007199254740993`, CodeOutOfRange, "/x", func(f Field) error { _, err := f.Float(); return err }},
		{"integer over 64 bits", `9223372036854775808`, CodeOutOfRange, "/x", func(f Field) error { _, err := f.Int(); return err }},
		{"number among strings", `["a",1]`, "type:x/1", "/x/1", func(f Field) error { _, err := f.Strings(); return err }},
		{"long array", `[0` + strings.Repeat(`,0`, MaxList) + `]`, CodeTooLong, "/x", func(f Field) error { _, err := f.Array(); return err }},
		{"key twice", `{"a":1,"a":2}`, CodeDuplicate, "/x", func(f Field) error { _, err := f.Object(); return err }},
		{"key twice in free data", `{"a":{"b":1,"b":2}}`, CodeDuplicate, "/x/a/b", func(f Field) error { _, err := f.Free(); return err }},
	} {
		list, err := Object([]byte(`{"x":` + c.value + `}`))
		if err != nil {
			t.Fatal(err)
		}
		var p *Problem
		if err := c.get(list[0]); !errors.As(err, &p) || p.Code != c.code || p.Pointer != c.pointer {
			t.Errorf("%s: %+v, want %s %s", c.name, err, c.code, c.pointer)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"user_id", "item_id", "event", "ts", "context", "click", "view"}
	for name, want := range map[string]string{
		"User_ID": "user_id", "userId": "user_id", "usre_id": "user_id", "user": "user_id", "evnt": "event", "clik": "click",
		"contxt": "context", "con": "context", "t": "ts", "colour": "", "": "", "_": "", "wholly other": "", strings.Repeat("user_id", 20): "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) is %q, want %q", name, got, want)
		}
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// The distance agrees with its recursive definition.
func TestEdits(t *testing.T) {
	var slow func(a, b string) int
	slow = func(a, b string) int {
		switch {
		case a == "":
			return len(b)
		case b == "":
			return len(a)
		case a[0] == b[0]:
			return slow(a[1:], b[1:])
		}
		return 1 + min(slow(a[1:], b[1:]), slow(a[1:], b), slow(a, b[1:]))
	}
	words := []string{"", "a", "b", "ab", "ba", "abc", "acb", "bca", "aabb", "abab", "event", "evnt"}
	for _, a := range words {
		for _, b := range words {
			if got, want := edits(a, b), slow(a, b); got != want {
				t.Errorf("%s to %s is %d, want %d", a, b, got, want)
			}
		}
	}
}

func ExampleObject() {
	fields, err := Object([]byte(`{"user_id":"ada","count":10}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range fields {
		switch f.Name {
		case "user_id":
			id, err := f.String()
			fmt.Println(id, err)
		case "count":
			n, err := f.Int()
			fmt.Println(n, err)
		}
	}
	// Output:
	// ada <nil>
	// 10 <nil>
}
