package codec

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestContextsComeAgain: a context that came before is what it is when it is read, and as faulty.
func TestContextsComeAgain(t *testing.T) {
	texts := []string{
		`{}`, `{ }`, `{"device":"phone"}`, `{"device":"phone","depth":3}`, `{"device":"phone","depth":3 }`, `{"depth":3,"device":"phone"}`,
		`{"a":null,"b":true,"c":-0,"d":1e3,"e":"\u00e9"}`, `{"a":{"b":1}}`, `{"a":{}}`, `{"a":[1,"x"]}`, `{"a":[]}`, `{"a":"}"}`, `{"a":"\"}"}`, `{"}":1}`,
		`{"a":1,"a":1}`, `{"a":01}`, `{"a":1e999}`, `{"a":"\ud800"}`, "{\"a\":\"\x01\"}", `{"a":"` + strings.Repeat("x", contextBytes) + `"}`, `{"a"}`, `{"a":1,}`, `[]`, `7`, `null`,
	}
	for n := range 3000 { // more than there are places
		texts = append(texts, fmt.Sprintf(`{"device":"phone","n":%d}`, n))
	}
	for _, text := range texts {
		event := `{"user_id":"u","item_id":"i","event":"click","context":` + text + `}`
		var first Events
		var failed error
		for time := range 4 {
			got, err := DecodeEvents([]byte(event), NDJSON, testRules())
			if time > 0 {
				if !reflect.DeepEqual(got, first) || !reflect.DeepEqual(err, failed) {
					t.Errorf("%s is %v %v when it comes again, %v %v at first", text, got, err, first, failed)
				}
				continue
			}
			first, failed = got, err
			if err != nil || len(got.List) == 0 || text == "null" {
				continue
			}
			fields, err := Object([]byte(`{"context":` + text + `}`))
			if err != nil {
				t.Fatalf("%s is taken, but is no object: %v", text, err)
			}
			if want, err := fields[0].Free(); err != nil || !reflect.DeepEqual(got.List[0].Context, want) {
				t.Errorf("%s is %v, want %v %v", text, got.List[0].Context, want, err)
			}
		}
	}
}

// TestContextsCountAsFields: a context that came before counts as many fields as one that is read.
func TestContextsCountAsFields(t *testing.T) {
	var d decoder
	defer d.release()
	object := []byte(`{"device":"phone","place":"p1","depth":7}`)
	for time := range 4 {
		for before := range 4 {
			d.scanner, d.path = scanner{data: object}, append(d.path[:0], step{index: nameless})
			d.fields, d.faults, d.over = MaxFields-before, 0, false
			d.context()
			if want := before < 3; d.faults > 0 != want || d.over != want || !want && d.fields != MaxFields-before+3 {
				t.Errorf("time %d, %d fields before the last: %d faults, over %t, %d fields", time, before, d.faults, d.over, d.fields)
			}
		}
	}
}
