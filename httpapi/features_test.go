package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/feature"
)

// featuresDoc is the reply to a features request.
type featuresDoc struct {
	Rows []struct {
		ItemID *string `json:"item_id"`
		Values map[string]struct {
			Value     *float64
			UpdatedAt *string `json:"updated_at"`
			Events    int64
			Default   bool
		}
	}
	Position  string
	TimeMS    int64 `json:"ts_ms"`
	Reflected bool
}

// cells writes the values of one row as text, in order of their names.
func (d *featuresDoc) cells(row int) string {
	var list []string
	values := d.Rows[row].Values
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v, text := values[name], "null"
		if v.Value != nil {
			text = fmt.Sprint(*v.Value)
		}
		if v.UpdatedAt != nil {
			text += "@" + (*v.UpdatedAt)[11:23]
		}
		list = append(list, fmt.Sprintf("%s=%s/%d", name, text, v.Events))
		if v.Default != (v.Events == 0) {
			list = append(list, "default is wrong")
		}
	}
	return strings.Join(list, " ")
}

func (r *rig) features(t *testing.T, body string) *featuresDoc {
	t.Helper()
	var d featuresDoc
	r.do(t, "POST", "/v1/features", body).want(t, 200, &d)
	return &d
}

func TestFeatureValues(t *testing.T) {
	r := newRig(t, plan{})
	for range 4 {
		r.post(t, act("ada", "expose", "i-1", t0-10_000))
	}
	out := r.post(t, act("ada", "click", "i-1", t0-2_000), act("bob", "click", "i-2", t0-1_000))
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"two items", `{"user_id":"ada","item_ids":["i-1","i-2"]}`, []string{
			"item.ctr=0.25@15:04:03.000/5 pair.clicks=1@15:04:03.000/1 user.clicks_5m=1@15:04:03.000/1 user.last_click_age=2@15:04:03.000/1",
			"item.ctr=0.5@15:04:04.000/1 pair.clicks=0/0 user.clicks_5m=1@15:04:03.000/1 user.last_click_age=2@15:04:03.000/1"}},
		{"no item", `{"user_id":"ada","names":["user.*"]}`, []string{"user.clicks_5m=1@15:04:03.000/1 user.last_click_age=2@15:04:03.000/1"}},
		{"nothing known", `{"user_id":"nobody","item_ids":["nothing"]}`, []string{"item.ctr=0.25/0 pair.clicks=0/0 user.clicks_5m=0/0 user.last_click_age=null/0"}},
		{"nobody", `{}`, []string{"item.ctr=0.25/0 pair.clicks=0/0 user.clicks_5m=0/0 user.last_click_age=null/0"}},
		{"a session that is called like a user", `{"session_id":"ada","names":["user.last_click_age"]}`, []string{"user.last_click_age=null/0"}},
		{"an item twice", `{"item_ids":["i-2","i-2"],"names":["item.ctr"]}`, []string{"item.ctr=0.5@15:04:04.000/1", "item.ctr=0.5@15:04:04.000/1"}},
		{"a name and a pattern that holds it", `{"user_id":"bob","names":["user.clicks_5m","*_5m"]}`, []string{"user.clicks_5m=1@15:04:04.000/1"}},
		{"nulls", `{"user_id":"bob","names":null,"item_ids":null,"min_position":null,"wait_ms":null,"anonymous_id":null,"session_id":null}`,
			[]string{"item.ctr=0.25/0 pair.clicks=0/0 user.clicks_5m=1@15:04:04.000/1 user.last_click_age=1@15:04:04.000/1"}},
		{"empty lists", `{"names":["pair.*"],"item_ids":[]}`, []string{"pair.clicks=0/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := r.features(t, c.body)
			if len(d.Rows) != len(c.want) {
				t.Fatalf("%d rows, want %d", len(d.Rows), len(c.want))
			}
			for i, want := range c.want {
				if got := d.cells(i); got != want {
					t.Errorf("row %d: %s\nwant   %s", i, got, want)
				}
				if named := d.Rows[i].ItemID != nil; named != strings.Contains(c.body, `"item_ids":["`) {
					t.Errorf("row %d names an item: %v", i, named)
				}
			}
			if d.Position != out.Position || d.TimeMS != t0 || !d.Reflected {
				t.Errorf("read at %s, %d, reflected %v; want %s, %d", d.Position, d.TimeMS, d.Reflected, out.Position, t0)
			}
		})
	}
	r.clock.Store(t0 + 10*60_000)
	if got, want := r.features(t, `{"user_id":"ada","names":["user.*"]}`).cells(0), "user.clicks_5m=0/0 user.last_click_age=602@15:04:03.000/1"; got != want {
		t.Errorf("ten minutes later %s, want %s", got, want)
	}
}

// TestTextsAndLists: values that are no number are JSON strings, and lists of item and time.
func TestTextsAndLists(t *testing.T) {
	user := []string{"user"}
	r := newRig(t, plan{defs: []feature.Definition{
		{Name: "device", Key: user, Agg: feature.Last, Field: "context.device"},
		{Name: "seen", Key: user, Agg: feature.LastK, K: 2},
		{Name: "there", Key: []string{"context.place"}, Agg: feature.Last, Field: "item"},
		{Name: "where", Expr: "cross(device, ctx.place)"},
	}})
	click := func(item, device string, at int64) string {
		return fmt.Sprintf(`{"user_id":"ada","event":"click","item_id":%q,"ts":%d,"context":{"device":%s,"place":"home"}}`, item, at, device)
	}
	r.post(t, click("i-1", `"phone"`, t0-3000), click("i-2", `"tv \u003c"`, t0-2000), click("i-3", `""`, t0-4000), `{"user_id":"ada","event":"search","query":"x","ts":1795187044000}`)
	r.post(t, strings.Replace(click("i-4", "7.5", t0-1000), "ada", "bob", 1), strings.Replace(click("i-5", `""`, t0-1500), "ada", "eve", 1))
	for _, c := range []struct {
		body string
		want map[string]string // values as JSON, by name
	}{
		{`{"user_id":"ada","context":{"place":"home"}}`, map[string]string{"device": `"tv <"`, "seen": `[{"item_id":"i-2","ts_ms":1795187043000},{"item_id":"i-1","ts_ms":1795187042000}]`, "there": `"i-4"`, "where": `"tv <|home"`}},
		{`{"user_id":"ada","context":{"place":"bus"}}`, map[string]string{"device": `"tv <"`, "seen": `[{"item_id":"i-2","ts_ms":1795187043000},{"item_id":"i-1","ts_ms":1795187042000}]`, "there": "null", "where": `"tv <|bus"`}},
		{`{"user_id":"bob"}`, map[string]string{"device": "7.5", "seen": `[{"item_id":"i-4","ts_ms":1795187044000}]`, "there": "null", "where": "null"}},
		{`{"user_id":"eve"}`, map[string]string{"device": `""`, "seen": `[{"item_id":"i-5","ts_ms":1795187043500}]`, "there": "null", "where": "null"}},
		{`{"user_id":"nobody"}`, map[string]string{"device": "null", "seen": "[]", "there": "null", "where": "null"}},
	} {
		var d struct {
			Rows []struct {
				Values map[string]struct{ Value json.RawMessage }
			}
		}
		r.do(t, "POST", "/v1/features", c.body).want(t, 200, &d)
		for name, want := range c.want {
			if got := string(d.Rows[0].Values[name].Value); got != want {
				t.Errorf("%s: %s is %s, want %s", c.body, name, got, want)
			}
		}
	}
}

func TestFeaturePositions(t *testing.T) {
	r := newRig(t, plan{})
	for range 20 {
		out := r.post(t, act("ada", "click", "i-1", t0))
		if d := r.features(t, fmt.Sprintf(`{"user_id":"ada","min_position":%q}`, out.Position)); d.Position != out.Position || !d.Reflected || out.Position != r.log.Last().String() {
			t.Fatalf("acknowledged at %s, read at %s, reflected %v, last record %s", out.Position, d.Position, d.Reflected, r.log.Last())
		}
	}
	if d := r.features(t, `{"user_id":"ada","min_position":"999","wait_ms":5}`); d.Reflected || d.Position != "20" {
		t.Errorf("a position that nothing has: %+v", d)
	}
}

func TestBadFeatureRequests(t *testing.T) {
	r := newRig(t, plan{})
	for _, c := range []struct {
		name, body string
		status     int
		want       []string
	}{
		{"unknown name", `{"names":["user.*","item.crt"]}`, 422, []string{"unknown_feature /names/1"}},
		{"pattern that matches nothing", `{"names":["shop.*"]}`, 422, []string{"unknown_feature /names/0"}},
		{"broken pattern", `{"names":["user.["]}`, 422, []string{"unknown_feature /names/0"}},
		{"long name", `{"names":["` + strings.Repeat("x", 16<<10) + `"]}`, 422, []string{"unknown_feature /names/0"}},
		{"names of another type", `{"names":"user.*"}`, 422, []string{"type:names /names"}},
		{"name of another type", `{"names":[1]}`, 422, []string{"type:names /names/0"}},
		{"1,001 items", `{"item_ids":` + list(1001) + `}`, 422, []string{"too_long /item_ids"}},
		{"empty item", `{"item_ids":["a",""]}`, 422, []string{"bad_id /item_ids/1"}},
		{"malformed position", `{"min_position":"p-1"}`, 400, []string{"bad_position /min_position"}},
		{"wait below 0", `{"wait_ms":-1}`, 400, []string{"out_of_range /wait_ms"}},
		{"unknown field", `{"item_id":"a"}`, 422, []string{"unknown_field /item_id"}},
		{"a list", `[]`, 400, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p problemDoc
			r.do(t, "POST", "/v1/features", c.body).want(t, c.status, &p)
			if got := found(p.Errors); !slices.Equal(got, append([]string{}, c.want...)) {
				t.Errorf("errors %q, want %q", got, c.want)
			}
			if len(p.Detail) > 1000 {
				t.Errorf("%d bytes of detail", len(p.Detail))
			}
		})
	}
	if d := r.features(t, `{"item_ids":`+list(1000)+`}`); len(d.Rows) != 1000 {
		t.Errorf("%d rows of 1000", len(d.Rows))
	}
}
