package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func readSchema(t testing.TB) object {
	t.Helper()
	var s object
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// breach is where and how a value breaks a schema, "" when it does not. It knows the rules of
// JSON Schema that ours has, and fails the test at any other.
func breach(t testing.TB, s object, v any, path string) string {
	t.Helper()
	say := func(format string, args ...any) string { return path + ": " + fmt.Sprintf(format, args...) }
	for _, rule := range slices.Sorted(maps.Keys(s)) {
		if got := breakRule(t, s, rule, v, path); got != "" {
			return say("%s", got)
		}
	}
	return ""
}

func breakRule(t testing.TB, s object, rule string, v any, path string) string {
	t.Helper()
	word, isText := v.(string)
	items, isList := v.([]any)
	fields, isObject := v.(object)
	amount, isNumber := v.(float64)
	bad := false
	switch want := s[rule]; rule {
	case "$schema", "title", "description", "default", "examples":
	case "type":
		is := map[any]bool{"string": isText, "array": isList, "object": isObject, "number": isNumber, "integer": isNumber && amount == float64(int64(amount)), "boolean": v == true || v == false}
		holds, known := is[want]
		if bad = !holds; !known {
			t.Fatalf("unknown type %v", want)
		}
	case "enum":
		bad = !slices.ContainsFunc(want.([]any), func(w any) bool { return reflect.DeepEqual(w, v) })
	case "minLength":
		bad = isText && utf8.RuneCountInString(word) < int(want.(float64))
	case "maxLength":
		bad = isText && utf8.RuneCountInString(word) > int(want.(float64))
	case "pattern":
		bad = isText && !regexp.MustCompile(want.(string)).MatchString(word)
	case "minimum":
		bad = isNumber && amount < want.(float64)
	case "exclusiveMinimum":
		bad = isNumber && amount <= want.(float64)
	case "maximum":
		bad = isNumber && amount > want.(float64)
	case "minItems":
		bad = isList && len(items) < int(want.(float64))
	case "maxItems":
		bad = isList && len(items) > int(want.(float64))
	case "minProperties":
		bad = isObject && len(fields) < int(want.(float64))
	case "uniqueItems":
		for i := range items {
			bad = bad || slices.ContainsFunc(items[:i], func(w any) bool { return reflect.DeepEqual(w, items[i]) })
		}
	case "required":
		for _, key := range want.([]any) {
			_, has := fields[key.(string)]
			bad = bad || isObject && !has
		}
	case "items":
		for i, item := range items {
			if got := breach(t, want.(object), item, fmt.Sprintf("%s[%d]", path, i)); got != "" {
				return got
			}
		}
	case "properties":
		for key, value := range fields {
			if of, ok := want.(object)[key].(object); ok {
				if got := breach(t, of, value, path+"."+key); got != "" {
					return got
				}
			}
		}
	case "additionalProperties":
		named, _ := s["properties"].(object)
		for key, value := range fields {
			if _, ok := named[key]; ok {
				continue
			}
			of, ok := want.(object)
			if !ok {
				return "has no " + key
			}
			if got := breach(t, of, value, path+"."+key); got != "" {
				return got
			}
		}
	case "anyOf":
		bad = !slices.ContainsFunc(want.([]any), func(of any) bool { return breach(t, of.(object), v, path) == "" })
	default:
		t.Fatalf("the test does not know the rule %q", rule)
	}
	if bad {
		return fmt.Sprintf("%v breaks %s", v, rule)
	}
	return ""
}

// value reads a document as JSON has it.
func value(t interface{ Fatalf(string, ...any) }, text []byte) any {
	found := newProblems("f", text)
	root, ok := readDocument(text, found)
	if !ok || found.total > 0 {
		t.Fatalf("%v in\n%s", found.list, text)
	}
	return plainNode(t, root)
}

func plainNode(t interface{ Fatalf(string, ...any) }, n *node) any {
	switch n.kind {
	case boolean:
		return strings.EqualFold(n.text, "true")
	case number:
		v, err := strconv.ParseFloat(n.text, 64)
		if err != nil {
			t.Fatalf("%v", err)
		}
		return v
	case text:
		return n.text
	case list:
		items := []any{}
		for _, item := range n.items {
			items = append(items, plainNode(t, item))
		}
		return items
	case mapping:
		fields := object{}
		for _, e := range n.entries {
			fields[e.key] = plainNode(t, e.value)
		}
		return fields
	}
	return nil
}

func TestSchemaAcceptsEveryConfiguration(t *testing.T) {
	s := readSchema(t)
	if got := breach(t, s, value(t, Default().YAML()), ""); got != "" {
		t.Error(got)
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := anyConfig(rt).YAML()
		if got := breach(t, s, value(rt, text), ""); got != "" {
			rt.Fatalf("%s in\n%s", got, text)
		}
	})
}

// TestSchemaAndParseAgree holds both against the same files. What only Parse knows, one
// setting in the light of another, is not among them.
func TestSchemaAndParseAgree(t *testing.T) {
	const feature, route = "features: [{name: f, key: [user], agg: count%s}]", "recall: [{name: r, kind: popular%s}]"
	s := readSchema(t)
	for text, want := range map[string]bool{
		"version: 1":                                         true,
		"version: 2":                                         false,
		"version: '1'":                                       false,
		"lisen: a:1":                                         false,
		"listen: 127.0.0.1:3737":                             true,
		"listen: ''":                                         false,
		"data: [d]":                                          false,
		"durability: fsync":                                  true,
		"durability: relaxed":                                true,
		"durability: none":                                   false,
		"source: {kind: kafka}":                              false,
		"source: {}":                                         false,
		"store: {kind: memory}":                              true,
		"store: memory":                                      false,
		"strict_events: true":                                true,
		"strict_events: 'true'":                              false,
		"lateness: 0":                                        true,
		"lateness: '0'":                                      true,
		"lateness: 0s":                                       true,
		"lateness: 5":                                        false,
		"lateness: 10 minutes":                               false,
		"lateness: 1h30m":                                    true,
		"lateness: 30m1h":                                    false,
		"lateness: ${SPAN}":                                  true,
		"ranker: {}":                                         true,
		"ranker: {kind: gbdt}":                               false,
		"ranker: {fields: [price]}":                          false,
		"ranker: {fields: [item.id]}":                        true,
		"ranker: {objective: {}}":                            false,
		"ranker: {objective: {like: 3}}":                     true,
		"ranker: {kind: lr}":                                 true,
		"ranker: {online: {enabled: true}}":                  true,
		"ranker: {online: {window: 0}}":                      false,
		"events: {}":                                         true,
		"events: {like: {}}":                                 true,
		"events: {wow: {}}":                                  false,
		"events: {wow: {weight: 2}}":                         false,
		"events: {wow: {signal: engage}}":                    true,
		"events: {wow: {signal: joy}}":                       false,
		"events: {wow: {signal: engage, wait: 2}}":           false,
		"events: {like: {weight: 0}}":                        false,
		"events: {like: {weight: 1000000}}":                  true,
		"events: {like: {weight: 1000001}}":                  false,
		"events: {like: {weight: heavy}}":                    false,
		"features: []":                                       true,
		"features: {}":                                       false,
		"features: [{key: [user], agg: count}]":              false,
		"features: [{name: f, agg: count}]":                  false,
		"features: [{name: f, key: [user]}]":                 false,
		"features: [{name: f, key: [], agg: count}]":         false,
		"features: [{name: f, key: [user.age], agg: count}]": true,
		"features: [{name: f, key: [global], agg: count}]":   true,
		"features: [{name: f, key: [item, user, context.page, user.age], agg: count}]":     true,
		"features: [{name: f, key: [item, user, context.p, user.a, user.b], agg: count}]":  false,
		"features: [{name: f, key: [context], agg: count}]":                                false,
		"features: [{name: f, key: [user], agg: mean, field: context.x}]":                  true,
		"features: [{name: f, key: [user], agg: last, field: item}]":                       true,
		"features: [{name: f, key: [user], agg: last_k, k: 20}]":                           true,
		"features: [{name: f, key: [user], agg: last_k, k: 1001}]":                         false,
		"features: [{name: f, key: [user], agg: last_k, k: 0}]":                            false,
		"features: [{name: f, expr: hour()}]":                                              true,
		"features: [{name: f, version: 2, expr: hour()}]":                                  true,
		"features: [{name: f, expr: 5}]":                                                   false,
		"features: [{expr: hour()}]":                                                       false,
		"features: [{name: f, key: [user, item.brand], agg: age}]":                         true,
		"features: [{name: f, key: [user], agg: top_k}]":                                   false,
		"features: [{name: f, key: [user], agg: sum, field: price}]":                       false,
		"features: [{name: f, key: [user], agg: sum, field: rank}]":                        true,
		fmt.Sprintf(feature, ""):                                                           true,
		fmt.Sprintf(feature, ", window: 5m, hop: 30s"):                                     true,
		fmt.Sprintf(feature, ", window: 5"):                                                false,
		fmt.Sprintf(feature, ", on: [click, click]"):                                       false,
		fmt.Sprintf(feature, ", where: event.value > 3"):                                   true,
		fmt.Sprintf(feature, ", where: true"):                                              false,
		fmt.Sprintf(feature, ", version: 0"):                                               false,
		fmt.Sprintf(feature, ", version: 7"):                                               true,
		"features: [{name: f, key: [user], agg: rate, of: [a], per: [b], prior: [1, 2]}]":  true,
		"features: [{name: f, key: [user], agg: rate, of: [a], per: [b], prior: [1]}]":     false,
		"features: [{name: f, key: [user], agg: rate, of: [a], per: [b], prior: [-1, 2]}]": false,
		"recall: []":                        false,
		"recall: [{name: r}]":               false,
		"recall: [{kind: itemcf}]":          false,
		"recall: [{name: r, kind: vector}]": false,
		fmt.Sprintf(route, ""):              true,
		fmt.Sprintf(route, ", n: 10000"):    true,
		fmt.Sprintf(route, ", n: 10001"):    false,
		fmt.Sprintf(route, ", n: 0"):        false,
		fmt.Sprintf(route, ", n: 1.5"):      false,
		fmt.Sprintf(route, ", window: 2h"):  true,
		"scenes: {}":                        false,
		"scenes: {a: {}}":                   true,
		"scenes: {a: {recall: []}}":         false,
		"scenes: {a: {recall: [hot]}}":      true,
		"scenes: {a: {recall: hot}}":        false,
		"scenes: {a: {ranker: lr}}":         false,
		"scenes: {a: {budget: 10ms}}":       true,
	} {
		env := func(name string) (string, bool) { return "5m", name == "SPAN" }
		if _, problems := Parse("f", []byte(text), env); (problems == nil) != want {
			t.Errorf("Parse of %s: %v, want good: %v", text, problems, want)
		}
		if got := breach(t, s, value(t, []byte(text)), ""); (got == "") != want {
			t.Errorf("schema on %s: %q, want good: %v", text, got, want)
		}
	}
}

// TestEverySettingIsDescribed walks the schema: what it names has a description and a default
// that keeps its own rules, and the table describes nothing else.
func TestEverySettingIsDescribed(t *testing.T) {
	used := map[string]bool{"": true}
	var walk func(s object, path string)
	walk = func(s object, path string) {
		if s["description"] == nil && !strings.HasSuffix(path, "[]") {
			t.Errorf("%q has no description; add it to settings", path)
		}
		if def, ok := s["default"]; ok {
			if got := breach(t, s, def, path); got != "" {
				t.Errorf("the default of %q breaks its rules: %s", path, got)
			}
		}
		used[path] = true
		properties, _ := s["properties"].(object)
		for key, of := range properties {
			if path == "events" {
				key = "*"
			}
			walk(of.(object), strings.TrimPrefix(path+"."+key, "."))
		}
		if of, ok := s["additionalProperties"].(object); ok {
			walk(of, path+".*")
		}
		if of, ok := s["items"].(object); ok {
			walk(of, path+"[]")
		}
	}
	s := readSchema(t)
	walk(s, "")
	for path := range settings {
		if !used[path] {
			t.Errorf("settings describes %q, which is no setting", path)
		}
	}
	top := s["properties"].(object)
	want := value(t, Default().YAML()).(object)
	for key, of := range top {
		if !reflect.DeepEqual(of.(object)["default"], want[key]) {
			t.Errorf("default of %s is %v, want %v", key, of.(object)["default"], want[key])
		}
	}
	if len(top) != len(want) {
		t.Errorf("%d settings at the top, the printed configuration has %d", len(top), len(want))
	}
}

func TestSchemaIsTheSameEveryTime(t *testing.T) {
	first := Schema()
	if !bytes.Equal(first, Schema()) || !bytes.HasSuffix(first, []byte("}\n")) {
		t.Error("two calls give two texts, or the last line does not end")
	}
}

// TestHalfLifeSaysWhatHoldsItUp: in a shop of few acts a pair lasts longer than its half-life says.
func TestHalfLifeSaysWhatHoldsItUp(t *testing.T) {
	if text := string(Schema()); !strings.Contains(text, "65,536 positive acts") {
		t.Error("the schema does not say how many acts a half-life of pairs takes at least")
	}
}
