package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"250ms", 250}, {"30s", 30_000}, {"5m", 300_000}, {"6h", 21_600_000}, {"2d", 172_800_000},
		{"1h30m", 5_400_000}, {"1m5ms", 60_005}, {"0s", 0},
	} {
		if got, err := parseDuration(c.text); err != nil || got != c.want {
			t.Errorf("%q: %d, %v; want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "5", "m", "1.5h", "-1h", "1w", "1h 30m", "99999999999999999999s", "9223372036854775807m", "106751991168d"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: %d without an error", text, got)
		}
	}
}

func TestUncheckedFeatures(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an unknown function", `{"name":"f","expr":"log2(a)"}`, `function log2`},
		{"a join of texts", `{"name":"f","expr":"cross(a, b)"}`, `function cross`},
		{"when an item came", `{"name":"f","expr":"age(item.published_ms)"}`, "item.published_ms"},
		{"an expression beside an aggregate", `{"name":"f","agg":"count","expr":"a"}`, "beside"},
		{"a filter on a feature", `{"name":"f","key":["user"],"agg":"count","where":"clicks > 3"}`, "unknown name clicks"},
		{"a filter that is no text", `{"name":"f","key":["user"],"agg":"count","where":{"event":"x"}}`, "where"},
		{"an unknown field", `{"name":"f","key":["user"],"agg":"count","decay":"1h"}`, `unknown field "decay"`},
		{"another aggregate", `{"name":"f","key":["user"],"agg":"top_k","field":"item"}`, `aggregate "top_k"`},
		{"no key", `{"name":"f","agg":"count"}`, "key []"},
		{"an unknown part", `{"name":"f","key":["shop"],"agg":"count"}`, `key ["shop"]`},
		{"an unknown kind of part", `{"name":"f","key":["event.x"],"agg":"count"}`, `key ["event.x"]`},
		{"a part without a name", `{"name":"f","key":["context."],"agg":"count"}`, "key "},
		{"a part twice", `{"name":"f","key":["item","item"],"agg":"count"}`, "key "},
		{"five parts", `{"name":"f","key":["user","item","item.a","item.b","item.c"],"agg":"count"}`, "key "},
		{"global with another", `{"name":"f","key":["global","user"],"agg":"count"}`, "key "},
		{"window without hop", `{"name":"f","key":["user"],"agg":"count","window":"5m"}`, "no multiple"},
		{"window no multiple of hop", `{"name":"f","key":["user"],"agg":"count","window":"5m","hop":"7s"}`, "no multiple"},
		{"half-life missing", `{"name":"f","key":["user"],"agg":"decayed_sum"}`, "half_life"},
		{"a decayed_sum with a window", `{"name":"f","key":["user"],"agg":"decayed_sum","half_life":"1h","window":"1h","hop":"1m"}`, "window"},
		{"sum of nothing", `{"name":"f","key":["user"],"agg":"sum"}`, "field"},
		{"sum of texts", `{"name":"f","key":["user"],"agg":"sum","field":"query"}`, "field"},
		{"last of the user", `{"name":"f","key":["user"],"agg":"last","field":"user"}`, "field"},
		{"count of a field", `{"name":"f","key":["user"],"agg":"count","field":"value"}`, "field"},
		{"distinct of a user's attribute", `{"name":"f","key":["item"],"agg":"distinct","field":"user.plan"}`, "field"},
		{"rate over nothing", `{"name":"f","key":["user"],"agg":"rate","of":["click"]}`, "rate"},
		{"last_k of none", `{"name":"f","key":["user"],"agg":"last_k"}`, "last_k"},
		{"three priors", `{"name":"f","key":["user"],"agg":"rate","of":["a"],"per":["b"],"prior":[1,2,3]}`, "prior"},
		{"window of the wrong type", `{"name":"f","key":["user"],"agg":"count","window":5}`, "window"},
	} {
		if f, err := parseFeature(json.RawMessage(c.text)); err != nil || !strings.Contains(f.unchecked, c.want) {
			t.Errorf("%s: unchecked %q, %v; want %q", c.name, f.unchecked, err, c.want)
		}
	}
	for _, text := range []string{
		`{"name":"f","version":3,"key":["item.categories","user"],"agg":"age","window":"1h30m","hop":"30m","where":"","of":null}`,
		`{"name":"f","key":["user"],"agg":"rate","of":["a"],"per":["b"],"where":"ctx.a == 'x'"}`,
		`{"name":"f","key":["global"],"agg":"last_k","k":3,"window":"1m","hop":"1m"}`,
		`{"name":"f","key":["user.plan","context.device","item.tags","user"],"agg":"distinct","field":"item.brand"}`,
		`{"name":"f","expr":"log1p(a) * features[\"b-c\"]"}`,
	} {
		if f, err := parseFeature(json.RawMessage(text)); err != nil || f.unchecked != "" {
			t.Errorf("%s: unchecked %q, %v", text, f.unchecked, err)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"5m", "1h30m", "ms", "", "9999999999d", "1m1m"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if ms, err := parseDuration(text); err == nil && ms < 0 {
			t.Errorf("%q is %d ms", text, ms)
		}
	})
}
