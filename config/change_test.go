package config

import (
	"reflect"
	"strings"
	"testing"
)

// TestRestart: every setting but the features, and nothing else, is told as one that needs a restart.
func TestRestart(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"features: []\n":                    "",
		"listen: 127.0.0.1:3747\n":          "listen: 127.0.0.1:3737 → 127.0.0.1:3747",
		"data: ./d\nlateness: 2h\n":         "data: ./data → ./d; lateness: 1h → 2h",
		"journal: {ballast_mib: 0}\n":       "journal",
		"memory: {feature_keys: 5000}\n":    "memory: {feature_keys: 10000000} → {feature_keys: 5000}",
		"durability: relaxed\n":             "durability: fsync → relaxed",
		"events: {wow: {signal: engage}}\n": "events",
		"recall: [{name: p, kind: popular}]\nscenes: {home: {}}\n": "recall; scenes",
		"scenes: {home: {budget: 9ms}}\n":                          "scenes",
	} {
		other, problems := Parse("f", []byte(text), nil)
		if problems != nil {
			t.Fatal(problems)
		}
		var got []string
		for _, one := range Default().Restart(other) {
			if strings.HasPrefix(one, "journal: ") {
				one = "journal"
			}
			got = append(got, one)
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		c := Default()
		if v := reflect.ValueOf(c).Elem().FieldByIndex(field.Index); field.IsExported() {
			if v.Kind() == reflect.Struct {
				v = v.Field(0)
			}
			switch v.Kind() {
			case reflect.Bool:
				v.SetBool(!v.Bool())
			case reflect.Int, reflect.Int64:
				v.SetInt(v.Int() + 1)
			case reflect.String:
				v.SetString("127.0.0.1:9")
			default:
				if words, ok := v.Interface().([]string); ok && words == nil {
					v.Set(reflect.ValueOf([]string{"10.0.0.0/8"}))
					break
				}
				v.SetZero()
			}
		}
		if told := len(Default().Restart(c)) == 1; told != (field.IsExported() && field.Name != "Features") {
			t.Errorf("a change of %s: %q", field.Name, Default().Restart(c))
		}
	}
}
