package codec

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet"
)

func TestUserProblems(t *testing.T) {
	with := func(members string) string { return `{"user_id":"u",` + members + `}` }
	for _, c := range []struct {
		name, raw string
		want      []string
	}{
		{"only an id", `{"user_id":"u"}`, nil},
		{"null attributes", with(`"attributes":null`), nil},
		{"no attributes", with(`"attributes":{}`), nil},
		{"empty", `{}`, []string{"missing:user_id"}},
		{"null id", `{"user_id":null}`, []string{"missing:user_id"}},
		{"id of another type", `{"user_id":1}`, []string{"type:user_id /user_id"}},
		{"blank id", `{"user_id":" "}`, []string{"bad_id /user_id"}},
		{"bad id", `{"user_id":"a\n"}`, []string{"bad_id /user_id"}},
		{"array", `[]`, []string{"malformed"}},
		{"cut", `{"user_id":"u","attributes":{`, []string{"malformed"}},
		{"unknown", with(`"age":34`), []string{"unknown_field /age"}},
		{"a field of events", with(`"event":"click"`), []string{"unknown_field /event"}},
		{"duplicate", with(`"user_id":"v"`), []string{"duplicate_field /user_id"}},
		{"attributes type", with(`"attributes":[1]`), []string{"type:attributes /attributes"}},
		{"attribute faults", with(`"attributes":{"a":1,"a":[1e999]}`), []string{"duplicate_field /attributes/a", "bad_number /attributes/a"}},
		{"NaN", with(`"attributes":{"a":NaN}`), []string{"bad_number /attributes/a"}},
		{"attribute too long", with(`"attributes":{"a":"` + strings.Repeat("x", MaxTextBytes+1) + `"}`), []string{"too_long /attributes/a"}},
		{"attributes too deep", with(`"attributes":{"a":` + nested(31) + `}`), []string{"too_deep /attributes/a" + strings.Repeat("/0", 30)}},
		{"too many attributes", with(`"attributes":{` + manyFields(256) + `}`), []string{"too_many_fields"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, problems := DecodeUser([]byte(c.raw))
			if got := found(problems); !slices.Equal(got, slices.Concat([]string{}, c.want)) {
				t.Fatalf("problems are %q, want %q: %+v", got, c.want, problems)
			}
			if len(problems) > 0 && !reflect.DeepEqual(u, freshet.User{}) {
				t.Errorf("a refused user is returned: %+v", u)
			}
		})
	}
}

func TestUserForms(t *testing.T) {
	for _, c := range []struct {
		name, body string
		form       Form
		index      []int
		problems   []string
	}{
		{"envelope", `{"users":[{"user_id":"a"},{"user_id":"b","attributes":1},{"user_id":"c"}]}`, JSON, []int{0, 2}, []string{"type:attributes /users/1/attributes"}},
		{"array", `[{"user_id":""},{"user_id":"c"}]`, JSON, []int{1}, []string{"bad_id /0/user_id"}},
		{"object", `{"user_id":"a"}`, JSON, []int{0}, nil},
		{"attributes alone", `{"attributes":{}}`, JSON, nil, []string{"missing:user_id"}},
		{"lines", "{\"user_id\":\"a\"}\n{}\n{\"user_id\":\"a\"}", NDJSON, []int{0, 2}, []string{"missing:user_id"}},
		{"no objects", `[1]`, JSON, nil, []string{"malformed /0"}},
	} {
		got, err := DecodeUsers([]byte(c.body), c.form)
		if err != nil || !slices.Equal(got.Index, c.index) || strings.Join(found(got.Problems), ",") != strings.Join(c.problems, ",") {
			t.Errorf("%s: good %v, problems %q, %v; want %v %q", c.name, got.Index, found(got.Problems), err, c.index, c.problems)
		}
	}
	if _, err := DecodeUsers([]byte(`{"users":[],"items":[]}`), JSON); err == nil {
		t.Error("an unknown field beside users is accepted")
	}
}

func TestProblemUserID(t *testing.T) {
	_, problems := DecodeUser([]byte(`{"attributes":1,"user_id":"a"}`))
	text, err := json.Marshal(problems)
	const want = `[{"index":0,"user_id":"a","code":"type:attributes","pointer":"/attributes","message":"attributes: must be an object, this is a number"}]`
	if err != nil || string(text) != want {
		t.Errorf("got  %s %v\nwant %s", text, err, want)
	}
}

func TestUserRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := freshet.User{ID: freshet.UserID(drawID.Draw(t, "user_id")), Attributes: some(t, drawObject(3), "attributes")}
		text := AppendUser(nil, &want)
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		got, problems := DecodeUser(text)
		if len(problems) > 0 || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %#v %v\nwant %#v", text, got, problems, want)
		}
	})
}

func TestAppendUser(t *testing.T) {
	u := freshet.User{ID: "ada", Attributes: map[string]any{"zip": "02139", "age": json.Number("34"), "tags": []any{"a", true, nil}}}
	const want = `x{"user_id":"ada","attributes":{"age":34,"tags":["a",true,null],"zip":"02139"}}`
	if got := AppendUser([]byte("x"), &u); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzUser(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"user_id":"u"}`, `{"user_id":"u","attributes":{}}`, `{"user_id":"u","attributes":{"a":[null,-0.0,{"b":"\u0000"}]}}`, `{"user_id":"u","attributes":{"a":NaN}}`, "{\"user_id\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, problems := DecodeUser(raw)
		malformed := len(problems) > 0 && problems[0].Code == CodeMalformed
		if valid := json.Valid(raw); !valid && !malformed && !exempt(problems) {
			t.Errorf("not JSON, but the problems are %+v", problems)
		}
		if len(problems) > 0 {
			return
		}
		text := AppendUser(nil, &got)
		again, problems := DecodeUser(text)
		if len(problems) > 0 || !reflect.DeepEqual(got, again) {
			t.Errorf("%+v\nis written as %s\nand read as %+v %v", got, text, again, problems)
		}
	})
}
