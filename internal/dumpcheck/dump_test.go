package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestScalars(t *testing.T) {
	for _, c := range []struct {
		name, attribute string
		want            []string
	}{
		{"text", `"red"`, []string{"tred"}},
		{"empty text", `""`, []string{"t"}},
		{"number", `1.50`, []string{"n1.5"}},
		{"the same number", `15e-1`, []string{"n1.5"}},
		{"a million", `1000000`, []string{"n1e+06"}},
		{"minus nothing", `-0.0`, []string{"n0"}},
		{"beyond a float64", `1e999`, nil},
		{"bool", `false`, []string{"bfalse"}},
		{"null", `null`, nil},
		{"object", `{"a":1}`, nil},
		{"list", `["a",2,true,"2","a",null,["b"],{}]`, []string{"ta", "n2", "btrue", "t2"}},
		{"empty list", `[]`, nil},
	} {
		var data freeData
		if err := json.Unmarshal([]byte(`{"x":`+c.attribute+`}`), &data); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range data["x"].values() {
			got = append(got, v.word())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzDumpAndRows feeds any text as dump and rows: whatever is accepted can be compared,
// every value it lacks is a difference, and the summary can be printed.
func FuzzDumpAndRows(f *testing.F) {
	f.Add(`{"position":"1","source":"http","received_ms":5,"event":{"user_id":"u","item_id":"a","event":"click","ts":1,"value":0.5}}`,
		`{"request":{"user_id":"u","item_ids":["a"]},"reply":{"rows":[{"item_id":"a","values":{"n":{"value":1}}}],"position":"1","ts_ms":1}}`)
	f.Add(`{"position":"1","definitions":{"features":[{"name":"n","key":["user","item.x"],"agg":"rate","of":["a"],"per":["b"],"window":"1m","hop":"1m","prior":[1,-2]}]}}`,
		`{"request":{"item_ids":["a"]},"reply":{"rows":[{"item_id":"a"}],"position":"1","ts_ms":-9223372036854775808}}`)
	f.Add(`{"position":"1","item":{"item_id":"a","categories":["x"],"attributes":{"x":[1,"1"]}}}`, "")
	f.Add(`{"position":"1","definitions":{"features":[{"name":"n","key":["global"],"where":"event.value > 3 || !(context.x in [1, 'a'])","agg":"last","field":"context.x"},{"name":"m","expr":"n + bucketize(n ?? 0, [1])"}]}}
{"position":"2","event":{"event":"click","ts":1,"context":{"x":1}}}
{"position":"3","user":{"user_id":"u","attributes":{"x":true}}}`,
		`{"request":{"user_id":"u","context":{"x":[]}},"reply":{"rows":[{"values":{"n":{"value":"a"},"m":{"value":[]}}}],"position":"3","ts_ms":1}}`)
	f.Fuzz(func(t *testing.T, dump, rows string) {
		j, err := readDump(strings.NewReader(dump))
		if err != nil {
			return
		}
		read, err := readRows(strings.NewReader(rows))
		if err != nil {
			return
		}
		sum, texts := check(j, read)
		if want := sum.Differing + sum.LateDiffering + sum.UnknownPositions; len(texts) != want {
			t.Errorf("%d differences counted, %d told", want, len(texts))
		}
		if _, err := json.Marshal(sum); err != nil {
			t.Errorf("summary %+v: %v", sum, err)
		}
	})
}
