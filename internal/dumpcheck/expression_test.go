package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// shoeScope is the example of docs/expressions.md.
func shoeScope(t *testing.T) scope {
	t.Helper()
	const dump = `{"position":"1","item":{"item_id":"shoe","title":"Red shoe","categories":["shoes","sale"],"tags":["red"],"price":120,"attributes":{"brand":"acme","sizes":[41,42],"new":true}}}
{"position":"2","user":{"user_id":"ada","attributes":{"plan":"gold","age":36}}}
{"position":"3","event":{"event":"click","user_id":"ada","item_id":"shoe","value":2.5,"rank":3,"ts":1795251600000,"context":{"page":"home","depth":4}}}`
	j, err := readDump(strings.NewReader(dump))
	if err != nil {
		t.Fatal(err)
	}
	return scope{
		journal: j, event: &j.events[0], subject: j.events[0].subject(), q: 1795251600000,
		features: map[string]result{
			"clicks": number(7), "shows": number(0), "ctr": number(0.25), "dwell": {},
			"last_query": {kind: textual, text: "boots"}, "item-ctr": number(0.5), "seen": {kind: listed},
		},
	}
}

func TestExpressions(t *testing.T) {
	const none = "no value"
	for _, c := range []struct {
		at         place
		text, want string
	}{
		{inWhere, `event.name == "click" && event.rank <= 3`, "true"},
		{inWhere, `item.price > 100 and user.plan == "gold"`, "true"},
		{inWhere, `item.category in ["shoes", "hats"]`, "true"},
		{inWhere, `"sale" in item.categories`, "true"},
		{inWhere, `41 in item.sizes`, "true"},
		{inWhere, `item.new`, "true"},
		{inWhere, `event.value * 2 == 5`, "true"},
		{inWhere, `item.title startsWith "Red"`, "true"},
		{inWhere, `item.title endsWith 'shoe'`, "true"},
		{inWhere, `item.title contains "blue"`, "false"},
		{inWhere, `context.page == "home" || ctx.depth > 9`, "true"},
		{inWhere, `item.brand not in ["acme"]`, "false"},
		{inWhere, `event.query == "boots"`, none},
		{inWhere, `event.query != "boots"`, none},
		{inWhere, `!(event.query == "boots")`, none},
		{inWhere, `event.query == nil`, "true"},
		{inWhere, `event.query != nil`, "false"},
		{inWhere, `event.query == nil || event.query != "boots"`, "true"},
		{inWhere, `item.heel > 3 || item.price > 3`, "true"},
		{inWhere, `item.heel > 3 && item.price < 3`, "false"},
		{inWhere, `item.heel > 3 || item.price < 3`, none},
		{inWhere, `item.heel in [3, 4]`, none},
		{inWhere, `item.heel not in [3, 4]`, none},
		{inWhere, `(item.heel ?? 0) < 1`, "true"},
		{inWhere, `item.brand > 3`, none},
		{inWhere, `item.brand == 3`, "false"},
		{inWhere, `event.value / (event.rank - 3) > 0`, none},
		{inWhere, `!item.new || event.user_id == 'ada' && event.item_id == item.id`, "true"},
		{inWhere, `not (1.5e0 + 1 < event.value)`, "true"},
		{inWhere, `-event.value < -2`, "true"},
		{inWhere, `event.ts_ms == 1795251600000 && user.id == "ada"`, "true"},
		{inWhere, `item["brand"] >= "acme" && ctx["page"] < "homf"`, "true"},
		{inWhere, `event.session_id == "s"`, none},
		{inWhere, `user.plan in item.tags`, "false"},
		{inWhere, `2 + 3 * 2 == 8 && 10 - 4 - 3 == 3 && 8 / 4 / 2 == 1`, "true"},
		{inWhere, `false && item.heel > 3 || true`, "true"},
		{inDerived, `log1p(clicks) * ctr`, "0.5198603854199589"},
		{inDerived, `clicks / 2 + 1`, "4.5"},
		{inDerived, `ratio(clicks, shows)`, "0"},
		{inDerived, `ratio(clicks, 2)`, "3.5"},
		{inDerived, `clicks / shows`, none},
		{inDerived, `dwell * 2`, none},
		{inDerived, `ratio(dwell, shows)`, none},
		{inDerived, `min(dwell ?? 0, 60)`, "0"},
		{inDerived, `max(clicks, 60, 3)`, "60"},
		{inDerived, `min(dwell, 60)`, none},
		{inDerived, `clicks > 5`, "true"},
		{inDerived, `(clicks > 5) + (ctr > 0.5)`, "1"},
		{inDerived, `clicks > 5 ? ctr : 0`, "0.25"},
		{inDerived, `clicks > 5 ? nil : ctr`, none},
		{inDerived, `dwell > 5 ? 1 : 2`, none},
		{inDerived, `bucketize(clicks, [1, 5, 7, 10])`, "3"},
		{inDerived, `bucketize(dwell, [1])`, none},
		{inDerived, `bucketize(0 - clicks, [-8, -7.5, 3])`, "2"},
		{inDerived, `features["item-ctr"] * 100`, "50"},
		{inDerived, `last_query`, "boots"},
		{inDerived, `last_query == "boots"`, "true"},
		{inDerived, `sqrt(abs(0 - clicks - 9))`, "4"},
		{inDerived, `sqrt(0 - clicks)`, none},
		{inDerived, `exp(1000)`, none},
		{inDerived, `exp(0)`, "1"},
		{inDerived, `hour()`, "9"},
		{inDerived, `hour(5.5)`, "14"},
		{inDerived, `weekday()`, "6"},
		{inDerived, `weekday(15)`, "7"},
		{inDerived, `age(1795251500000)`, "100"},
		{inDerived, `age(1795251700000)`, "0"},
		{inDerived, `item.new`, "true"},
		{inDerived, `item.brand`, "acme"},
		{inDerived, `log1p(seen)`, `undecided: "seen" is a list`},
		{inDerived, `log1p(missing)`, `undecided: the row has no value of "missing"`},
		{inDerived, `item.sizes == item.sizes`, "undecided: a list compared"},
		{inDerived, `item.new == 1`, "undecided: a truth value compared with a number"},
	} {
		e, err := parseExpression(c.text, c.at)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		s := shoeScope(t)
		v, err := s.value(e.root)
		got := none
		switch {
		case err != nil:
			got = "undecided: " + err.Error()
		case v.kind == truth:
			got = fmt.Sprint(v.number == 1)
		case v.kind == numeric:
			got = fmt.Sprint(v.number)
		case v.kind == textual:
			got = v.text
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

func TestExpressionsNotRead(t *testing.T) {
	for _, c := range []struct {
		at         place
		text, want string
	}{
		{inWhere, `value > 3`, "unknown name value"},
		{inWhere, `event.nam == "click"`, "event.nam"},
		{inWhere, `event.rank = 3`, `unexpected '='`},
		{inWhere, `1 < event.rank < 3`, "chained"},
		{inWhere, `event.name matches "a.*"`, `unexpected "matches"`},
		{inWhere, `features["a"] > 3`, "unknown name features.a"},
		{inWhere, `event.rank == 0x10`, `unexpected "x10"`},
		{inWhere, `event.name == "a`, "not closed"},
		{inWhere, `event.name == "\u0041"`, "escape"},
		{inWhere, `(true`, `")" is wanted`},
		{inWhere, `true)`, `unexpected ")"`},
		{inWhere, ``, "a value is wanted"},
		{inWhere, strings.Repeat("(", 600), "nested"},
		{inWhere, strings.Repeat("!", 600) + "true", "nested"},
		{inDerived, `event.value`, "unknown name event.value"},
		{inDerived, `a ** 2`, `unexpected "**"`},
		{inDerived, `cross(a, b)`, "function cross"},
		{inDerived, `ratio(a)`, "1 arguments"},
		{inDerived, `bucketize(a, [b])`, "bounds"},
		{inDerived, `item.published_ms`, "published_ms"},
		{inDerived, `item?.price`, `unexpected "?."`},
	} {
		if _, err := parseExpression(c.text, c.at); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s: %v, want %q", c.text, err, c.want)
		}
	}
}

func FuzzExpression(f *testing.F) {
	f.Add(`!(event.value ?? 1 > 3) && item["a"] not in [1, "b", true] || -2 * ctx.x < nil`)
	f.Add(`a > 1 ? bucketize(b, [1, 2]) : hour(features["c d"])`)
	f.Add("`a` + 1_000.5e-3")
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := json.Marshal(text)
		if err != nil {
			return
		}
		for _, definition := range []string{`{"name":"f","key":["global"],"agg":"count","where":` + string(raw) + `}`, `{"name":"f","expr":` + string(raw) + `}`} {
			parsed, err := parseFeature(json.RawMessage(definition))
			if err != nil || parsed.unchecked != "" {
				continue
			}
			s := shoeScope(t)
			if parsed.where != nil {
				_, err = parsed.where.decide(s)
			} else if parsed.derived != nil {
				var v result
				if v, err = parsed.derived.derive(s); v.number-v.number != 0 {
					t.Errorf("%q is %v", text, v)
				}
			}
			if err != nil && err.Error() == "" {
				t.Errorf("%q: undecided without a reason", text)
			}
		}
	})
}
