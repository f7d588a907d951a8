package codec

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
)

// noon is the time of receipt in these tests, 2026-11-20T12:00:00Z.
const noon = 1795176000000

func testRules() *Rules {
	return &Rules{Kinds: freshet.BuiltinEvents(), Now: noon, MaxFuture: freshet.Minute}
}

// found lists problems as "code pointer".
func found(problems []Problem) []string {
	list := []string{}
	for _, p := range problems {
		list = append(list, strings.TrimSpace(p.Code+" "+p.Pointer))
	}
	return list
}

// with is a good event with more members.
func with(members string) string {
	return `{"user_id":"u","item_id":"i","event":"click",` + members + `}`
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return b.String()[1:]
}

func TestEventProblems(t *testing.T) {
	long := strings.Repeat("x", MaxTextBytes+1)
	for _, c := range []struct {
		name, raw string
		want      []string // code, or code and pointer
	}{
		{"four fields", with(`"ts":1700000000`), nil},
		{"no ts", with(`"value":1`), nil},
		{"white space", "\t{ \"user_id\" :\r\n\"u\" , \"event\":\"page\" } \n", nil},
		{"null is absent", with(`"ts":null,"rank":null,"context":null,"session_id":null,"event_id":null,"value":null,"query":null`), nil},
		{"escaped key", `{"\u0075ser_id":"u","event":"page"}`, nil},

		{"empty", ``, []string{"malformed"}},
		{"blank", "  ", []string{"malformed"}},
		{"null", `null`, []string{"malformed"}},
		{"array", `[]`, []string{"malformed"}},
		{"cut", `{"user_id":"u"`, []string{"malformed"}},
		{"cut after colon", `{"user_id":`, []string{"malformed"}},
		{"cut in string", `{"user_id":"u`, []string{"malformed"}},
		{"cut in escape", `{"user_id":"\`, []string{"malformed"}},
		{"cut in literal", `{"user_id":nul`, []string{"malformed"}},
		{"two documents", with(`"ts":1`) + `{}`, []string{"malformed"}},
		{"trailing byte", with(`"ts":1`) + `x`, []string{"malformed"}},
		{"trailing NUL", with(`"ts":1`) + "\x00", []string{"malformed"}},
		{"byte order mark", "\ufeff" + with(`"ts":1`), []string{"malformed"}},
		{"trailing comma", `{"user_id":"u",}`, []string{"malformed"}},
		{"bare word", with(`"value":nan`), []string{"malformed"}},
		{"half a NaN", with(`"value":NaX`), []string{"malformed"}},
		{"malformed hides the rest", `{"user_id":"","event":7,]`, []string{"malformed"}},

		{"nothing", `{}`, []string{"missing:user_id", "missing:event", "missing:item_id"}},
		{"no identity", `{"item_id":"i","event":"click"}`, []string{"missing:user_id"}},
		{"null identity", `{"user_id":null,"item_id":"i","event":"click"}`, []string{"missing:user_id"}},
		{"anonymous", `{"anonymous_id":"a","item_id":"i","event":"click"}`, nil},
		{"session", `{"session_id":"s","item_id":"i","event":"click"}`, nil},
		{"no item", `{"user_id":"u","event":"click"}`, []string{"missing:item_id"}},
		{"no item, context", `{"user_id":"u","event":"search","query":"tea"}`, nil},
		{"no item, unknown name", `{"user_id":"u","event":"wave"}`, nil},
		{"no item, bad name", `{"user_id":"u","event":""}`, []string{"bad_id /event"}},

		{"duplicate", with(`"user_id":"u"`), []string{"duplicate_field /user_id"}},
		{"duplicate of null", `{"user_id":null,"user_id":"u","event":"page"}`, []string{"duplicate_field /user_id"}},
		{"duplicate by escape", with(`"user\u005fid":"u"`), []string{"duplicate_field /user_id"}},
		{"duplicate in context", with(`"context":{"a":{"b":1,"b":2},"a":3}`), []string{"duplicate_field /context/a/b", "duplicate_field /context/a"}},
		{"duplicate of a bad value", with(`"context":{"a":NaN,"a":1}`), []string{"bad_number /context/a", "duplicate_field /context/a"}},
		{"unknown", with(`"User_ID":"v"`), []string{"unknown_field /User_ID"}},
		{"unknown, odd key", with(`"a/b~c":1`), []string{"unknown_field /a~1b~0c"}},
		{"unknown, empty key", with(`"":1`), []string{"unknown_field /"}},
		{"events inside an event", with(`"events":[]`), []string{"unknown_field /events"}},

		{"empty id", `{"user_id":"","event":"page"}`, []string{"bad_id /user_id"}},
		{"blank id", with(`"session_id":" "`), []string{"bad_id /session_id"}},
		{"long id", with(`"event_id":"` + strings.Repeat("x", 257) + `"`), []string{"bad_id /event_id"}},
		{"longest id", with(`"event_id":"` + strings.Repeat("x", 256) + `"`), nil},
		{"10 KiB id", with(`"event_id":"` + strings.Repeat("x", 10<<10) + `"`), []string{"bad_id /event_id"}},
		{"id of 256 bytes in longer escapes", with(`"event_id":"` + strings.Repeat(`\u0041`, 256) + `"`), nil},
		{"newline in id", with(`"request_id":"a\nb"`), []string{"bad_id /request_id"}},
		{"ANSI in id", with(`"anonymous_id":"\u001b[31m"`), []string{"bad_id /anonymous_id"}},
		{"DEL in id", with("\"anonymous_id\":\"a\x7f\""), []string{"bad_id /anonymous_id"}},
		{"C1 in id", with("\"anonymous_id\":\"a\u0085\""), []string{"bad_id /anonymous_id"}},
		{"paths and globs in id", with(`"anonymous_id":"../{tag}*?/ é"`), nil},
		{"control in event name", `{"user_id":"u","item_id":"i","event":"cli\tck"}`, []string{"bad_id /event"}},
		{"escaped NUL in id", `{"user_id":"a\u0000","event":"page"}`, []string{"bad_text /user_id"}},
		{"escaped NUL in text", with(`"query":"a\u0000"`), nil},
		{"raw NUL in id", "{\"user_id\":\"a\x00\",\"event\":\"page\"}", []string{"bad_text /user_id"}},
		{"raw newline", with("\"query\":\"a\nb\""), []string{"bad_text /query"}},
		{"invalid UTF-8", with("\"query\":\"\xff\""), []string{"bad_text /query"}},
		{"overlong UTF-8", with("\"query\":\"\xc0\xaf\""), []string{"bad_text /query"}},
		{"surrogate as UTF-8", with("\"query\":\"\xed\xa0\x80\""), []string{"bad_text /query"}},
		{"high surrogate", with(`"query":"\ud800"`), []string{"bad_text /query"}},
		{"low surrogate", with(`"query":"\udc00"`), []string{"bad_text /query"}},
		{"two high surrogates", with(`"query":"\ud83d\ud83d"`), []string{"bad_text /query"}},
		{"surrogate pair", with(`"query":"\ud83d\ude00"`), nil},
		{"unknown escape", with(`"query":"\x41"`), []string{"bad_text /query"}},
		{"short escape at the end", with(`"query":"\u00"`), []string{"bad_text /query"}},
		{"bad text in key", with("\"\xff\":1"), []string{"bad_text"}},
		{"bad text in context", with(`"context":{"a":["x","\ud800"]}`), []string{"bad_text /context/a/1"}},
		{"bad text in context key", with(`"context":{"\ud800":1}`), []string{"bad_text /context"}},
		{"bad text in unknown", with(`"x":["\ud800"]`), []string{"unknown_field /x", "bad_text /x"}},
		{"bad text where a number belongs", with("\"rank\":\"\xff\""), []string{"type:rank /rank", "bad_text /rank"}},

		{"number for id", `{"user_id":7,"event":"page"}`, []string{"type:user_id /user_id"}},
		{"bool for name", `{"user_id":"u","event":true}`, []string{"type:event /event"}},
		{"object for id", with(`"session_id":{"a":1}`), []string{"type:session_id /session_id"}},
		{"text for number", with(`"value":"12"`), []string{"type:value /value"}},
		{"text for rank", with(`"rank":"1"`), []string{"type:rank /rank"}},
		{"array for context", with(`"context":[]`), []string{"type:context /context"}},
		{"text for context", with(`"context":"{}"`), []string{"type:context /context"}},
		{"number for query", with(`"query":1`), []string{"type:query /query"}},
		{"bool for ts", with(`"ts":true`), []string{"type:ts /ts"}},
		{"object for ts", with(`"ts":{}`), []string{"type:ts /ts"}},

		{"NaN", with(`"value":NaN`), []string{"bad_number /value"}},
		{"Infinity", with(`"value":Infinity`), []string{"bad_number /value"}},
		{"-Infinity", with(`"value":-Infinity`), []string{"bad_number /value"}},
		{"NaN for id", with(`"session_id":NaN`), []string{"bad_number /session_id"}},
		{"NaN for ts", with(`"ts":NaN`), []string{"bad_number /ts"}},
		{"NaN in context", with(`"context":{"a":[0,NaN]}`), []string{"bad_number /context/a/1"}},
		{"NaN in unknown", with(`"x":{"a":NaN}`), []string{"unknown_field /x", "bad_number /x"}},
		{"1e999", with(`"value":1e999`), []string{"bad_number /value"}},
		{"1e999 for ts", with(`"ts":1e999`), []string{"bad_number /ts"}},
		{"1e999 in context", with(`"context":{"a":1e999}`), []string{"bad_number /context/a"}},
		{"leading zero", with(`"value":01`), []string{"bad_number /value"}},
		{"plus", with(`"value":+1`), []string{"bad_number /value"}},
		{"no fraction", with(`"value":1.`), []string{"bad_number /value"}},
		{"no whole part", with(`"value":.5`), []string{"bad_number /value"}},
		{"only a minus", with(`"value":-`), []string{"bad_number /value"}},
		{"no exponent", with(`"value":1e`), []string{"bad_number /value"}},
		{"64 digits", with(`"context":{"a":` + strings.Repeat("1", 64) + `}`), nil},
		{"65 digits", with(`"context":{"a":` + strings.Repeat("1", 65) + `}`), []string{"bad_number /context/a"}},
		{"10000 digits", with(`"value":` + strings.Repeat("1", 10000)), []string{"bad_number /value"}},
		{"2^53+1", with(`"value":9007199254740993`), []string{"out_of_range /value"}},
		{"2^63", with(`"value":9223372036854775808`), []string{"out_of_range /value"}},
		{"largest value", with(`"value":1e12`), nil},
		{"over the largest value", with(`"value":1000000000001`), []string{"out_of_range /value"}},
		{"under the least value", with(`"value":-1000000000001`), []string{"out_of_range /value"}},
		{"rank 2.0", with(`"rank":2.0`), nil},
		{"rank 20e-1", with(`"rank":20e-1`), nil},
		{"rank 2.5", with(`"rank":2.5`), []string{"out_of_range /rank"}},
		{"rank nearly 2", with(`"rank":2.0000000000000000001`), []string{"out_of_range /rank"}},
		{"rank 0", with(`"rank":0`), []string{"out_of_range /rank"}},
		{"rank -1", with(`"rank":-1`), []string{"out_of_range /rank"}},
		{"rank 1000000", with(`"rank":1000000`), nil},
		{"rank 1000001", with(`"rank":1000001`), []string{"out_of_range /rank"}},
		{"rank 2^64+1", with(`"rank":18446744073709551617`), []string{"out_of_range /rank"}},

		{"ts with fraction", with(`"ts":1700000000.5`), []string{"bad_time /ts"}},
		{"ts with exponent", with(`"ts":17e8`), []string{"bad_time /ts"}},
		{"ts as digits in text", with(`"ts":"1700000000"`), []string{"bad_time /ts"}},
		{"ts empty", with(`"ts":""`), []string{"bad_time /ts"}},
		{"ts 0", with(`"ts":0`), []string{"too_old /ts"}},
		{"ts negative", with(`"ts":-1`), []string{"too_old /ts"}},
		{"ts in year -1000", with(`"ts":-99999999999`), []string{"bad_time /ts"}},
		{"ts first accepted", with(`"ts":"1990-01-01T00:00:00Z"`), nil},
		{"ts 1 ms before", with(`"ts":"1989-12-31T23:59:59.999Z"`), []string{"too_old /ts"}},
		{"ts at the edge of the future", with(fmt.Sprintf(`"ts":%d`, noon+60_000)), nil},
		{"ts 1 ms beyond", with(fmt.Sprintf(`"ts":%d`, noon+60_001)), []string{"in_future /ts"}},
		{"ts in microseconds", with(`"ts":1700000000000000`), []string{"bad_time /ts"}},
		{"ts in nanoseconds", with(`"ts":1700000000000000000`), []string{"bad_time /ts"}},
		{"ts of 20 digits", with(`"ts":17000000000000000000`), []string{"bad_time /ts"}},
		{"ts with a bad escape", with(`"ts":"\q"`), []string{"bad_text /ts"}},
		{"ts too long", with(`"ts":"` + long + `"`), []string{"too_long /ts"}},

		{"depth 32", with(`"context":{"a":` + nested(30) + `}`), nil},
		{"depth 33", with(`"context":{"a":` + nested(31) + `}`), []string{"too_deep /context/a" + strings.Repeat("/0", 30)}},
		{"depth 33 in unknown", with(`"x":` + nested(32)), []string{"unknown_field /x", "too_deep /x"}},
		{"10^5 nested arrays", with(`"context":{"a":` + nested(100_000) + `}`), []string{"too_deep /context/a" + strings.Repeat("/0", 30)}},
		{"256 fields", with(`"context":{` + manyFields(252) + `}`), nil},
		{"257 fields", with(`"context":{` + manyFields(253) + `}`), []string{"too_many_fields"}},
		{"257 fields, none of them ours", `{` + manyFields(257) + `}`, slices.Repeat([]string{"unknown_field"}, 16)},
		{"257 fields inside an unknown one", with(`"x":{` + manyFields(257) + `}`), []string{"unknown_field /x", "too_many_fields"}},
		{"string at the limit", with(`"query":"` + long[1:] + `"`), nil},
		{"string over the limit", with(`"query":"` + long + `"`), []string{"too_long /query"}},
		{"escaped string at the limit", with(`"query":"` + strings.Repeat(`\n`, MaxTextBytes) + `"`), nil},
		{"id over the limit of strings", with(`"session_id":"` + long + `"`), []string{"too_long /session_id"}},
		{"context string over the limit", with(`"context":{"a":"` + long + `"}`), []string{"too_long /context/a"}},
		{"key over the limit", with(`"context":{"` + long + `":1}`), []string{"too_long /context"}},
		{"unknown string over the limit", with(`"x":["` + long + `"]`), []string{"unknown_field /x", "too_long /x"}},
		{"array at the limit", with(`"context":{"a":[0` + strings.Repeat(`,0`, MaxElements-1) + `]}`), nil},
		{"array over the limit", with(`"context":{"a":[0` + strings.Repeat(`,0`, MaxElements) + `]}`), []string{"too_long /context/a/4096"}},

		{"all at once", `{"user_id":"","event":"click","rank":0,"value":"1","ts":"x","foo":1}`,
			[]string{"bad_id /user_id", "out_of_range /rank", "type:value /value", "bad_time /ts", "unknown_field /foo", "missing:item_id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, problems := DecodeEvent([]byte(c.raw), testRules())
			got := found(problems)
			for i := range c.want { // a code alone matches any pointer
				if i < len(got) && !strings.Contains(c.want[i], " ") {
					got[i], _, _ = strings.Cut(got[i], " ")
				}
			}
			if !slices.Equal(got, slices.Concat([]string{}, c.want)) {
				t.Fatalf("problems are %q, want %q: %+v", got, c.want, problems)
			}
			if len(problems) > 0 && !reflect.DeepEqual(e, freshet.Event{}) {
				t.Errorf("a refused event is returned: %+v", e)
			}
			for _, p := range problems {
				if p.Message == "" || len(p.Message) > 512 || strings.ContainsFunc(p.Message, func(r rune) bool { return r < ' ' }) {
					t.Errorf("message %q is empty, long or not printable", p.Message)
				}
			}
		})
	}
}

func TestEventFields(t *testing.T) {
	raw := `{"event_id":"e","user_id":"ü","anonymous_id":"a\/b","session_id":"s 1","item_id":"\u0069","event":"like",
		"ts":"2026-11-20T15:04:09.300+08:00","value":-0,"request_id":"r","rank":7,"query":"a\u0000\ud83d\ude00\t\"",
		"context":{"n":1.50,"big":9007199254740993,"t":true,"f":false,"z":null,"s":"x","l":[],"o":{},"d":[{"a":[1,"2"]}]}}`
	got, problems := DecodeEvent([]byte(raw), testRules())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := freshet.Event{ID: "e", User: "ü", Anonymous: "a/b", Session: "s 1", Item: "i", Name: "like",
		Time: 1795158249300, Value: 0, HasValue: true, Request: "r", Rank: 7, Query: "a\x00😀\t\"",
		Context: map[string]any{"n": json.Number("1.50"), "big": json.Number("9007199254740993"), "t": true, "f": false, "z": nil,
			"s": "x", "l": []any{}, "o": map[string]any{}, "d": []any{map[string]any{"a": []any{json.Number("1"), "2"}}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEventTime(t *testing.T) {
	for _, c := range []struct {
		name, member string
		want         int64
		unset        bool
	}{
		{"absent", `"value":1`, noon, true},
		{"null", `"ts":null`, noon, true},
		{"seconds", `"ts":1700000000`, 1700000000000, false},
		{"milliseconds", `"ts":1700000000123`, 1700000000123, false},
		{"text", `"ts":"2023-11-14t22:13:20.1239z"`, 1700000000123, false},
		{"most distant seconds are future", `"ts":` + fmt.Sprint(noon/1000+60), noon + 60_000, false},
	} {
		e, problems := DecodeEvent([]byte(with(c.member)), testRules())
		if len(problems) > 0 || e.Time != c.want || e.TimeUnset != c.unset {
			t.Errorf("%s: time %d unset %v, want %d %v; %v", c.name, e.Time, e.TimeUnset, c.want, c.unset, problems)
		}
	}
}

func TestMaxFuture(t *testing.T) {
	year3000 := with(`"ts":"3000-01-01T00:00:00Z"`)
	for _, c := range []struct {
		name string
		max  freshet.Duration
		raw  string
		want []string
	}{
		{"none", 0, with(fmt.Sprintf(`"ts":%d`, noon)), []string{}},
		{"none, 1 ms after", 0, with(fmt.Sprintf(`"ts":%d`, noon+1)), []string{"in_future /ts"}},
		{"a day", freshet.Day, year3000, []string{"in_future /ts"}},
		{"no overflow", 1<<63 - 1, year3000, []string{}},
	} {
		rules := testRules()
		rules.MaxFuture = c.max
		if _, problems := DecodeEvent([]byte(c.raw), rules); !slices.Equal(found(problems), c.want) {
			t.Errorf("%s: %v, want %v", c.name, problems, c.want)
		}
	}
}

func TestStrictNames(t *testing.T) {
	rules := testRules()
	rules.Strict = true
	raw := []byte(`{"user_id":"u","event":"clik"}`)
	_, problems := DecodeEvent(raw, rules)
	if len(problems) != 1 || problems[0].Code != CodeBadEvent || problems[0].Pointer != "/event" || problems[0].Hint != `did you mean "click"?` {
		t.Errorf("problems are %+v", problems)
	}
	rules.Strict = false
	if _, problems := DecodeEvent(raw, rules); len(problems) > 0 {
		t.Errorf("not strict: %+v", problems)
	}
}

func TestHints(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"case", with(`"User_ID":1`), "did you mean user_id?"},
		{"camel case", with(`"sessionId":1`), "did you mean session_id?"},
		{"typing error", with(`"contxet":1`), "did you mean context?"},
		{"shortened", with(`"req":1`), "did you mean request_id?"},
		{"other system", with(`"timestamp":1`), "did you mean ts?"},
		{"nothing near", with(`"colour":1`), "free data goes in context"},
		{"microseconds", with(`"ts":1700000000000000`), "looks like microseconds; divide by 1000"},
		{"nanoseconds", with(`"ts":1700000000000000000`), "looks like nanoseconds; divide by 1000000"},
	} {
		_, problems := DecodeEvent([]byte(c.raw), testRules())
		if len(problems) != 1 || problems[0].Hint != c.want {
			t.Errorf("%s: %+v, want hint %q", c.name, problems, c.want)
		}
	}
}

func TestMessages(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"time", with(`"ts":"31/02/2026"`), `ts: "31/02/2026" is not a time`},
		{"type", with(`"context":{"a":1},"rank":"1"`), `rank: must be a number, this is a string`},
		{"shortened", with(`"session_id":"` + strings.Repeat("é", 300) + `"`),
			`session_id: "` + strings.Repeat("é", 32) + `"… is not an id: an id may have at most 256 bytes, this one has 600`},
		{"escaped", with(`"session_id":"a\u001b"`), `session_id: "a\x1b" is not an id: an id may not contain the control character U+001B`},
		{"number", with(`"context":{"a":{"b":[1,01]}}`), `context/a/b/1: 01 is not a JSON number`},
		{"offset", `{"user_id":"u","event" "page"}`, `expected ":" after a key, found "\"" at byte 23`},
		{"end", `{"user_id":"u"`, `expected "," or "}" after a member, found the end of the text at byte 14`},
	} {
		_, problems := DecodeEvent([]byte(c.raw), testRules())
		if len(problems) != 1 || problems[0].Message != c.want {
			t.Errorf("%s: %+v, want message %s", c.name, problems, c.want)
		}
	}
}

// An event's own id names it in its problems wherever it stands, unless it is a bad one.
func TestProblemEventID(t *testing.T) {
	for raw, want := range map[string]string{
		`{"event_id":"e1"}`: "e1",
		`{"rank":0,"user_id":"u","event":"page","event_id":"e2"}`: "e2",
		`{"event_id":"\n"}`: "",
	} {
		_, problems := DecodeEvent([]byte(raw), testRules())
		for _, p := range problems {
			if p.EventID != want || p.ItemID != "" {
				t.Errorf("%s: %+v, want event id %q", raw, p, want)
			}
		}
		if len(problems) == 0 {
			t.Errorf("%s: no problems", raw)
		}
	}
}

// A reply about a hostile document stays small.
func TestProblemSize(t *testing.T) {
	key := strings.Repeat("k", MaxTextBytes)
	raw := `{"context":` + strings.Repeat(`{"`+key+`":`, 30) + `NaN` + strings.Repeat("}", 31)
	_, problems := DecodeEvent([]byte(raw), testRules())
	text, err := json.Marshal(problems)
	if err != nil || len(text) > 4096 {
		t.Errorf("%d bytes of problems, %v", len(text), err)
	}
	if got := found(problems); !slices.Contains(got, "bad_number /context") {
		t.Errorf("problems are %q", got)
	}
}

// The short way through checkID agrees with the rule.
func TestIDShortCut(t *testing.T) {
	for b := range 256 {
		for _, id := range []string{string([]byte{byte(b)}), "a" + string([]byte{byte(b)}), strings.Repeat(string([]byte{byte(b)}), 257)} {
			raw := append(append([]byte(`{"event":"page","user_id":`), AppendText(nil, id)...), '}')
			e, problems := DecodeEvent(raw, testRules())
			good := freshet.CheckID(id) == nil
			if good != (len(problems) == 0) || good && string(e.User) != id {
				t.Errorf("id %q: %+v %v, CheckID says %v", id, e, problems, freshet.CheckID(id))
			}
		}
	}
}

func TestNegativeZeroIsZero(t *testing.T) {
	e, problems := DecodeEvent([]byte(`{"user_id":"u","item_id":"i","event":"click","value":-0,"context":{"a":-0,"b":[-0.0e3],"c":-1}}`), &Rules{Now: 1_700_000_000_000})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := string(AppendEvent(nil, &e)); strings.Contains(got, "-0") || !strings.Contains(got, `"c":-1`) {
		t.Errorf("stored as %s", got)
	}
}

// TestNothingIsReadBehindTooManyFields: what stands behind the last field that counts is only stepped
// over, also where the fields were all counted at once, as those of a value of no use are.
func TestNothingIsReadBehindTooManyFields(t *testing.T) {
	for _, before := range []string{`"x"`, `"context"`} {
		var raw strings.Builder
		raw.WriteString(`{"user_id":"u","item_id":"i",` + before + `:{`)
		for i := range MaxFields + 5 {
			fmt.Fprintf(&raw, `"k%d":0,`, i)
		}
		raw.WriteString(`"last":0},"event":7,"event":8,"rank":"first"}`)
		_, problems := DecodeEvent([]byte(raw.String()), testRules())
		many := 0
		for _, p := range problems {
			switch p.Code {
			case CodeManyFields:
				many++
			case CodeUnknown:
			default:
				t.Errorf("beside %s: %+v", before, p)
			}
		}
		if many != 1 {
			t.Errorf("beside %s: too many fields told %d times", before, many)
		}
	}
}
