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
		{"an expression", `{"name":"f","expr":"log1p(a)"}`, `unknown field "expr"`},
		{"a filter", `{"name":"f","key":["user"],"agg":"count","where":{"event":"x"}}`, `unknown field "where"`},
		{"another aggregate", `{"name":"f","key":["user"],"agg":"distinct","field":"value"}`, `aggregate "distinct"`},
		{"no key", `{"name":"f","agg":"count"}`, "key []"},
		{"a context key", `{"name":"f","key":["context.page"],"agg":"count"}`, `key ["context.page"]`},
		{"two item sides", `{"name":"f","key":["item","item.category"],"agg":"count"}`, "key "},
		{"window without hop", `{"name":"f","key":["user"],"agg":"count","window":"5m"}`, "no multiple"},
		{"window no multiple of hop", `{"name":"f","key":["user"],"agg":"count","window":"5m","hop":"7s"}`, "no multiple"},
		{"half-life missing", `{"name":"f","key":["user"],"agg":"decayed_sum"}`, "half_life"},
		{"sum of nothing", `{"name":"f","key":["user"],"agg":"sum"}`, "field"},
		{"sum of a context field", `{"name":"f","key":["user"],"agg":"sum","field":"context.depth"}`, "field"},
		{"rate over nothing", `{"name":"f","key":["user"],"agg":"rate","of":["click"]}`, "rate"},
		{"three priors", `{"name":"f","key":["user"],"agg":"rate","of":["a"],"per":["b"],"prior":[1,2,3]}`, "prior"},
		{"window of the wrong type", `{"name":"f","key":["user"],"agg":"count","window":5}`, "window"},
	} {
		if f, err := parseFeature(json.RawMessage(c.text)); err != nil || !strings.Contains(f.unchecked, c.want) {
			t.Errorf("%s: unchecked %q, %v; want %q", c.name, f.unchecked, err, c.want)
		}
	}
	for _, text := range []string{
		`{"name":"f","key":["item.categories","user"],"agg":"age","window":"1h30m","hop":"30m","where":"","of":null}`,
		`{"name":"f","key":["user"],"agg":"rate","of":["a"],"per":["b"]}`,
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
