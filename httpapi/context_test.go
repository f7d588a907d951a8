package httpapi_test

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/codec"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/journal"
)

// lastServed is the newest served record in the journal, and its text.
func (r *rig) lastServed(t *testing.T) (rec fold.Served, text string) {
	t.Helper()
	r.settled(t)
	reader, err := journal.OpenReader(r.disk)
	if err != nil {
		t.Fatal(err)
	}
	for {
		one, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if one.Topic == freshet.TopicServed {
			text = string(one.Payload)
		}
	}
	if err := errors.Join(reader.Close(), json.Unmarshal([]byte(text), &rec)); err != nil {
		t.Fatal(err)
	}
	return rec, text
}

// TestTheRecordKeepsTheContext: what a request brings as context stands in the served record digit
// by digit, and a request without one leaves none.
func TestTheRecordKeepsTheContext(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 3)
	r.slate(t, `{"user_id":"ada","context":{"device":"phone","hour":7.50,"big":12345678901234567890,"<b>":[true,null,{"a":-0.0}]}}`)
	rec, _ := r.lastServed(t)
	want := fold.Context{"device": "phone", "hour": json.Number("7.50"), "big": json.Number("12345678901234567890"), "<b>": []any{true, nil, map[string]any{"a": json.Number("0")}}}
	if !reflect.DeepEqual(rec.Context, want) {
		t.Errorf("context %v, want %v", rec.Context, want)
	}
	for _, request := range []string{`{"user_id":"ada"}`, `{"user_id":"ada","context":null}`, `{"user_id":"ada","context":{}}`} {
		r.slate(t, request)
		if rec, text := r.lastServed(t); rec.Context != nil || strings.Contains(text, `"context"`) {
			t.Errorf("%s leaves %s", request, text)
		}
	}
}

// TestContextsHaveTheLimitsOfEvents in both requests that take one.
func TestContextsHaveTheLimitsOfEvents(t *testing.T) {
	r := newRig(t, plan{})
	r.stock(t, 3)
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`,"k` + freshet.Position(i).String() + `":1`)
		}
		return "{" + b.String()[1:] + "}"
	}
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	for name, c := range map[string]struct {
		context string
		want    []string
	}{
		"empty":          {`{}`, nil},
		"all types":      {`{"a":1,"b":"x","c":true,"d":null,"e":[1],"f":{"g":2}}`, nil},
		"many fields":    {many(codec.MaxFields), nil},
		"long list":      {`{"a":[1` + strings.Repeat(",1", codec.MaxElements-1) + `]}`, nil},
		"a text":         {`"phone"`, []string{"type:context /context"}},
		"a list":         {`[1]`, []string{"type:context /context"}},
		"list too long":  {`{"a":[1` + strings.Repeat(",1", codec.MaxElements) + `]}`, []string{"too_long /context/a/4096"}},
		"nested fields":  {`{"a":` + many(codec.MaxFields) + `}`, []string{"too_many_fields /context"}},
		"as deep as may": {deep(codec.MaxDepth - 2), nil},
	} {
		for _, path := range []string{"/v1/recommend", "/v1/features"} {
			got := r.do(t, "POST", path, `{"user_id":"ada","context":`+c.context+`}`)
			if c.want == nil {
				if got.status != 200 {
					t.Errorf("%s at %s: status %d: %s", name, path, got.status, got.body)
				}
				continue
			}
			var p problemDoc
			if got.want(t, 422, &p); !slices.Equal(found(p.Errors), c.want) {
				t.Errorf("%s at %s: errors %q, want %q", name, path, found(p.Errors), c.want)
			}
		}
	}
	var p problemDoc
	if r.do(t, "POST", "/v1/recommend", `{"context":`+deep(codec.MaxDepth)+`}`).want(t, 400, &p); p.Code != "too_deep" {
		t.Errorf("too deep: code %q", p.Code)
	}
}
