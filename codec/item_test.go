package codec

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet"
)

func TestItemProblems(t *testing.T) {
	with := func(members string) string { return `{"item_id":"i",` + members + `}` }
	for _, c := range []struct {
		name, raw string
		want      []string
	}{
		{"only an id", `{"item_id":"i"}`, nil},
		{"nulls", with(`"title":null,"categories":null,"available":null,"published_at":null,"price":null,"tags":null,"text":null,"embedding":null,"attributes":null`), nil},
		{"empty", `{}`, []string{"missing:item_id"}},
		{"null id", `{"item_id":null}`, []string{"missing:item_id"}},
		{"bad id", `{"item_id":"a\n"}`, []string{"bad_id /item_id"}},
		{"array", `[]`, []string{"malformed"}},
		{"unknown", with(`"Title":"t"`), []string{"unknown_field /Title"}},
		{"duplicate", with(`"item_id":"j"`), []string{"duplicate_field /item_id"}},
		{"title type", with(`"title":1`), []string{"type:title /title"}},
		{"title too long", with(`"title":"` + strings.Repeat("x", MaxTextBytes+1) + `"`), []string{"too_long /title"}},
		{"text with raw control", with("\"text\":\"a\x01\""), []string{"bad_text /text"}},
		{"categories type", with(`"categories":"sea"`), []string{"type:categories /categories"}},
		{"category type", with(`"categories":["a",1,null,["b"]]`), []string{"type:categories /categories/1", "type:categories /categories/2", "type:categories /categories/3"}},
		{"bad tag", with(`"tags":["a",""," "]`), []string{"bad_id /tags/1", "bad_id /tags/2"}},
		{"NUL in tag", with(`"tags":["\u0000"]`), []string{"bad_text /tags/0"}},
		{"256 tags", with(`"tags":["t"` + strings.Repeat(`,"t"`, 255) + `]`), nil},
		{"300 tags", with(`"tags":["t"` + strings.Repeat(`,"t"`, 299) + `]`), []string{"too_long /tags"}},
		{"available as text", with(`"available":"true"`), []string{"type:available /available"}},
		{"available as number", with(`"available":1`), []string{"type:available /available"}},
		{"old publication", with(`"published_at":"0001-01-01T00:00:00Z"`), nil},
		{"future publication", with(`"published_at":"9999-12-31T23:59:59.999Z"`), nil},
		{"publication in year 0", with(`"published_at":"0000-12-31T23:59:59.999Z"`), []string{"bad_time /published_at"}},
		{"publication without zone", with(`"published_at":"2026-11-20T00:00:00"`), []string{"bad_time /published_at"}},
		{"publication type", with(`"published_at":false`), []string{"type:published_at /published_at"}},
		{"free", with(`"price":0`), nil},
		{"negative zero price", with(`"price":-0.0`), nil},
		{"dearest", with(`"price":1e12`), nil},
		{"too dear", with(`"price":1000000000000.01`), []string{"out_of_range /price"}},
		{"negative price", with(`"price":-5`), []string{"out_of_range /price"}},
		{"infinite price", with(`"price":1e400`), []string{"bad_number /price"}},
		{"price as text", with(`"price":"5"`), []string{"type:price /price"}},
		{"embedding type", with(`"embedding":"AAAA"`), []string{"type:embedding /embedding"}},
		{"embedding element type", with(`"embedding":[1,"2",null]`), []string{"type:embedding /embedding/1"}},
		{"embedding empty", with(`"embedding":[]`), []string{"bad_vector /embedding"}},
		{"embedding zero", with(`"embedding":[0,-0,0.0,1e-99]`), []string{"bad_vector /embedding"}},
		{"embedding NaN", with(`"embedding":[1,NaN,Infinity]`), []string{"bad_vector /embedding"}},
		{"embedding beyond float32", with(`"embedding":[1,1e39]`), []string{"bad_vector /embedding"}},
		{"embedding of 4096", with(`"embedding":[1` + strings.Repeat(`,0`, 4095) + `]`), nil},
		{"embedding of 4097", with(`"embedding":[1` + strings.Repeat(`,0`, 4096) + `]`), []string{"bad_vector /embedding"}},
		{"embedding of 10^6", with(`"embedding":[1` + strings.Repeat(`,0`, 999_999) + `]`), []string{"bad_vector /embedding"}},
		{"embedding cut", `{"item_id":"i","embedding":[1,2`, []string{"malformed"}},
		{"attributes type", with(`"attributes":[1]`), []string{"type:attributes /attributes"}},
		{"attribute faults", with(`"attributes":{"a":1,"a":[1e999]}`), []string{"duplicate_field /attributes/a", "bad_number /attributes/a"}},
		{"attributes too deep", with(`"attributes":{"a":` + nested(31) + `}`), []string{"too_deep /attributes/a" + strings.Repeat("/0", 30)}},
		{"too many attributes", with(`"attributes":{` + manyFields(256) + `}`), []string{"too_many_fields"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			it, problems := DecodeItem([]byte(c.raw))
			if got := found(problems); !slices.Equal(got, slices.Concat([]string{}, c.want)) {
				t.Fatalf("problems are %q, want %q: %+v", got, c.want, problems)
			}
			if len(problems) > 0 && !reflect.DeepEqual(it, freshet.Item{}) {
				t.Errorf("a refused item is returned: %+v", it)
			}
		})
	}
}

func TestItemFields(t *testing.T) {
	raw := `{"item_id":"b-0417","title":"Tea","categories":["sea","classic"],"available":false,"published_at":1700000000,
		"price":19.9,"tags":[],"text":"line\nline","embedding":[0.5,-1e-3,16777217],"attributes":{"brand":"Alder"}}`
	got, problems := DecodeItem([]byte(raw))
	want := freshet.Item{ID: "b-0417", Title: "Tea", Categories: []string{"sea", "classic"}, Unavailable: true,
		Published: 1700000000000, HasPublished: true, Price: 19.9, HasPrice: true, Text: "line\nline",
		Embedding: []float32{0.5, -1e-3, 16777216}, Attributes: map[string]any{"brand": "Alder"}}
	if len(problems) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v %v\nwant %+v", got, problems, want)
	}
}

func TestItemForms(t *testing.T) {
	for _, c := range []struct {
		name, body string
		form       Form
		index      []int
		problems   []string
	}{
		{"envelope", `{"items":[{"item_id":"a"},{"item_id":"b","price":-1},{"item_id":"c"}]}`, JSON, []int{0, 2}, []string{"out_of_range /items/1/price"}},
		{"array", `[{"item_id":""},{"item_id":"c"}]`, JSON, []int{1}, []string{"bad_id /0/item_id"}},
		{"object", `{"item_id":"a"}`, JSON, []int{0}, nil},
		{"items inside an item", `{"items":[],"item_id":"a"}`, JSON, nil, []string{"unknown_field /items"}},
		{"lines", "{\"item_id\":\"a\"}\n{}\n{\"item_id\":\"a\"}", NDJSON, []int{0, 2}, []string{"missing:item_id"}},
	} {
		got, err := DecodeItems([]byte(c.body), c.form)
		if err != nil || !slices.Equal(got.Index, c.index) || strings.Join(found(got.Problems), ",") != strings.Join(c.problems, ",") {
			t.Errorf("%s: good %v, problems %q, %v; want %v %q", c.name, got.Index, found(got.Problems), err, c.index, c.problems)
		}
	}
	if _, err := DecodeItems([]byte(`{"items":[],"events":[]}`), JSON); err == nil {
		t.Error("an unknown field beside items is accepted")
	}
}

func TestProblemItemID(t *testing.T) {
	_, problems := DecodeItem([]byte(`{"price":-1,"item_id":"a"}`))
	text, err := json.Marshal(problems)
	const want = `[{"index":0,"item_id":"a","code":"out_of_range","pointer":"/price","message":"price: -1 is not between 0 and 1e+12"}]`
	if err != nil || string(text) != want {
		t.Errorf("got  %s %v\nwant %s", text, err, want)
	}
}

// TestItemRules: where lengths are named, an embedding has one of them.
func TestItemRules(t *testing.T) {
	rules := ItemRules{Lengths: []int{2, 3}}
	for text, want := range map[string]string{
		`{"item_id":"a","embedding":[1,2]}`:            "",
		`{"item_id":"a","embedding":[1,2,3]}`:          "",
		`{"item_id":"a"}`:                              "",
		`{"item_id":"a","embedding":[1,2,3,4]}`:        "bad_vector: embedding: has 4 numbers; what goes by embeddings here takes 2 or 3",
		`{"item_id":"a","embedding":[0,0]}`:            "bad_vector: embedding: all 2 numbers are zero",
		`{"item_id":"a","embedding":[1,"2",3]}`:        "type:embedding: embedding/1: must be a number, this is a string",
		`{"item_id":"a","embedding":[1,1e39]}`:         "bad_vector: embedding: 1e39 is not a finite number of 32 bits",
		`{"item_id":"a","embedding":[1,2],"price":-5}`: "out_of_range: price: -5 is not between 0 and 1e+12",
	} {
		_, problems := rules.Item([]byte(text))
		got := ""
		if len(problems) > 0 {
			got = problems[0].Error()
		}
		if got != want || len(problems) > 1 {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	batch, err := rules.Items([]byte(`[{"item_id":"a","embedding":[1]},{"item_id":"b","embedding":[1,2]}]`), JSON)
	if err != nil || len(batch.List) != 1 || batch.Refused != 1 || batch.Problems[0].Pointer != "/0/embedding" || batch.Problems[0].ItemID != "a" {
		t.Errorf("%+v, %v", batch, err)
	}
	if items, err := DecodeItems([]byte(`[{"item_id":"a","embedding":[1]}]`), JSON); err != nil || len(items.List) != 1 {
		t.Errorf("without rules: %+v, %v", items, err)
	}
}
