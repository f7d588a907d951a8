package codec

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var eventSeeds = []string{
	``, `null`, `[]`, `{"events":[]}`, "\n\n", `[NaN,{},"\ud800"]`,
	`{"user_id":"u123","item_id":"v456","event":"click","ts":1700000000}`,
	`{"events":[{"event_id":"e","anonymous_id":"a","item_id":"i","event":"purchase","ts":"2026-11-20T04:04:09.300Z","value":19.9,"rank":2.0,"query":"q","context":{"d":["m",1e2,{}]}}]}`,
	"{\"user_id\":\"\\u0041\\ud83d\\ude00\",\"event\":\"page\"}\r\n\n{\"session_id\":\"s\",\"event\":\"page\",\"value\":-0}\n[",
	`[{"user_id":"u","event":"page","context":{"a":1,"a":2,"b":[[[[]]]]},"x":{"y":[01]}},7]`,
	`{"x":1,"events":[{"user_id":"u","event":"page"}]}`,
}

// exempt reports problems of text that encoding/json judges otherwise: faults that are not
// JSON but refuse one record only, nesting that it does not read, and what was not reported.
func exempt(problems []Problem) bool {
	return len(problems) >= MaxProblemsEach || slices.ContainsFunc(problems, func(p Problem) bool {
		return p.Code == CodeBadNumber || p.Code == CodeBadText || p.Code == CodeTooDeep || p.Code == CodeBadVector
	})
}

func FuzzEvents(f *testing.F) {
	for _, seed := range eventSeeds {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, lines bool) {
		form := JSON
		if lines {
			form = NDJSON
		}
		rules := testRules()
		got, err := DecodeEvents(body, form, rules)
		if err != nil {
			var m *Malformed
			if !errors.As(err, &m) {
				t.Fatalf("error is %T", err)
			}
			if !lines && m.Code == CodeMalformed && json.Valid(body) && strings.ContainsAny(string(body[:1]), "{[") {
				t.Errorf("%v, but it is JSON", err)
			}
			return
		}
		if got.Received != len(got.List)+got.Refused || len(got.Index) != len(got.List) || (got.Refused > 0) != (len(got.Problems) > 0) {
			t.Errorf("%d received, %d good at %v, %d refused with %d problems", got.Received, len(got.List), got.Index, got.Refused, len(got.Problems))
		}
		if !lines && !exempt(got.Problems) && !json.Valid(body) {
			t.Errorf("not JSON, but the problems are %+v", got.Problems)
		}
		for _, p := range got.Problems {
			if strings.ContainsFunc(p.Message, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("message %q", p.Message)
			}
		}
		canonical := []byte{'['}
		for i := range got.List {
			if i > 0 {
				canonical = append(canonical, ',')
			}
			canonical = AppendEvent(canonical, &got.List[i])
		}
		canonical = append(canonical, ']')
		again, err := DecodeEvents(canonical, JSON, rules)
		if err != nil || again.Refused > 0 || len(again.List) != len(got.List) {
			t.Fatalf("%s: %v %+v", canonical, err, again.Problems)
		}
		for i := range got.List {
			if !reflect.DeepEqual(got.List[i], again.List[i]) {
				t.Errorf("%+v\nis read again as %+v", got.List[i], again.List[i])
			}
		}
	})
}

func FuzzItem(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"item_id":"i"}`, `{"item_id":"i","embedding":[0,1e-50]}`, `{"item_id":"i","embedding":[NaN,1e39],"price":-5}`,
		`{"item_id":"b","title":"t","categories":["a","b"],"available":false,"published_at":"0001-01-01T00:00:00.5+00:00","price":19.9,"tags":[],"text":"\u0000","embedding":[0.1,-2],"attributes":{"a":[null]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, problems := DecodeItem(raw)
		malformed := len(problems) > 0 && problems[0].Code == CodeMalformed
		if valid := json.Valid(raw); !valid && !malformed && !exempt(problems) {
			t.Errorf("not JSON, but the problems are %+v", problems)
		}
		if len(problems) > 0 {
			return
		}
		text := AppendItem(nil, &got)
		again, problems := DecodeItem(text)
		if len(problems) > 0 || !reflect.DeepEqual(got, again) {
			t.Errorf("%+v\nis written as %s\nand read as %+v %v", got, text, again, problems)
		}
	})
}

// FuzzObject compares the values of a request object with encoding/json's.
func FuzzObject(f *testing.F) {
	for _, seed := range append(eventSeeds, `{"a":"\u00e9","b":[1,"x"],"c":{"d":1,"e":[{}]},"f":1.50}`) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := Object(raw)
		if err != nil {
			return
		}
		var want map[string]any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil || !json.Valid(raw) {
			t.Fatalf("not JSON: %v", err)
		}
		whole := Field{Name: "all", Raw: []byte(strings.TrimSpace(string(raw)))}
		if got, err := whole.Free(); err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("got  %#v\nwant %#v", got, want)
		}
		if len(list) != len(want) {
			t.Errorf("%d members, want %d", len(list), len(want))
		}
		for _, field := range list {
			if s, err := field.String(); err == nil && s != want[field.Name] {
				t.Errorf("%q is %q, want %q", field.Name, s, want[field.Name])
			}
			elements, err := field.Array()
			if inner, ok := want[field.Name].([]any); err == nil && (!ok || len(inner) != len(elements)) {
				t.Errorf("%q has %d elements, want %v", field.Name, len(elements), inner)
			}
		}
	})
}
