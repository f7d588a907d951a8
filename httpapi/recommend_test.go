package httpapi_test

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func list(n int) string {
	return `["` + strings.Repeat(`x","`, n-1) + `x"]`
}

func TestBadRequests(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 3)
	last := r.log.Last()
	for _, c := range []struct {
		name, body string
		status     int
		want       []string // code and pointer; nil for a body that cannot be read at all
		hint       string   // in the hint of the first
	}{
		{"Q1 n 0", `{"n":0}`, 400, []string{"out_of_range /n"}, "1 to 500"},
		{"Q1 n -1", `{"n":-1}`, 400, []string{"out_of_range /n"}, "1 to 500"},
		{"Q1 n 10^9", `{"n":1000000000}`, 400, []string{"out_of_range /n"}, "1 to 500"},
		{"Q1 n 501", `{"n":501}`, 400, []string{"out_of_range /n"}, "1 to 500"},
		{"Q1 n 2.5", `{"n":2.5}`, 400, []string{"out_of_range /n"}, "1 to 500"},
		{"Q1 n 2^64", `{"n":18446744073709551616}`, 400, []string{"out_of_range /n"}, "1 to 500"},
		{"Q1 n abc", `{"n":"abc"}`, 400, []string{"out_of_range /n"}, "1 to 500"},
		{"Q1 n true", `{"n":true}`, 400, []string{"out_of_range /n"}, "1 to 500"},

		{"Q2 unknown scene", `{"scene":"hme"}`, 404, []string{"unknown_scene /scene"}, "home"},
		{"Q2 unknown item", `{"seed_items":["i-1","nothing"]}`, 404, []string{"unknown_item /seed_items/1"}, ""},

		{"Q3 deadline 0", `{"timeout_ms":0}`, 400, []string{"out_of_range /timeout_ms"}, "20"},
		{"Q3 deadline -1", `{"timeout_ms":-1}`, 400, []string{"out_of_range /timeout_ms"}, "20"},
		{"Q3 deadline in words", `{"timeout_ms":"20ms"}`, 400, []string{"out_of_range /timeout_ms"}, "20"},
		{"wait below 0", `{"wait_ms":-0.5}`, 400, []string{"out_of_range /wait_ms"}, "20"},

		{"Q6 position in words", `{"min_position":"abc"}`, 400, []string{"bad_position /min_position"}, ""},
		{"Q6 empty position", `{"min_position":""}`, 400, []string{"bad_position /min_position"}, ""},
		{"Q6 position below 0", `{"min_position":"-1"}`, 400, []string{"bad_position /min_position"}, ""},
		{"Q6 position with a sign", `{"min_position":"+1"}`, 400, []string{"bad_position /min_position"}, ""},
		{"Q6 position with zeros", `{"min_position":"01"}`, 400, []string{"bad_position /min_position"}, ""},
		{"Q6 position beyond 64 bits", `{"min_position":"18446744073709551616"}`, 400, []string{"bad_position /min_position"}, ""},
		{"position as a number", `{"min_position":5}`, 422, []string{"type:min_position /min_position"}, ""},

		{"scene of another type", `{"scene":["home"]}`, 422, []string{"type:scene /scene"}, ""},
		{"empty user", `{"user_id":""}`, 422, []string{"bad_id /user_id"}, ""},
		{"control in session", `{"session_id":"a\tb"}`, 422, []string{"bad_id /session_id"}, ""},
		{"long anonymous id", `{"anonymous_id":"` + strings.Repeat("x", 257) + `"}`, 422, []string{"bad_id /anonymous_id"}, ""},
		{"E22 text for a boolean", `{"dry_run":"true"}`, 422, []string{"type:dry_run /dry_run"}, ""},
		{"E22 number for a boolean", `{"diff":1}`, 422, []string{"type:diff /diff"}, ""},
		{"time in words", `{"at":"yesterday"}`, 422, []string{"bad_time /at"}, "RFC 3339"},
		{"context that is no object", `{"context":[]}`, 422, []string{"type:context /context"}, ""},
		{"unknown field", `{"usr_id":"ada"}`, 422, []string{"unknown_field /usr_id"}, "did you mean user_id?"},
		{"unknown field like nothing", `{"zzz":null}`, 422, []string{"unknown_field /zzz"}, ""},
		{"planned field", `{"filter":"item.price < 50"}`, 422, []string{"not_available /filter"}, ""},
		{"planned explanation", `{"explain":"full"}`, 422, []string{"not_available /explain"}, ""},
		{"unknown item field", `{"fields":["title","titl"]}`, 422, []string{"unknown_field /fields"}, "did you mean title?"},
		{"fields of another type", `{"fields":"title"}`, 422, []string{"type:fields /fields"}, ""},
		{"field of another type", `{"fields":[1]}`, 422, []string{"type:fields /fields/0"}, ""},
		{"seeds of another type", `{"seed_items":"i-1"}`, 422, []string{"type:seed_items /seed_items"}, ""},
		{"seed of another type", `{"seed_items":["i-1",2]}`, 422, []string{"type:seed_items /seed_items/1"}, ""},
		{"null seed", `{"seed_items":[null]}`, 422, []string{"type:seed_items /seed_items/0"}, ""},
		{"101 seeds", `{"seed_items":` + list(101) + `}`, 422, []string{"too_long /seed_items"}, ""},
		{"101 recent acts", `{"recent":[` + strings.Repeat("{},", 100) + `{}]}`, 422, []string{"too_long /recent"}, ""},
		{"10,001 excluded", `{"exclude":{"item_ids":` + list(10_001) + `}}`, 422, []string{"too_long /exclude/item_ids"}, ""},
		{"recent of another type", `{"recent":[5]}`, 422, []string{"type:recent /recent/0"}, ""},
		{"recent without anything", `{"recent":[{"event":"click","item_id":"i-1"},{}]}`, 422, []string{"missing:item_id /recent/1", "missing:event /recent/1"}, ""},
		{"recent with another field", `{"recent":[{"event":"click","item":"i-1","item_id":"i-1"}]}`, 422, []string{"unknown_field /recent/0/item"}, "did you mean item_id?"},
		{"recent with a bad time", `{"recent":[{"event":"click","item_id":"i-1","ts":"now"}]}`, 422, []string{"bad_time /recent/0/ts"}, "RFC 3339"},
		{"exclude of another type", `{"exclude":["i-1"]}`, 422, []string{"type:exclude /exclude"}, ""},
		{"exclude with another field", `{"exclude":{"item_id":["i-1"]}}`, 422, []string{"unknown_field /exclude/item_id"}, "did you mean item_ids?"},
		{"seen within in words", `{"exclude":{"seen_within":"1 day"}}`, 422, []string{"bad_time /exclude/seen_within"}, ""},
		{"seen within as a number", `{"exclude":{"seen_within":24}}`, 422, []string{"type:seen_within /exclude/seen_within"}, ""},
		{"purchased of another type", `{"exclude":{"purchased":"yes"}}`, 422, []string{"type:purchased /exclude/purchased"}, ""},
		{"all at once", `{"scene":1,"usr_id":"u","min_position":"x","n":0,"boost":[]}`, 400,
			[]string{"type:scene /scene", "unknown_field /usr_id", "bad_position /min_position", "out_of_range /n", "not_available /boost"}, ""},

		{"nothing", ``, 400, nil, ""},
		{"null", `null`, 400, nil, ""},
		{"a list", `[]`, 400, nil, ""},
		{"cut", `{"n":3`, 400, nil, ""},
		{"two documents", `{}{}`, 400, nil, ""},
		{"a field twice", `{"n":3,"n":4}`, 400, nil, ""},
		{"E8 not a number", `{"n":NaN}`, 400, nil, ""},
		{"E3 half a surrogate pair", `{"user_id":"\ud800"}`, 400, nil, ""},
		{"E15 too deep", `{"context":` + strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat("}", 34), 400, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p problemDoc
			r.do(t, "POST", "/v1/recommend", c.body).want(t, c.status, &p)
			if got := found(p.Errors); !slices.Equal(got, append([]string{}, c.want...)) {
				t.Errorf("errors %q, want %q", got, c.want)
			}
			if c.want == nil {
				if p.Offset == nil {
					t.Errorf("no offset in %+v", p)
				}
			} else if !strings.Contains(p.Errors[0].Hint, c.hint) || p.Errors[0].Message == "" {
				t.Errorf("message %q, hint %q without %q", p.Errors[0].Message, p.Errors[0].Hint, c.hint)
			}
		})
	}
	if r.log.Last() != last {
		t.Errorf("requests that were refused left %s records", r.log.Last()-last)
	}
}

func TestGoodRequests(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 30)
	for _, c := range []struct {
		name, body string
		n, filled  int
	}{
		{"Q1 n missing", `{}`, 10, 10},
		{"n 1", `{"n":1}`, 1, 1},
		{"n with a fraction of nothing", `{"n":3.0}`, 3, 3},
		{"Q1 n 500", `{"n":500}`, 500, 30},
		{"Q2 nobody has heard of the user", `{"user_id":"nobody","n":4}`, 4, 4},
		{"nulls", `{"scene":null,"user_id":null,"anonymous_id":null,"session_id":null,"n":null,"context":null,"seed_items":null,"recent":null,"exclude":null,"filter":null,"boost":null,
			"fields":null,"min_position":null,"wait_ms":null,"timeout_ms":null,"explain":null,"cursor":null,"dry_run":null,"at":null,"diff":null}`, 10, 10},
		{"nulls inside", `{"recent":[{"event":"click","item_id":"i-1","ts":null}],"exclude":{"item_ids":null,"seen_within":null,"purchased":null}}`, 10, 10},
		{"empty lists", `{"seed_items":[],"recent":[],"exclude":{},"fields":[],"context":{}}`, 10, 10},
		{"Q3 one hour is cut", `{"timeout_ms":3600000}`, 10, 10},
		{"a summary", `{"explain":"summary"}`, 10, 10},
		{"free data", `{"context":{"device":"mobile","n":[1,2,{"x":null}]}}`, 10, 10},
		{"excluded, known or not", `{"n":500,"exclude":{"item_ids":["i-1","i-2","never-seen"]}}`, 500, 28},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := r.slate(t, c.body)
			if s.Filled != c.filled || s.FilledBy.Fallback != 0 || len(s.Degraded) != 0 || s.Scene != "home" || !s.Freshness.Reflected {
				t.Errorf("filled %d, want %d: %+v", s.Filled, c.filled, s)
			}
			if short := s.Filled < c.n; short != (len(s.Shortfall) > 0) {
				t.Errorf("filled %d of %d with shortfall %+v", s.Filled, c.n, s.Shortfall)
			}
		})
	}
}

func TestGetRecommend(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 20)
	r.post(t, act("ada", "click", "i-2", t0))
	for _, c := range []struct{ query, body string }{
		{"", `{}`},
		{"n=3", `{"n":3}`},
		{"user_id=ada&n=3&scene=home", `{"user_id":"ada","n":3,"scene":"home"}`},
		{"user_id=" + url.QueryEscape("a&b=c/é"), `{"user_id":"a&b=c/é"}`},
		{"user_id=12", `{"user_id":"12"}`},
		{"session_id=true&dry_run=true", `{"session_id":"true","dry_run":true}`},
		{"wait_ms=1.5&min_position=1", `{"wait_ms":1.5,"min_position":"1"}`},
		{"at=1795187045000&dry_run=false", `{"at":1795187045000}`},
		{"at=2026-11-20T15:04:05Z", `{"at":"2026-11-20T15:04:05Z"}`},
	} {
		t.Run(c.query, func(t *testing.T) {
			r.settled(t)
			want := r.slate(t, c.body)
			r.settled(t)
			var got slateDoc
			r.do(t, "GET", "/v1/recommend?"+c.query, "").want(t, 200, &got)
			got.RequestID, want.RequestID = "", ""
			got.Freshness.Position, want.Freshness.Position = "", "" // the slate before is a record
			if !reflect.DeepEqual(&got, want) {
				t.Errorf("GET %+v, POST %+v", got, want)
			}
		})
	}
	for _, c := range []struct {
		query  string
		status int
		want   string
	}{
		{"n=abc", 400, "out_of_range /n"},
		{"n=", 400, "out_of_range /n"},
		{"n=0", 400, "out_of_range /n"},
		{"n=0x10", 400, "out_of_range /n"},
		{"n=inf", 400, "out_of_range /n"},
		{"n=NaN", 400, "out_of_range /n"},
		{"n=+5", 400, "out_of_range /n"},
		{"n=%205", 400, "out_of_range /n"},
		{"n=1_0", 400, "out_of_range /n"},
		{"n=1e999", 422, "bad_number"},
		{"timeout_ms=-1", 400, "out_of_range /timeout_ms"},
		{"min_position=x", 400, "bad_position /min_position"},
		{"user_id=", 422, "bad_id /user_id"},
		{"user_id=%ff", 422, "bad_text"},
		{"dry_run=yes", 422, "type:dry_run /dry_run"},
		{"colour=red", 422, "unknown_field /colour"},
		{"n=3&n=4", 422, "duplicate_field"},
		{"n=3;user_id=ada", 422, "malformed"},
		{"n=%zz", 422, "malformed"},
		{"recent=x", 422, "type:recent /recent"},
		{"at=0", 422, "too_old /at"},
		{"scene=x", 404, "unknown_scene /scene"},
	} {
		t.Run(c.query, func(t *testing.T) {
			var p problemDoc
			r.do(t, "GET", "/v1/recommend?"+c.query, "").want(t, c.status, &p)
			if got := found(p.Errors); !slices.Contains(got, c.want) {
				t.Errorf("errors %q, want %q", got, c.want)
			}
		})
	}
}

func TestFieldsOfItems(t *testing.T) {
	r := newRig(t, plan{})
	var out outcome
	r.do(t, "PUT", path("full"), `{"title":"T <&>","categories":["a","b"],"tags":["t"],"text":"words","price":0,"published_at":"2026-11-20T15:00:00.5Z","attributes":{"n":1.50,"deep":{"x":[1]}}}`).want(t, 200, &out)
	r.do(t, "PUT", path("bare"), `{}`).want(t, 200, &out)
	r.post(t, act("bob", "click", "named", t0))
	all := `["title","categories","tags","text","price","published_at","available","attributes"]`
	got := map[string]map[string]any{}
	for _, it := range r.slate(t, `{"fields":`+all+`}`).Items {
		got[it.ID] = it.Fields
	}
	want := map[string]map[string]any{
		"full": {"title": "T <&>", "categories": []any{"a", "b"}, "tags": []any{"t"}, "text": "words", "price": 0.0, "published_at": "2026-11-20T15:00:00.500Z", "available": true,
			"attributes": map[string]any{"n": 1.5, "deep": map[string]any{"x": []any{1.0}}}},
		"bare":  {"available": true},
		"named": nil, // only an event named it
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	for _, it := range r.slate(t, `{}`).Items {
		if it.Fields != nil {
			t.Errorf("fields %v without asking", it.Fields)
		}
	}
}

func TestFreshnessOfAReply(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 5)
	if f := r.slate(t, `{"user_id":"ada"}`).Freshness; f.LastMS != nil || f.Last != nil {
		t.Errorf("a visitor without events: %+v", f)
	}
	out := r.post(t, act("ada", "like", "i-1", t0-3000))
	s := r.slate(t, fmt.Sprintf(`{"user_id":"ada","min_position":%q}`, out.Position))
	f := s.Freshness
	if f.LastMS == nil || *f.LastMS != 3000 || f.Last == nil || f.Last.Event != "like" || f.Last.Position != out.Position || f.Last.EffectMS == nil || *f.Last.EffectMS != 0 {
		t.Errorf("freshness %+v", f)
	}
	if s.TimeMS != t0 || !f.Reflected || f.Position != out.Position {
		t.Errorf("slate at %d, position %s, reflected %v", s.TimeMS, f.Position, f.Reflected)
	}
	if f := r.slate(t, `{"anonymous_id":"ada"}`).Freshness; f.Last != nil {
		t.Errorf("an anonymous id that equals a user's: %+v", f)
	}
}
