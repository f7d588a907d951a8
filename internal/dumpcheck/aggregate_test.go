package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// worked is a journal of which every value below was worked out by hand. Times are seconds
// after T = 1800000000000, which is a whole number of hours. Window 1m and hop 30s: a read
// at q sees from the tile before that of q on, so at T+60s and T+89.999s from T+30s on.
//
//	at  who   item  event  ts      value  rank  query  device  load  event id
//	4   u:1   a     click   0      1      1     boots  phone   2     e1
//	5   u:1   b     click  29.999  2.5    -     -      phone   -     e2
//	6   u:2   a     expose 30      -      2     hats   tablet  7     e3
//	7   u:1   a     click  30      0.25   3     hats   tablet  7     e4     the same time as 6
//	8   u:1   b     click  30      4      -     -      -       -     e0     by item newer than 7
//	9   u:1   b     click  30      8      -     -      phone   -     e9     by event id newer than 8
//	10  s:x   -     search 59.999  -      -     boots  phone   1     -
//	11  u:1   a     click  65      1      -     -      phone   "x"   e5     ahead of its time
//	12  u:2   c     click  40      16     5     -      phone   -5    e6     c is unknown
//	14  u:1   a     click  10      2      -     -      phone   3     e7     a has other categories
//	15  u:1   a     click  10      2      -     -      phone   3     e7     the same again, counted
//
// Records 0 to 3: the definitions, item a of categories x and y with sizes s and m, item b
// of category y, user 1 with plan gold. Record 13: a is in z alone, without sizes. At 4 the
// context also has seen p, q and p again, at 5 seen q.
const worked = `{"position":"1","item":{"item_id":"a","categories":["x","y"],"attributes":{"sizes":["s","m"]}}}
{"position":"2","item":{"item_id":"b","categories":["y"],"tags":["new"],"attributes":{"sizes":["m"]}}}
{"position":"3","topic":"users","user":{"user_id":"1","attributes":{"plan":"gold"}}}
{"position":"4","source":"import:1","event":{"event_id":"e1","user_id":"1","item_id":"a","event":"click","ts":1800000000000,"value":1,"rank":1,"query":"boots","context":{"device":"phone","load":2,"seen":["p","q","p"]}}}
{"position":"5","source":"import:1","event":{"event_id":"e2","user_id":"1","item_id":"b","event":"click","ts":1800000029999,"value":2.5,"context":{"device":"phone","seen":"q"}}}
{"position":"6","source":"import:1","event":{"event_id":"e3","user_id":"2","item_id":"a","event":"expose","ts":1800000030000,"rank":2,"query":"hats","context":{"device":"tablet","load":7}}}
{"position":"7","source":"import:1","event":{"event_id":"e4","user_id":"1","item_id":"a","event":"click","ts":1800000030000,"value":0.25,"rank":3,"query":"hats","context":{"device":"tablet","load":7}}}
{"position":"8","source":"import:1","event":{"event_id":"e0","user_id":"1","item_id":"b","event":"click","ts":1800000030000,"value":4}}
{"position":"9","source":"import:1","event":{"event_id":"e9","user_id":"1","item_id":"b","event":"click","ts":1800000030000,"value":8,"context":{"device":"phone"}}}
{"position":"10","source":"import:1","event":{"session_id":"x","event":"search","ts":1800000059999,"query":"boots","context":{"device":"phone","load":1}}}
{"position":"11","source":"import:1","event":{"event_id":"e5","user_id":"1","item_id":"a","event":"click","ts":1800000065000,"value":1,"context":{"device":"phone","load":"x"}}}
{"position":"12","source":"import:1","event":{"event_id":"e6","user_id":"2","item_id":"c","event":"click","ts":1800000040000,"value":16,"rank":5,"context":{"device":"phone","load":-5}}}
{"position":"13","item":{"item_id":"a","categories":["z"]}}
{"position":"14","source":"import:1","event":{"event_id":"e7","user_id":"1","item_id":"a","event":"click","ts":1800000010000,"value":2,"context":{"device":"phone","load":3}}}
{"position":"15","source":"import:1","event":{"event_id":"e7","user_id":"1","item_id":"a","event":"click","ts":1800000010000,"value":2,"context":{"device":"phone","load":3}}}
`

func TestWorkedValues(t *testing.T) {
	const (
		window = `,"window":"1m","hop":"30s"`
		clicks = `,"on":["click"]`
	)
	for _, c := range []struct {
		feature string // without its name
		who     string // user, item and device of the request, or its devices with commas
		q       int64  // ms after T
		p       string
		want    string // as JSON
	}{
		// Tile borders: at 59.999 the window begins at 0, at 60 and 89.999 at 30, at 90 at 60.
		{`"key":["user"],"agg":"count"` + window, "1 a", 59999, "10", "5"},
		{`"key":["user"],"agg":"count"` + window, "1 a", 60000, "10", "3"},
		{`"key":["user"],"agg":"count"` + window, "1 a", 89999, "10", "3"},
		{`"key":["user"],"agg":"count"` + window, "1 a", 90000, "10", "0"},
		{`"key":["user"],"agg":"count"` + window, "1 a", 90000, "11", "1"},
		{`"key":["user"],"agg":"count"` + window, "1 a", 29999, "15", "4"},
		// 11 is ahead of 60 and in its tile; at 59.999 it is in a later one.
		{`"key":["user"],"agg":"count"` + window, "1 a", 60000, "11", "4"},
		{`"key":["user"],"agg":"count"` + window, "1 a", 59999, "11", "5"},
		{`"key":["user"],"agg":"count"`, "1 a", 0, "15", "8"},
		{`"key":["user"],"agg":"count"`, "1 a", 0, "4", "1"},
		{`"key":["global"],"agg":"count"`, "9 q", 0, "15", "11"},
		{`"key":["global"],"agg":"count"` + window, "", 60000, "15", "7"},
		{`"key":["item"],"agg":"count"`, "1 c", 0, "15", "1"},
		{`"key":["item"],"agg":"count"`, "1", 0, "15", "0"},
		{`"key":["user"],"agg":"count"`, "", 0, "15", "0"},
		{`"key":["user","item"],"agg":"count"`, "1 b", 0, "15", "3"},
		// Device phone: 4, 5, 9, 10, 11, 12, 14, 15; with item a: 4, 11, 14, 15.
		{`"key":["context.device"],"agg":"count"`, "1 a phone", 0, "15", "8"},
		{`"key":["context.device","item"],"agg":"count"`, "1 a phone", 0, "15", "4"},
		{`"key":["context.device"],"agg":"count"`, "1 a", 0, "15", "0"},
		// With tablet: 6, 7. A list stands for its elements.
		{`"key":["context.device"],"agg":"count"`, "1 a phone,tablet", 0, "15", "5"},
		{`"key":["context.device","context.seen"],"agg":"count"`, "1 a phone", 0, "15", "0"},
		{`"key":["context.load"],"agg":"count"`, "1 a", 0, "15", "0"},
		// Plan gold is user 1. An unknown user has no plan.
		{`"key":["user.plan"],"agg":"count"`, "1", 0, "15", "8"},
		{`"key":["user.plan"],"agg":"count"`, "2", 0, "15", "0"},
		// Sizes: s has 4, 6, 7, 11; m those and 5, 8, 9. Up to 12 a read of a is their mean;
		// after 13 a has no sizes, and b has m.
		{`"key":["item.sizes"],"agg":"count"`, "1 a", 0, "12", "5.5"},
		{`"key":["item.sizes"],"agg":"count"`, "1 b", 0, "15", "7"},
		{`"key":["item.sizes"],"agg":"count"`, "1 a", 0, "15", "0"},
		{`"key":["item.tags"],"agg":"count"`, "1 b", 0, "15", "3"},
		{`"key":["item.id"],"agg":"count"`, "1 c", 0, "15", "0"},
		// Four parts: x and y by s and m. Under x: 4 7 11 by both, under y: s 4 7 11, m these and 5 8 9.
		{`"key":["user","item.categories","item.sizes","user.plan"],"agg":"count"`, "1 a", 0, "12", "3.75"},
		// The same with the device: x s, x m, y s: 4 11; y m: 4 5 9 11.
		{`"key":["context.device","item.categories","item.sizes","user.plan"],"agg":"count"`, "1 a phone", 0, "12", "2.5"},
		{`"key":["item.categories"],"agg":"count"`, "1 a", 0, "15", "2"},

		{`"key":["user"],"agg":"sum","field":"value"`, "1", 0, "15", "20.75"},
		{`"key":["user"],"agg":"sum","field":"value"` + window, "1", 60000, "15", "13.25"},
		{`"key":["user"],"agg":"sum","field":"rank"`, "1", 0, "15", "4"},
		{`"key":["global"],"agg":"sum","field":"context.load"`, "", 0, "15", "18"}, // 2 7 7 1 -5 3 3; the text is no number
		{`"key":["user"],"agg":"sum","field":"value"`, "3", 0, "15", "0"},
		{`"key":["user"],"agg":"mean","field":"value"`, "1", 0, "15", "2.59375"},
		{`"key":["user"],"agg":"mean","field":"value"`, "3", 0, "15", "null"},
		{`"key":["global"],"agg":"mean","field":"context.load"`, "", 0, "7", "5.333333333333333"}, // 16/3
		{`"key":["user"],"agg":"mean","field":"rank"` + window, "1", 60000, "15", "3"},
		{`"key":["user"],"agg":"mean","field":"rank"` + window, "1", 90000, "15", "null"},
		{`"key":["user"],"agg":"min","field":"value"`, "1", 0, "15", "0.25"},
		{`"key":["user"],"agg":"min","field":"value"` + window, "1", 29999, "15", "1"},
		{`"key":["user"],"agg":"max","field":"value"`, "1", 0, "15", "8"},
		{`"key":["user"],"agg":"max","field":"value"` + window, "1", 29999, "15", "2.5"},
		{`"key":["user"],"agg":"max","field":"value"` + window, "1", 29999, "4", "1"},
		{`"key":["global"],"agg":"min","field":"context.load"`, "", 0, "15", "-5"},
		{`"key":["global"],"agg":"max","field":"rank"`, "", 0, "15", "5"},
		{`"key":["user"],"agg":"min","field":"value"`, "", 0, "15", "null"},
		{`"key":["item.sizes"],"agg":"max","field":"value"`, "1 a", 0, "12", "4.5"}, // s 1, m 8

		// Item a: clicks 4 7 11 14 15, exposes 6.
		{`"key":["item"],"agg":"rate","of":["click"],"per":["expose"],"prior":[1,20]`, "1 a", 0, "7", "0.13636363636363635"}, // 3/22
		{`"key":["item"],"agg":"rate","of":["expose"],"per":["click","expose"]`, "1 a", 0, "15", "0.16666666666666666"},
		{`"key":["item"],"agg":"rate","of":["click"],"per":["expose"]` + window, "1 a", 60000, "15", "1"},
		{`"key":["item"],"agg":"rate","of":["click"],"per":["expose"],"prior":[1,3]` + window, "1 a", 90000, "10", "0.25"},
		{`"key":["item"],"agg":"rate","of":["click"],"per":["expose"]`, "1 q", 0, "15", "0"},

		// Ranks of user 1: 1 at 0 and 3 at 30, five and two half-lives before 50.
		{`"key":["user"],"agg":"decayed_sum","field":"rank","half_life":"10s"`, "1", 50000, "15", "0.78125"}, // 1/32 + 3/4
		{`"key":["user","item"],"agg":"decayed_sum","half_life":"10s"`, "1 a", 30000, "11", "2.125"},         // 1/8 + 1 + 1 ahead
		{`"key":["user"],"agg":"decayed_sum","half_life":"10s"`, "3", 30000, "15", "0"},

		// Newest of user 1 at 30 is 9 by event id; 11 is later; of all at 30 item b is the greater.
		{`"key":["user"],"agg":"last","field":"value"`, "1", 0, "10", "8"},
		{`"key":["user"],"agg":"last","field":"value"`, "1", 0, "8", "4"},
		{`"key":["user"],"agg":"last","field":"value"`, "1", 0, "15", "1"},
		{`"key":["user"],"agg":"last","field":"rank"`, "1", 0, "15", "3"},
		{`"key":["user"],"agg":"last","field":"query"`, "1", 0, "15", `"hats"`},
		{`"key":["global"],"agg":"last","field":"query"`, "", 0, "15", `"boots"`},
		{`"key":["global"],"agg":"last","field":"item"`, "", 0, "10", `"b"`}, // 10 has none
		{`"key":["global"],"agg":"last","field":"context.load"`, "", 0, "15", `"x"`},
		{`"key":["global"],"agg":"last","field":"context.load"`, "", 0, "10", "1"},
		{`"key":["user"],"agg":"last","field":"query"` + window, "1", 90000, "15", "null"},
		{`"key":["item"],"agg":"last","field":"context.device"`, "1 a", 0, "7", `"tablet"`}, // e4 over e3
		// The newest load is the text of 11, under s and under m.
		{`"key":["item.sizes"],"agg":"last","field":"context.load"`, "1 a", 0, "11", `"x"`},
		{`"key":["item.sizes"],"agg":"last","field":"value"`, "1 a", 0, "10", "4.125"}, // s 0.25, m 8

		{`"key":["user"],"agg":"last_time"`, "1", 0, "15", "1800000065000"},
		{`"key":["user"],"agg":"last_time"` + window, "1", 59999, "15", "1800000030000"},
		{`"key":["user"],"agg":"last_time"`, "1", 0, "3", "null"},
		{`"key":["item.sizes"],"agg":"last_time"`, "1 a", 0, "5", "1800000014999.5"},
		{`"key":["user"],"agg":"age"`, "1", 65500, "15", "0.5"},
		{`"key":["user"],"agg":"age"`, "1", 60000, "15", "0"},
		{`"key":["user"],"agg":"age"` + window, "1", 149999, "15", "null"},
		{`"key":["user"],"agg":"age"` + clicks + window, "1", 59000, "10", "29"},

		{`"key":["user"],"agg":"distinct","field":"item"`, "1", 0, "15", "2"},
		{`"key":["item"],"agg":"distinct","field":"user"`, "1 a", 0, "15", "2"},
		{`"key":["global"],"agg":"distinct","field":"user"`, "", 0, "15", "3"},
		{`"key":["global"],"agg":"distinct","field":"query"` + window, "", 60000, "15", "2"},
		{`"key":["global"],"agg":"distinct","field":"query"` + window, "", 90000, "15", "0"},
		{`"key":["global"],"agg":"distinct","field":"context.load"`, "", 0, "15", "6"}, // 2 7 1 "x" -5 3
		{`"key":["global"],"agg":"distinct","field":"value"`, "", 0, "15", "7"},        // 1 2.5 0.25 4 8 16 2
		{`"key":["global"],"agg":"distinct","field":"rank"`, "", 0, "15", "4"},
		{`"key":["user"],"agg":"distinct","field":"context.seen"`, "1", 0, "15", "2"},
		{`"key":["user"],"agg":"distinct","field":"item.sizes"`, "1", 0, "15", "2"},
		{`"key":["user"],"agg":"distinct","field":"item.category"`, "1", 0, "15", "3"},   // x y z
		{`"key":["user"],"agg":"distinct","field":"item.categories"`, "2", 0, "12", "2"}, // c is unknown
		{`"key":["item.categories"],"agg":"distinct","field":"user"`, "1 a", 0, "12", "2"},

		{`"key":["user"],"agg":"last_k","k":3`, "1", 0, "10", `[{"item_id":"b","ts_ms":1800000030000},{"item_id":"b","ts_ms":1800000030000},{"item_id":"a","ts_ms":1800000030000}]`},
		{`"key":["user"],"agg":"last_k","k":2`, "1", 0, "15", `[{"item_id":"a","ts_ms":1800000065000},{"item_id":"b","ts_ms":1800000030000}]`},
		{`"key":["user"],"agg":"last_k","k":9` + window, "1", 29999, "15", `[{"item_id":"b","ts_ms":1800000029999},{"item_id":"a","ts_ms":1800000010000},{"item_id":"a","ts_ms":1800000010000},{"item_id":"a","ts_ms":1800000000000}]`},
		{`"key":["global"],"agg":"last_k","k":1`, "", 0, "10", `[{"item_id":"b","ts_ms":1800000030000}]`}, // 10 has no item
		{`"key":["user"],"agg":"last_k","k":3`, "3", 0, "15", "null"},
		{`"key":["user"],"agg":"last_k","k":3`, "3", 0, "15", "[]"},
		// Of a's sizes s comes first, which b has not.
		{`"key":["item.sizes"],"agg":"last_k","k":2` + clicks, "1 a", 0, "10", `[{"item_id":"a","ts_ms":1800000030000},{"item_id":"a","ts_ms":1800000000000}]`},

		{`"key":["user"],"agg":"count","where":"event.value >= 2"`, "1", 0, "15", "5"},
		{`"key":["user"],"agg":"count","where":"!(event.rank > 1)"`, "1", 0, "15", "1"}, // 4; the others have none
		{`"key":["global"],"agg":"count","where":"ctx.device in ['tablet'] || event.query == 'boots'"`, "", 0, "15", "4"},
		{`"key":["global"],"agg":"count","where":"user.plan == \"gold\" && \"m\" in item.sizes"`, "", 0, "15", "6"},
		{`"key":["item"],"agg":"rate","of":["click"],"per":["expose"],"where":"event.rank > 1"`, "1 a", 0, "15", "1"},
		{`"key":["user"],"agg":"sum","field":"value","where":"item.category == 'z'"`, "1", 0, "15", "4"},
	} {
		name := fmt.Sprintf("%s for %q at %d, %s", c.feature, c.who, c.q, c.p)
		rows := workedRow(t, c.who, c.q, c.p, c.want)
		dump := `{"position":"0","definitions":{"features":[{"name":"f",` + c.feature + `}]}}` + "\n" + worked
		exit, stdout, stderr := runOn(t, dump, rows, "--everything")
		if exit != exitAgree || !strings.Contains(stdout, `"cells":1,"differing":0`) {
			t.Errorf("%s: exit %d, want %s: %s", name, exit, c.want, stderr)
		}
		for _, wrong := range []string{"0.125", `"wrong"`, "null", `[{"item_id":"b","ts_ms":1800000065000}]`} {
			if wrong == c.want || c.want == "[]" && wrong == "null" {
				continue
			}
			exit, _, stderr := runOn(t, dump, workedRow(t, c.who, c.q, c.p, wrong), "--everything")
			if exit != exitDiffer || !strings.Contains(stderr, "1 cells differ") {
				t.Errorf("%s: %s for %s is not found: %s", name, wrong, c.want, stderr)
			}
		}
	}
}

// workedRow is a row of one item with one value.
func workedRow(t *testing.T, who string, q int64, p, value string) string {
	t.Helper()
	parts := append(strings.Fields(who), "", "", "")
	request := map[string]any{"context": map[string]any{}}
	given := map[string]any{"values": map[string]any{"f": map[string]any{"value": json.RawMessage(value)}}}
	if parts[0] != "" {
		request["user_id"] = parts[0]
	}
	if parts[1] != "" {
		request["item_ids"], given["item_id"] = parts[1:2], parts[1]
	}
	if parts[2] != "" {
		request["context"] = map[string]any{"device": parts[2]}
		if devices := strings.Split(parts[2], ","); len(devices) > 1 {
			request["context"] = map[string]any{"device": devices}
		}
	}
	text, err := json.Marshal(map[string]any{
		"request": request,
		"reply":   map[string]any{"rows": []any{given}, "position": p, "ts_ms": 1_800_000_000_000 + q},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
