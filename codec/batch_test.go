package codec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestEventForms(t *testing.T) {
	good := func(user string) string { return `{"user_id":"` + user + `","item_id":"i","event":"click"}` }
	a, b, bad := good("a"), good("b"), `{"user_id":"c","item_id":"i","event":"click","rank":0}`
	for _, c := range []struct {
		name, body string
		form       Form
		index      []int    // of the good ones
		refused    int      //
		problems   []string // code, pointer, @index, :line
	}{
		{"one object", a, JSON, []int{0}, 0, nil},
		{"one bad object", bad, JSON, nil, 1, []string{"out_of_range /rank @0"}},
		{"empty object", `{}`, JSON, nil, 1, []string{"missing:user_id  @0", "missing:event  @0", "missing:item_id  @0"}},
		{"array", `[` + a + `,` + b + `]`, JSON, []int{0, 1}, 0, nil},
		{"empty array", ` [ ] `, JSON, nil, 0, nil},
		{"envelope", `{"events":[` + a + `,` + b + `]}`, JSON, []int{0, 1}, 0, nil},
		{"envelope by escape", `{"event\u0073":[` + a + `]}`, JSON, []int{0}, 0, nil},
		{"empty envelope", `{"events":[]}`, JSON, nil, 0, nil},
		{"bad in the middle of an array", `[` + a + `,` + bad + `,` + b + `]`, JSON, []int{0, 2}, 1, []string{"out_of_range /1/rank @1"}},
		{"bad in the middle of an envelope", `{"events":[` + a + `,` + bad + `,` + b + `]}`, JSON, []int{0, 2}, 1, []string{"out_of_range /events/1/rank @1"}},
		{"elements that are no objects", `[1,` + a + `,null,[{"x":1}],"s",` + b + `,true]`, JSON, []int{1, 5}, 5,
			[]string{"malformed /0 @0", "malformed /2 @2", "malformed /3 @3", "malformed /4 @4", "malformed /6 @6"}},
		{"elements that are faulty", "[NaN,\"\xff\"," + a + "]", JSON, []int{2}, 2,
			[]string{"malformed /0 @0", "bad_number /0 @0", "malformed /1 @1", "bad_text /1 @1"}},
		{"nested beyond measure", `[` + nested(100_000) + `,` + a + `]`, JSON, []int{1}, 1, []string{"malformed /0 @0", "too_deep /0 @0"}},
		{"events behind event fields", `{"user_id":"a","event":"page","events":[1]}`, JSON, nil, 1, []string{"unknown_field /events @0"}},
		{"events before event fields", `{"events":[1,{}],"user_id":"a","event":"page"}`, JSON, nil, 1, []string{"unknown_field /events @0"}},
		{"unknown and event fields", `{"x":[{}],"user_id":"a","event":"page"}`, JSON, nil, 1, []string{"unknown_field /x @0"}},
		{"only unknown fields", `{"event_list":[]}`, JSON, nil, 1,
			[]string{"unknown_field /event_list @0", "missing:user_id  @0", "missing:event  @0", "missing:item_id  @0"}},

		{"lines", a + "\n" + b + "\n", NDJSON, []int{0, 1}, 0, nil},
		{"last line without end", a + "\n" + b, NDJSON, []int{0, 1}, 0, nil},
		{"CRLF and blank lines", a + "\r\n\r\n \t\n" + b + "\r\n\n", NDJSON, []int{0, 1}, 0, nil},
		{"only blank lines", "\n \n", NDJSON, nil, 0, nil},
		{"bad lines", a + "\n\n" + bad + "\n[" + a + "]\nnull\n{\"user_id\":\n" + a + a + "\n" + b + "\n\ufeff" + b, NDJSON, []int{0, 6}, 6,
			[]string{"out_of_range /rank @1:3", "malformed  @2:4", "malformed  @3:5", "malformed  @4:6", "malformed  @5:7", "malformed  @7:9"}},
		{"NUL line", a + "\n\x00\n" + b, NDJSON, []int{0, 2}, 1, []string{"malformed  @1:2"}},
		{"envelope on a line", `{"events":[]}`, NDJSON, nil, 1,
			[]string{"unknown_field /events @0:1", "missing:user_id  @0:1", "missing:event  @0:1", "missing:item_id  @0:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeEvents([]byte(c.body), c.form, testRules())
			if err != nil {
				t.Fatal(err)
			}
			var problems []string
			for _, p := range got.Problems {
				s := fmt.Sprintf("%s %s @%d", p.Code, p.Pointer, p.Index)
				if p.Line > 0 {
					s += fmt.Sprintf(":%d", p.Line)
				}
				problems = append(problems, s)
			}
			if !slices.Equal(got.Index, c.index) || got.Refused != c.refused || !slices.Equal(problems, c.problems) {
				t.Errorf("good %v refused %d problems %q, want %v %d %q", got.Index, got.Refused, problems, c.index, c.refused, c.problems)
			}
			if len(got.List) != len(got.Index) || got.Received != len(got.List)+got.Refused {
				t.Errorf("%d good at %d places, %d received", len(got.List), len(got.Index), got.Received)
			}
			for _, e := range got.List {
				if e.User != "a" && e.User != "b" || e.Item != "i" || e.Name != "click" || e.Rank != 0 {
					t.Errorf("a good event changed: %+v", e)
				}
			}
		})
	}
}

func TestMalformedBodies(t *testing.T) {
	for _, c := range []struct {
		name, body string
		form       Form
		code       string
		offset     int64
	}{
		{"empty", "", JSON, CodeMalformed, 0},
		{"empty lines form", "", NDJSON, CodeMalformed, 0},
		{"blank", " \n", JSON, CodeMalformed, 2},
		{"null", "null", JSON, CodeMalformed, 0},
		{"string", ` "x"`, JSON, CodeMalformed, 1},
		{"number", "12", JSON, CodeMalformed, 0},
		{"NaN", "NaN", JSON, CodeMalformed, 0},
		{"byte order mark", "\ufeff[]", JSON, CodeMalformed, 0},
		{"byte order mark before lines", "\ufeff{}", NDJSON, CodeMalformed, 0},
		{"cut array", `[{}`, JSON, CodeMalformed, 3},
		{"cut element", `[{"user_id":"u`, JSON, CodeMalformed, 14},
		{"cut envelope", `{"events":[{}]`, JSON, CodeMalformed, 14},
		{"cut envelope key", `{"events"`, JSON, CodeMalformed, 9},
		{"two documents", `[] []`, JSON, CodeMalformed, 3},
		{"two objects", "{}\n{}", JSON, CodeMalformed, 3},
		{"trailing byte", `{"events":[]}x`, JSON, CodeMalformed, 13},
		{"trailing NUL", "[]\x00", JSON, CodeMalformed, 2},
		{"trailing comma", `[{},]`, JSON, CodeMalformed, 4},
		{"missing comma", `[{}{}]`, JSON, CodeMalformed, 3},
		{"wrong bracket", `[{]`, JSON, CodeMalformed, 2},
		{"wrong bracket in a skipped value", `[{"x":[}]}]`, JSON, CodeMalformed, 7},
		{"wrong bracket in context", `[{"context":{"a":[1}}]`, JSON, CodeMalformed, 19},
		{"misspelt literal", `[{"context":{"a":tru}}]`, JSON, CodeMalformed, 20},
		{"single quotes", `[{'user_id':"u"}]`, JSON, CodeMalformed, 2},
		{"comment", `[/**/]`, JSON, CodeMalformed, 1},
		{"unknown beside events", `{"events":[],"sent_at":1}`, JSON, CodeUnknown, 13},
		{"unknown before events", `{"sent_at":{"a":[1]}, "events":[]}`, JSON, CodeUnknown, 1},
		{"events twice", `{"events":[],"events":[]}`, JSON, CodeDuplicate, 13},
		{"events null", `{"events":null}`, JSON, "type:events", 1},
		{"events object", `{"events":{}}`, JSON, "type:events", 1},
		{"too many", `[` + strings.Repeat(`1,`, 5) + `1]`, JSON, CodeTooMany, 11},
		{"too many in an envelope", `{"events":[1,1,1,1,1,1]}`, JSON, CodeTooMany, 21},
		{"too many, and garbage never read", `[1,1,1,1,1,1,]]`, JSON, CodeTooMany, 11},
		{"too many lines", "1\n1\n\n1\n1\n1\n 1", NDJSON, CodeTooMany, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := testRules()
			rules.MaxEvents = 5
			got, err := DecodeEvents([]byte(c.body), c.form, rules)
			var m *Malformed
			if !errors.As(err, &m) {
				t.Fatalf("error is %v", err)
			}
			if m.Code != c.code || m.Offset != c.offset || m.Message == "" {
				t.Errorf("%s at %d: %s; want %s at %d", m.Code, m.Offset, m.Message, c.code, c.offset)
			}
			if got.Received != 0 || got.List != nil || got.Problems != nil {
				t.Errorf("something of it was taken: %+v", got)
			}
		})
	}
}

// Every prefix of a body is malformed: no cut can pass for the whole.
func TestCutBodies(t *testing.T) {
	body := `{"events":[{"user_id":"u\u00e9","item_id":"i","event":"click","ts":1700000000,"context":{"a":[true,null,1.5e1]}}]}`
	if got, err := DecodeEvents([]byte(body), JSON, testRules()); err != nil || len(got.List) != 1 {
		t.Fatalf("whole body: %+v %v", got, err)
	}
	for n := range len(body) {
		if got, err := DecodeEvents([]byte(body[:n]), JSON, testRules()); err == nil {
			t.Errorf("cut at %d: %+v", n, got)
		}
	}
}

func TestManyProblems(t *testing.T) {
	const n = 5000
	body := []byte(`[` + strings.Repeat(`{},`, n-1) + `{}]`)
	got, err := DecodeEvents(body, JSON, testRules())
	if err != nil || got.Refused != n || got.Received != n || len(got.Problems) != MaxProblems {
		t.Errorf("refused %d of %d with %d problems, %v", got.Refused, got.Received, len(got.Problems), err)
	}
	one := []byte(`{` + manyFields(40) + `}`)
	if _, problems := DecodeEvent(one, testRules()); len(problems) != MaxProblemsEach {
		t.Errorf("%d problems for one event, want %d", len(problems), MaxProblemsEach)
	}
	// Faults that are not reported any more still refuse.
	mixed := []byte(`[` + strings.Repeat(`{},`, MaxProblems) + `{"user_id":"u","event":"page","rank":0},{"user_id":"u","event":"page"}]`)
	got, err = DecodeEvents(mixed, JSON, testRules())
	if err != nil || len(got.List) != 1 || got.Index[0] != MaxProblems+1 {
		t.Errorf("good %v, %v", got.Index, err)
	}
}

func TestDefaultMost(t *testing.T) {
	body := func(n int) []byte { return []byte(`[` + strings.Repeat("1,", n-1) + `1]`) }
	if got, err := DecodeEvents(body(100_000), JSON, testRules()); err != nil || got.Refused != 100_000 {
		t.Errorf("100000: %d refused, %v", got.Refused, err)
	}
	var m *Malformed
	if _, err := DecodeEvents(body(1_000_000), JSON, testRules()); !errors.As(err, &m) || m.Code != CodeTooMany || m.Offset != 200_001 {
		t.Errorf("1000000: %v", err)
	}
	if _, err := DecodeItems(body(100_001), JSON); !errors.As(err, &m) || m.Code != CodeTooMany {
		t.Errorf("items: %v", err)
	}
}

// What is decoded shares no memory with the body.
func TestBodyIsNotRetained(t *testing.T) {
	body := []byte(`[{"user_id":"u1","item_id":"i1","event":"click","query":"q1","context":{"key":["text",12.5]}},{"Xuser":1}]`)
	got, err := DecodeEvents(body, JSON, testRules())
	if err != nil || len(got.List) != 1 {
		t.Fatal(got, err)
	}
	before := fmt.Sprint(got.List, got.Problems)
	for i := range body {
		body[i] = '#'
	}
	if after := fmt.Sprint(got.List, got.Problems); after != before {
		t.Errorf("was %s\nnow %s", before, after)
	}
}

func TestLongRecords(t *testing.T) {
	long := `{"user_id":"u","item_id":"i","event":"click","context":{"a":["` + strings.Repeat(`\b`, 8000) + `"` + strings.Repeat(`,"`+strings.Repeat(`\b`, 8000)+`"`, 65) + `]}}`
	if len(long) <= MaxRecordBytes {
		t.Fatalf("the event has only %d bytes", len(long))
	}
	good := `{"user_id":"u","item_id":"i","event":"click"}`
	for name, body := range map[string]string{"array": "[" + good + "," + long + "," + good + "]", "lines": good + "\n" + long + "\n" + good + "\n"} {
		form := JSON
		if name == "lines" {
			form = NDJSON
		}
		got, err := DecodeEvents([]byte(body), form, &Rules{Now: 1_700_000_000_000})
		if err != nil || len(got.List) != 2 || got.Refused != 1 || len(got.Problems) != 1 || got.Problems[0].Code != CodeTooLong || got.Problems[0].Index != 1 {
			t.Errorf("%s: %d good, %+v, %v", name, len(got.List), got.Problems, err)
		}
	}
}

// TestRefusedLeavesNothing: what was read of a refused event is not in the one that takes its place.
func TestRefusedLeavesNothing(t *testing.T) {
	bad := `{"event_id":"e","session_id":"s","user_id":"u","item_id":"i","event":"click","value":3,"rank":2,"query":"q","context":{"a":1},"ts":true}`
	good := `{"user_id":"v","item_id":"j","event":"view","ts":1700000000}`
	for form, body := range map[Form]string{
		NDJSON: bad + "\n" + good + "\n" + bad + "\n" + good,
		JSON:   "[" + bad + "," + good + "," + bad + "," + good + "]",
	} {
		got, err := DecodeEvents([]byte(body), form, testRules())
		if err != nil || got.Refused != 2 || len(got.List) != 2 {
			t.Fatalf("form %d: %v, %+v", form, err, got)
		}
		want, problems := DecodeEvent([]byte(good), testRules())
		for i := range got.List {
			if len(problems) > 0 || !reflect.DeepEqual(got.List[i], want) {
				t.Errorf("form %d: %+v, want %+v", form, got.List[i], want)
			}
		}
	}
}
