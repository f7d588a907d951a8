package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/codec"
)

// badEvents are single events that are refused, and as what: code and the rest of the pointer.
var badEvents = []struct {
	name, raw string
	want      []string
}{
	{"E1 null", `null`, []string{"malformed"}},
	{"E1 a bare string", `"x"`, []string{"malformed"}},
	{"E1 an array", `[]`, []string{"malformed"}},
	{"E1 empty object", `{}`, []string{"missing:user_id", "missing:event", "missing:item_id"}},

	{"E3 invalid UTF-8", with("\"query\":\"\xff\""), []string{"bad_text /query"}},
	{"E3 lone surrogate", with(`"query":"\ud800"`), []string{"bad_text /query"}},
	{"E3 NUL in id", `{"user_id":"a\u0000","event":"click","item_id":"i"}`, []string{"bad_text /user_id"}},

	{"E4 duplicate key", with(`"user_id":"u"`), []string{"duplicate_field /user_id"}},
	{"E4 other case", with(`"User_ID":"u"`), []string{"unknown_field /User_ID"}},
	{"E5 unknown field", with(`"colour":"red"`), []string{"unknown_field /colour"}},

	{"E6 no user", `{"event":"click","item_id":"i"}`, []string{"missing:user_id"}},
	{"E6 no event", `{"user_id":"u","item_id":"i"}`, []string{"missing:event"}},
	{"E6 no item", `{"user_id":"u","event":"click"}`, []string{"missing:item_id"}},

	{"E7 empty id", `{"user_id":"","event":"click","item_id":"i"}`, []string{"bad_id /user_id"}},
	{"E7 10 KiB id", with(`"session_id":"` + strings.Repeat("x", 10<<10) + `"`), []string{"bad_id /session_id"}},
	{"E7 257 bytes", with(`"session_id":"` + strings.Repeat("x", 257) + `"`), []string{"bad_id /session_id"}},
	{"E7 whitespace", with(`"session_id":" \u00a0"`), []string{"bad_id /session_id"}},
	{"E7 newline", with(`"session_id":"a\nb"`), []string{"bad_id /session_id"}},
	{"E7 ANSI escape", with(`"session_id":"\u001b[31mred"`), []string{"bad_id /session_id"}},

	{"E8 NaN", with(`"value":NaN`), []string{"bad_number /value"}},
	{"E8 Infinity", with(`"value":-Infinity`), []string{"bad_number /value"}},
	{"E8 1e999", with(`"value":1e999`), []string{"bad_number /value"}},
	{"E8 10,000 digits", with(`"value":` + strings.Repeat("9", 10_000)), []string{"bad_number /value"}},

	{"E9 2^53+1", with(`"value":9007199254740993`), []string{"out_of_range /value"}},
	{"E9 2^63", with(`"rank":9223372036854775808`), []string{"out_of_range /rank"}},
	{"E9 minus one", with(`"rank":-1`), []string{"out_of_range /rank"}},
	{"E9 a fraction for an integer", with(`"rank":1.5`), []string{"out_of_range /rank"}},

	{"E10 day and month", with(`"ts":"31/02/2026"`), []string{"bad_time /ts"}},
	{"E10 date alone", with(`"ts":"2026-11-20"`), []string{"bad_time /ts"}},
	{"E10 no zone", with(`"ts":"2026-11-20T15:04:05"`), []string{"bad_time /ts"}},
	{"E10 no T", with(`"ts":"2026-11-20 15:04:05Z"`), []string{"bad_time /ts"}},
	{"E10 in words", with(`"ts":"20 Nov 2026"`), []string{"bad_time /ts"}},
	{"E10 a number in quotes", with(`"ts":"1795187045"`), []string{"bad_time /ts"}},
	{"E10 no such day", with(`"ts":"2026-02-31T00:00:00Z"`), []string{"bad_time /ts"}},
	{"E10 microseconds", with(`"ts":1795187045000000`), []string{"bad_time /ts"}},
	{"E10 nanoseconds", with(`"ts":1795187045000000000`), []string{"bad_time /ts"}},
	{"E10 zero", with(`"ts":0`), []string{"too_old /ts"}},
	{"E10 negative", with(`"ts":-5`), []string{"too_old /ts"}},
	{"E10 the last ms of 1989", with(`"ts":"1989-12-31T23:59:59.999Z"`), []string{"too_old /ts"}},
	{"E10 year 10000", with(`"ts":253402300800000`), []string{"bad_time /ts"}},
	{"E10 leap second", with(`"ts":"2016-12-31T23:59:60Z"`), []string{"bad_time /ts"}},
	{"E11 1 ms beyond the allowed future", with(fmt.Sprintf(`"ts":%d`, t0+60_001)), []string{"in_future /ts"}},

	{"E15 depth 33", with(`"context":{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`), []string{"too_deep /context/a" + strings.Repeat("/0", 30)}},
	{"E15 100,000 arrays", with(`"context":{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`), []string{"too_deep /context/a" + strings.Repeat("/0", 30)}},
	{"E15 257 fields", with(`"context":{` + fields(253) + `}`), []string{"too_many_fields"}},
	{"E15 17 KiB string", with(`"query":"` + strings.Repeat("x", 17<<10) + `"`), []string{"too_long /query"}},

	{"E21 value too large", with(`"value":1e308`), []string{"out_of_range /value"}},

	{"E22 text for a number", with(`"rank":"12"`), []string{"type:rank /rank"}},
	{"E22 number for a text", `{"user_id":12,"event":"click","item_id":"i"}`, []string{"type:user_id /user_id"}},
	{"E22 boolean for a time", with(`"ts":true`), []string{"type:ts /ts"}},
	{"E22 list for free data", with(`"context":[]`), []string{"type:context /context"}},
	{"all at once", `{"user_id":7,"event":"","rank":0,"colour":1}`, []string{"type:user_id /user_id", "bad_id /event", "out_of_range /rank", "unknown_field /colour"}},
}

// goodEvents are events that look odd and are not.
var goodEvents = []struct{ name, raw string }{
	{"E6 no item needed for context", `{"user_id":"u","event":"search","query":"tea"}`},
	{"E6 a name nobody configured is context", `{"user_id":"u","event":"wave"}`},
	{"E7 paths, tags and globs", with(`"session_id":"../{tag}*?/"`)},
	{"E7 256 bytes", with(`"session_id":"` + strings.Repeat("é", 128) + `"`)},
	{"E7 event name of 256 bytes", `{"user_id":"u","event":"` + strings.Repeat("x", 256) + `","item_id":"i"}`},
	{"E8 minus zero", with(`"value":-0`)},
	{"E9 2^53", with(`"value":-1e12`)},
	{"E9 a whole number with a fraction", with(`"rank":2.0`)},
	{"E11 at the edge of the future", with(fmt.Sprintf(`"ts":%d`, t0+60_000))},
	{"E11 1990", with(`"ts":"1990-01-01T00:00:00Z"`)},
	{"E15 depth 32", with(`"context":{"a":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`)},
	{"E15 256 fields", with(`"context":{` + fields(252) + `}`)},
	{"E15 16 KiB string", with(`"query":"` + strings.Repeat("x", 16<<10) + `"`)},
	{"null is absent", with(`"ts":null,"value":null,"rank":null,"context":null,"event_id":null`)},
}

// with is a good event with more members.
func with(members string) string {
	return `{"user_id":"u","event":"click","item_id":"i",` + members + `}`
}

func fields(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	return strings.Join(list, ",")
}

// forms are the ways to send two good events around a third: the body, its media type and
// what goes before the pointers into the third.
var forms = []struct {
	name, media, prefix string
	body                func(before, third, after string) string
}{
	{"envelope", "application/json", "/events/1", func(a, b, c string) string { return `{"events":[` + a + "," + b + "," + c + "]}" }},
	{"array", "application/json; charset=utf-8", "/1", func(a, b, c string) string { return "[" + a + ",\n" + b + "," + c + "]" }},
	{"lines", "application/x-ndjson", "", func(a, b, c string) string { return a + "\n\n" + b + "\r\n" + c }},
}

func TestBadEventsAreRefusedAndTheRestGoesIn(t *testing.T) {
	r := newRig(t, plan{})
	r.post(t, act("u", "click", "i", t0))
	n := 0
	good := func() string {
		n++
		return fmt.Sprintf(`{"event_id":"g-%d","user_id":"u","event":"click","item_id":"i"}`, n)
	}
	marks := r.stream.Watermarks()
	for _, c := range badEvents {
		for _, form := range forms {
			t.Run(c.name+", "+form.name, func(t *testing.T) {
				last := r.log.Last()
				got := r.do(t, "POST", "/v1/events", form.body(good(), c.raw, good()), "Content-Type", form.media)
				var out outcome
				got.want(t, http.StatusMultiStatus, &out)
				want := []string{}
				for _, w := range c.want {
					code, rest, _ := strings.Cut(w, " ")
					want = append(want, strings.TrimSpace(code+" "+form.prefix+rest))
				}
				if !slices.Equal(found(out.Errors), want) {
					t.Errorf("errors %q, want %q", found(out.Errors), want)
				}
				for _, f := range out.Errors {
					if f.Index != 1 || f.Message == "" || (form.name == "lines") != (f.Line == 3) {
						t.Errorf("error without its place or words: %+v", f)
					}
				}
				if out.Accepted != 2 || out.Refused != 1 || got.header.Get("Freshet-Refused") != "1" {
					t.Errorf("counts %+v, Freshet-Refused %q", out, got.header.Get("Freshet-Refused"))
				}
				if want := (last + 2).String(); out.Position != want || r.stream.Applied().String() != want {
					t.Errorf("position %s, applied %s, want %s: the good part is in", out.Position, r.stream.Applied(), want)
				}
			})
		}
		if c.raw[0] != '{' {
			continue
		}
		t.Run(c.name+", alone", func(t *testing.T) {
			last := r.log.Last()
			got := r.do(t, "POST", "/v1/events", c.raw)
			var p problemDoc
			got.want(t, http.StatusUnprocessableEntity, &p)
			if !slices.Equal(found(p.Errors), c.want) || p.Code != "validation" || p.Refused != 1 || p.Accepted != 0 || got.header.Get("Freshet-Refused") != "1" {
				t.Errorf("reply %s, want errors %q", got.body, c.want)
			}
			if r.log.Last() != last {
				t.Error("a refused event was journaled")
			}
		})
	}
	if got := r.stream.Watermarks(); !maps.Equal(got, marks) {
		t.Errorf("watermarks %v, before the bad times %v", got, marks)
	}
	balance(t, r.stream.Ledger())
}

func TestOddEventsThatAreGood(t *testing.T) {
	for _, c := range goodEvents {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, plan{})
			var out outcome
			r.do(t, "POST", "/v1/events", c.raw).want(t, http.StatusOK, &out)
			if want := (outcome{Accepted: 1, Position: "1", Errors: []faultDoc{}}); !reflect.DeepEqual(out, want) {
				t.Errorf("reply %+v, want %+v", out, want)
			}
		})
	}
}

func TestWholeBodies(t *testing.T) {
	r := newRig(t, plan{})
	one := act("u", "click", "i", t0)
	for _, c := range []struct {
		name, body string
		status     int
		code       string
		offset     int64
	}{
		{"E1 empty", "", 400, "malformed", 0},
		{"E1 null", "null", 400, "malformed", 0},
		{"E1 a bare string", `"click"`, 400, "malformed", 0},
		{"E1 a number", ` 12`, 400, "malformed", 1},
		{"E2 cut", `{"events":[` + one, 400, "malformed", int64(11 + len(one))},
		{"E2 two documents", one + one, 400, "malformed", int64(len(one))},
		{"E2 trailing bytes", one + " x", 400, "malformed", int64(len(one) + 1)},
		{"E2 byte order mark", "\ufeff" + one, 400, "malformed", 0},
		{"a field beside the list", `{"events":[],"atomic":true}`, 400, "unknown_field", 13},
		{"the list is no list", `{"events":{}}`, 400, "type:events", 1},
		{"E18 too many", "[" + strings.Repeat("1,", 100_000) + "1]", 413, "too_many", 200_001},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := r.log.Last()
			var p problemDoc
			r.do(t, "POST", "/v1/events", c.body).want(t, c.status, &p)
			if p.Code != c.code || p.Offset == nil || *p.Offset != c.offset {
				t.Errorf("problem %+v, want %s at byte %d", p, c.code, c.offset)
			}
			if r.log.Last() != last {
				t.Error("something of a malformed body was journaled")
			}
		})
	}
	for _, body := range []string{"[]", `{"events":[]}`} {
		var out outcome
		r.do(t, "POST", "/v1/events", body).want(t, 200, &out)
		if out.Accepted != 0 || out.Errors == nil {
			t.Errorf("%s: %+v", body, out)
		}
	}
}

func TestStrictNames(t *testing.T) {
	r := newRig(t, plan{strict: true})
	var out outcome
	r.do(t, "POST", "/v1/events", `[`+act("u", "clik", "i", t0)+`,`+act("u", "click", "i", t0)+`]`).want(t, 207, &out)
	if !slices.Equal(found(out.Errors), []string{"unknown_event /0/event"}) || !strings.Contains(out.Errors[0].Hint, `"click"`) {
		t.Errorf("errors %+v", out.Errors)
	}
}

func TestLateIsAcceptedAndCounted(t *testing.T) {
	r := newRig(t, plan{})
	r.post(t, act("u", "click", "i", t0))
	if out := r.post(t, act("u", "click", "edge", t0-3_600_000), act("u", "click", "late", t0-3_600_001)); out.Accepted != 2 || out.Late != 1 {
		t.Errorf("one at the edge of lateness and one beyond: %+v", out)
	}
	if l := r.stream.Ledger(); l.Late != 1 || l.Applied != 2 {
		t.Errorf("ledger %+v", l)
	}
}

func TestDuplicatesAndConflicts(t *testing.T) {
	keyed := func(id, user string) string {
		return fmt.Sprintf(`{"event_id":%q,"user_id":%q,"event":"click","item_id":"i","ts":%d}`, id, user, t0)
	}
	r := newRig(t, plan{})
	if out := r.post(t, keyed("a", "ada"), keyed("a", "ada")); out.Accepted != 1 || out.Duplicate != 1 {
		t.Errorf("E12: twice in one batch: %+v", out)
	}
	first := r.log.Last()
	if out := r.post(t, keyed("a", "ada")); out.Duplicate != 1 || out.Position != first.String() {
		t.Errorf("a retry: %+v, the event is at %s", out, first)
	}
	conflict := keyed("a", "bob")
	for _, c := range []struct {
		name, media, body string
		status            int
		want              faultDoc
	}{
		{"alone", "application/json", conflict, 422, faultDoc{Pointer: "/event_id"}},
		{"alone, with white space", "application/json", "\n " + conflict, 422, faultDoc{Pointer: "/event_id"}},
		{"in an envelope of one", "application/json", `{"events":[` + conflict + `]}`, 422, faultDoc{Pointer: "/events/0/event_id"}},
		{"in an envelope whose key is escaped", "application/json", `{"\u0065vents":[` + conflict + `]}`, 422, faultDoc{Pointer: "/events/0/event_id"}},
		{"in a deep envelope of one", "application/json",
			`{"events":[` + strings.TrimSuffix(conflict, "}") + `,"context":{"a":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}}]}`, 422, faultDoc{Pointer: "/events/0/event_id"}},
		{"in an envelope", "application/json", `{"events":[` + keyed("b", "bob") + "," + conflict + `]}`, 207, faultDoc{Index: 1, Pointer: "/events/1/event_id"}},
		{"in an array", "application/json", `[` + keyed("c", "bob") + "," + conflict + `]`, 207, faultDoc{Index: 1, Pointer: "/1/event_id"}},
		{"behind a refused one", "application/json", `[{},` + conflict + `,` + keyed("d", "bob") + `]`, 207, faultDoc{Index: 1, Pointer: "/1/event_id"}},
		{"in lines", "application/x-ndjson", keyed("e", "bob") + "\n\n" + conflict + "\n", 207, faultDoc{Index: 1, Pointer: "/event_id", Line: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p problemDoc
			got := r.do(t, "POST", "/v1/events", c.body, "Content-Type", c.media)
			got.want(t, c.status, &p)
			refused := 1
			if strings.Contains(c.body, "{}") {
				refused = 2
			}
			if p.Refused != refused || len(p.Errors) == 0 || got.header.Get("Freshet-Refused") != strconv.Itoa(refused) {
				t.Fatalf("reply %s", got.body)
			}
			f := p.Errors[len(p.Errors)-1]
			c.want.Code, c.want.EventID, c.want.Message, c.want.Hint = "id_conflict", "a", f.Message, f.Hint
			if f != c.want || f.Message == "" || f.Hint == "" {
				t.Errorf("error %+v, want %+v", f, c.want)
			}
		})
	}
	if out := r.post(t, keyed("a", "ada")); out.Duplicate != 1 {
		t.Errorf("what came first does not stand: %+v", out)
	}
	balance(t, r.stream.Ledger())
}

// TestManyConflicts is about cost: what is said of the conflicts of a batch is bounded, and so
// is the work to say it.
func TestManyConflicts(t *testing.T) {
	const n = 20_000
	batch := func(user string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"event_id":"e-%d","user_id":%q,"event":"page"}`, i, user))
		}
		return `{"events":[` + strings.Join(list, ",") + `]}`
	}
	r := newRig(t, plan{})
	var out outcome
	r.do(t, "POST", "/v1/events", batch("ada")).want(t, 200, &out)
	var p problemDoc
	r.do(t, "POST", "/v1/events", batch("bob")).want(t, 422, &p)
	if out.Accepted != n || p.Refused != n || len(p.Errors) != codec.MaxProblems || p.Errors[999].Pointer != "/events/999/event_id" {
		t.Errorf("accepted %d, refused %d, %d errors", out.Accepted, p.Refused, len(p.Errors))
	}
	balance(t, r.stream.Ledger())
}

func TestManyBadEvents(t *testing.T) {
	r := newRig(t, plan{})
	var out outcome
	r.do(t, "POST", "/v1/events", "["+strings.Repeat("{},", 5000)+act("u", "click", "i", t0)+"]").want(t, 207, &out)
	if out.Refused != 5000 || out.Accepted != 1 || len(out.Errors) != codec.MaxProblems {
		t.Errorf("accepted %d, refused %d, %d errors", out.Accepted, out.Refused, len(out.Errors))
	}
}

func TestValidateOnly(t *testing.T) {
	r := newRig(t, plan{})
	body := `[` + act("u", "click", "i", t0) + `,{}]`
	var out outcome
	r.do(t, "POST", "/v1/events?validate_only=true", body).want(t, 207, &out)
	if out.Accepted != 1 || out.Refused != 1 || out.Position != "" {
		t.Errorf("validation: %+v", out)
	}
	for _, query := range []string{"validate_only=1", "validate_only=True", "validate_only=", "validate_only=true&validate_only=false", "validate_only=true;x=1", "%zz", "atomic=true", "validate_only=true&x=1"} {
		got := r.do(t, "POST", "/v1/events?"+query, body)
		if got.status != 422 && got.status != 400 {
			t.Errorf("?%s: status %d: it may mean that nothing is to be stored", query, got.status)
		}
	}
	if r.log.Last() != 0 || r.stream.Ledger().Received != 0 {
		t.Errorf("validation left %s records, ledger %+v", r.log.Last(), r.stream.Ledger())
	}
	r.do(t, "POST", "/v1/events?validate_only=false", act("u", "click", "i", t0)).want(t, 200, &out)
	if r.log.Last() != 1 {
		t.Error("validate_only=false stored nothing")
	}
}
