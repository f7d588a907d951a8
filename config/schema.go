package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/freshet-rec/freshet"
)

// Schema returns the JSON Schema of a configuration file, draft 7, which is what editors know
// best. Its keys and types are those of [Config] and of what it is made of; words, bounds and
// defaults are those that [Parse] goes by, and [settings] says the rest. It is for editors: it
// refuses no file that Parse accepts, except one where ${NAME} stands for a word out of a
// fixed set, and leaves to Parse what one setting says of another.
//
// The text is indented, ends in a line feed and is the same at every call.
func Schema() []byte {
	s := schemaOf(reflect.TypeFor[Config](), "")
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "Freshet configuration"
	top := member(s, "properties")
	defaults := member(plain(reflect.ValueOf(*Default())), "")
	for _, key := range slices.Sorted(maps.Keys(top)) {
		member(top, key)["default"] = defaults[key]
	}
	nameEvents(member(top, "events"))
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("BUG: the schema has no JSON form: %v", err))
	}
	return append(text, '\n')
}

// object is a JSON object.
type object = map[string]any

// member is the object under a key, or v itself for no key.
func member(v any, key string) object {
	o, ok := v.(object)
	if key != "" {
		o, ok = o[key].(object)
	}
	if !ok {
		panic(fmt.Sprintf("BUG: the schema has no object at %q", key))
	}
	return o
}

// nameEvents offers the built-in names, whose entries may leave everything out.
func nameEvents(events object) {
	names := object{}
	for name, kind := range Default().Events {
		entry := schemaOf(reflect.TypeFor[freshet.EventKind](), "events.*")
		delete(entry, "required")
		entry["description"] = "A built-in name."
		entry["default"] = plain(reflect.ValueOf(kind))
		names[name] = entry
	}
	events["properties"] = names
}

// durationText is the text form of a duration, or one with a variable in it.
const durationText = `^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$|\$\{`

// schemaOf is the schema of a type at a path: [] stands for any place of a list, * for any
// name of a mapping.
func schemaOf(t reflect.Type, path string) object {
	about := settings[path]
	s := object{}
	switch {
	case t == reflect.TypeFor[freshet.Duration]():
		s["type"], s["pattern"], s["minLength"] = "string", durationText, 1
		if about.zero {
			s = object{"anyOf": []object{s, {"enum": []any{0, "0"}}}}
		}
	case t.Kind() == reflect.String:
		s["type"], s["minLength"] = "string", 1
	case t.Kind() == reflect.Bool:
		s["type"] = "boolean"
	case t.Kind() == reflect.Int:
		s["type"] = "integer"
	case t.Kind() == reflect.Float64:
		s["type"] = "number"
	case t.Kind() == reflect.Slice:
		s["type"], s["items"] = "array", schemaOf(t.Elem(), path+"[]")
	case t.Kind() == reflect.Array:
		s["type"], s["items"], s["minItems"], s["maxItems"] = "array", schemaOf(t.Elem(), path+"[]"), t.Len(), t.Len()
	case t.Kind() == reflect.Map:
		s["type"], s["additionalProperties"] = "object", schemaOf(t.Elem(), path+".*")
	case t.Kind() == reflect.Struct:
		properties := object{}
		for key, field := range keysOf(t) {
			properties[key] = schemaOf(field.Type, strings.TrimPrefix(path+"."+key, "."))
		}
		s["type"], s["properties"], s["additionalProperties"] = "object", properties, false
	default:
		panic(fmt.Sprintf("BUG: %s has the type %s, which no schema describes", path, t))
	}
	maps.Copy(s, about.rules)
	if about.text != "" {
		s["description"] = about.text
	}
	return s
}

// keysOf are the settings that a struct holds, by their key in the file.
func keysOf(t reflect.Type) map[string]reflect.StructField {
	keys := map[string]reflect.StructField{}
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			continue
		}
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if key == "-" {
			continue // another field has its key
		}
		if key == "" {
			key = snake(field.Name)
		}
		keys[key] = field
	}
	return keys
}

// snake turns MaxFuture into max_future.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// printedWhole are the structs of which what is zero is told, too.
var printedWhole = []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[Journal](), reflect.TypeFor[Retain](), reflect.TypeFor[Outgoing](), reflect.TypeFor[Ranker](), reflect.TypeFor[Online]()}

// plain is a value as JSON has it, under the keys of the file; what is zero inside a list or a
// mapping is left out there.
func plain(v reflect.Value) any {
	switch {
	case v.Type() == reflect.TypeFor[freshet.Duration]():
		return freshet.Duration(v.Int()).String()
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case v.Kind() == reflect.Map:
		o := object{}
		for _, key := range v.MapKeys() {
			o[key.String()] = plain(v.MapIndex(key))
		}
		return o
	case v.Kind() == reflect.Struct:
		o := object{}
		for key, field := range keysOf(v.Type()) {
			if value := v.FieldByIndex(field.Index); !value.IsZero() || slices.Contains(printedWhole, v.Type()) {
				o[key] = plain(value)
			}
		}
		return o
	}
	return v.Interface()
}
