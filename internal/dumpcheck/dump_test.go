package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestAttributeValues(t *testing.T) {
	for _, c := range []struct {
		name, attribute string
		want            []string
	}{
		{"text", `"red"`, []string{`"red"`}},
		{"number", `1.50`, []string{"1.5"}},
		{"the same number", `15e-1`, []string{"1.5"}},
		{"bool", `false`, []string{"false"}},
		{"null", `null`, nil},
		{"object", `{"a":1}`, nil},
		{"list", `["a",2,true,"a",null,["b"],{}]`, []string{`"a"`, "2", "true"}},
		{"empty list", `[]`, nil},
	} {
		var attribute any
		if err := json.Unmarshal([]byte(c.attribute), &attribute); err != nil {
			t.Fatal(err)
		}
		if got := distinct(attributeValues(attribute)); !slices.Equal(got, c.want) {
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
