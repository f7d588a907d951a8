package httpapi_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// userDoc is the reply to a request for a user.
type userDoc struct {
	User struct {
		ID         string         `json:"user_id"`
		Attributes map[string]any `json:"attributes"`
	}
	Position string
}

func userPath(id string) string { return "/v1/users/" + url.PathEscape(id) }

func TestPutUser(t *testing.T) {
	r := newRig(t, plan{})
	for _, c := range []struct {
		name, id, body string
		status         int
		code           string
		want           []string
	}{
		{"id in the body", "a", `{"user_id":"a","attributes":{"age":34}}`, 200, "", nil},
		{"null id in the body", "a", `{"user_id":null}`, 200, "", nil},
		{"no field at all", "a", `{}`, 200, "", nil},
		{"another id in the body", "a", `{"user_id":"b"}`, 422, "validation", []string{"id_conflict /user_id"}},
		{"an id of another type", "a", `{"user_id":1}`, 422, "validation", []string{"type:user_id /user_id"}},
		{"a field twice, no id", "a", `{"attributes":{},"attributes":{}}`, 422, "validation", []string{"duplicate_field /attributes"}},
		{"control character", "a\x1b", `{}`, 422, "validation", []string{"bad_id /user_id"}},
		{"invalid UTF-8", "a\xff", `{}`, 422, "validation", []string{"bad_text /user_id"}},
		{"blank", " ", `{}`, 422, "validation", []string{"bad_id /user_id"}},
		{"257 bytes", strings.Repeat("x", 257), `{}`, 422, "validation", []string{"bad_id /user_id"}},
		{"a field of items", "a", `{"title":"A"}`, 422, "validation", []string{"unknown_field /title"}},
		{"attributes of another type", "a", `{"attributes":[]}`, 422, "validation", []string{"type:attributes /attributes"}},
		{"empty body", "a", ``, 400, "malformed", nil},
		{"a list", "a", `[{"user_id":"a"}]`, 400, "malformed", nil},
		{"cut", "a", `{"attributes":`, 400, "malformed", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := r.log.Last()
			var p problemDoc
			r.do(t, "PUT", userPath(c.id), c.body).want(t, c.status, &p)
			if want := append([]string{}, c.want...); p.Code != c.code || !slices.Equal(found(p.Errors), want) {
				t.Errorf("code %q, errors %q; want %q, %q", p.Code, found(p.Errors), c.code, want)
			}
			if wrote := r.log.Last() != last; wrote != (c.status == 200) {
				t.Errorf("journaled: %v", wrote)
			}
		})
	}
	var p problemDoc
	if r.do(t, "GET", userPath("b"), "").want(t, 404, &p); p.Code != "unknown_user" {
		t.Errorf("code %q of a user that only a body named", p.Code)
	}
}

// TestAUserStandsUntilReplaced: an entry is in when it is acknowledged, is replaced whole, and is
// none of an anonymous visitor with the same id.
func TestAUserStandsUntilReplaced(t *testing.T) {
	r := newRig(t, plan{})
	r.post(t, act("ada", "click", "i-1", t0))
	if got := r.do(t, "GET", userPath("ada"), ""); got.status != 404 {
		t.Errorf("status %d of a user of whom only events came", got.status)
	}
	var out outcome
	var got userDoc
	r.do(t, "PUT", userPath("ada"), `{"attributes":{"age":34,"plan":"free"}}`).want(t, 200, &out)
	if r.do(t, "GET", userPath("ada"), "").want(t, 200, &got); got.User.ID != "ada" || got.User.Attributes["age"] != 34.0 || got.Position != out.Position || out.Accepted != 1 {
		t.Errorf("put %+v, got %+v", out, got)
	}
	r.do(t, "PUT", userPath("ada"), `{"attributes":{"plan":"gold"}}`).want(t, 200, &out)
	got = userDoc{}
	if r.do(t, "GET", userPath("ada"), "").want(t, 200, &got); len(got.User.Attributes) != 1 || got.User.Attributes["plan"] != "gold" {
		t.Errorf("something of the entry before is left: %+v", got)
	}
	var slate slateDoc
	if r.do(t, "POST", "/v1/recommend", `{"user_id":"ada"}`).want(t, 200, &slate); slate.Freshness.Last == nil || slate.Freshness.Last.Event != "click" {
		t.Errorf("what she last did is %+v", slate.Freshness.Last)
	}
	for _, method := range []string{"PATCH", "DELETE"} {
		var p problemDoc
		if r.do(t, method, userPath("ada"), `{}`).want(t, 405, &p); p.Code != "method_not_allowed" {
			t.Errorf("%s: code %q", method, p.Code)
		}
	}
}

func TestUsersInBatches(t *testing.T) {
	r := newRig(t, plan{})
	for _, form := range []struct{ name, media, body, pointer string }{
		{"envelope", "application/json", `{"users":[{"user_id":"a"},{"user_id":"b","attributes":1},{"user_id":"c"}]}`, "/users/1/attributes"},
		{"array", "application/json", `[{"user_id":"a"},{"user_id":"b","attributes":1},{"user_id":"c"}]`, "/1/attributes"},
		{"lines", "application/x-ndjson", "{\"user_id\":\"a\"}\n{\"user_id\":\"b\",\"attributes\":1}\n{\"user_id\":\"c\"}\n", "/attributes"},
	} {
		t.Run(form.name, func(t *testing.T) {
			last := r.log.Last()
			got := r.do(t, "POST", "/v1/users", form.body, "Content-Type", form.media)
			var out outcome
			got.want(t, 207, &out)
			if !slices.Equal(found(out.Errors), []string{"type:attributes " + form.pointer}) || out.Errors[0].UserID != "b" || out.Errors[0].Index != 1 ||
				out.Accepted != 2 || out.Refused != 1 || got.header.Get("Freshet-Refused") != "1" || out.Position != (last+2).String() {
				t.Errorf("reply %s", got.body)
			}
		})
	}
	var p problemDoc
	if r.do(t, "POST", "/v1/users", `[{"attributes":{}}]`).want(t, 422, &p); !slices.Equal(found(p.Errors), []string{"missing:user_id /0"}) {
		t.Errorf("errors %q", found(p.Errors))
	}
	var out outcome
	if r.do(t, "POST", "/v1/users", `{"user_id":"one"}`).want(t, 200, &out); out.Accepted != 1 {
		t.Errorf("one user alone: %+v", out)
	}
	if r.do(t, "POST", "/v1/users", `{"users":[],"items":[]}`).want(t, 400, &p); p.Code != "unknown_field" {
		t.Errorf("an envelope with more: %+v", p)
	}
	if got := r.do(t, "GET", userPath("b"), ""); got.status != 404 {
		t.Error("a refused user is known")
	}
}
