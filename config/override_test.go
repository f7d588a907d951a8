package config

import (
	"testing"

	"github.com/freshet-rec/freshet"
)

func TestOverride(t *testing.T) {
	tests := []struct {
		name, path, value string
		change            func(*Config)
		err               string
	}{
		{"listen", "listen", "0.0.0.0:80", func(c *Config) { c.Listen = "0.0.0.0:80" }, ""},
		{"data", "data", "/srv", func(c *Config) { c.Data = "/srv" }, ""},
		{"data is not expanded", "data", "${X}", func(c *Config) { c.Data = "${X}" }, ""},
		{"strict", "strict_events", "true", func(c *Config) { c.StrictEvents = true }, ""},
		{"lateness", "lateness", "30d", func(c *Config) { c.Lateness = 30 * freshet.Day }, ""},
		{"max_future", "max_future", "0s", func(c *Config) { c.MaxFuture = 0 }, ""},

		{"port 0", "listen", "a:0", nil, `flag: listen has the port "0"; it must be a number from 1 to 65535`},
		{"no port", "listen", "a", nil, `flag: listen "a" has no port; write a:3737`},
		{"line break in zone", "listen", "[fe80::1%a\nb]:80", nil, `flag: listen contains the control character U+000A`},
		{"empty data", "data", "", nil, `flag: data is empty`},
		{"yes", "strict_events", "yes", nil, `flag: strict_events is "yes"; write true or false`},
		{"unit", "lateness", "5", nil, `flag: "5" is not a duration: the unit is missing; write 5ms, 5s, 5m, 5h or 5d`},
		{"range", "max_future", "2h", nil, `flag: max_future is 2h; it must be from 0s to 1h`},
		{"file only", "features", "[]", nil, `flag: "features" can be set in the file only; from outside there are listen, data, strict_events, lateness, max_future`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, want, origin := Default(), Default(), "default"
			if tt.change != nil {
				tt.change(want)
				origin = "flag"
			}
			err := c.Override(tt.path, tt.value, "flag")
			if got := errorText(err); got != tt.err {
				t.Errorf("error %q, want %q", got, tt.err)
			}
			if !c.Equal(want) {
				t.Errorf("got\n%s\nwant\n%s", c.YAML(), want.YAML())
			}
			if got := c.Origins()[tt.path]; got != origin {
				t.Errorf("origin %q, want %q", got, origin)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestOverrideStrictJudgesFeatures(t *testing.T) {
	c, problems := Parse("f", []byte("features: [{name: a, key: [user], on: [never], agg: age}]\n"), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	err := c.Override("strict_events", "true", "flag")
	if want := `flag: strict_events is true but feature "a" names the unknown event "never"; add it under events`; errorText(err) != want {
		t.Errorf("error %q, want %q", errorText(err), want)
	}
	if c.StrictEvents {
		t.Error("strict_events is on after the error")
	}
}

func TestOverridableAreOverridden(t *testing.T) {
	for _, path := range Overridable() {
		c := Default()
		value := map[string]string{"listen": "a:1", "data": "x", "strict_events": "true", "lateness": "1s", "max_future": "1s"}[path]
		if err := c.Override(path, value, "flag"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if c.Equal(Default()) {
			t.Errorf("%s changed nothing", path)
		}
	}
}

func TestOrigins(t *testing.T) {
	text := "listen: 0.0.0.0:${PORT}\nevents:\n  like: {weight: 2}\nfeatures:\n  - name: a\n    key: [user]\n    agg: age\n" +
		"recall: [{name: p, kind: popular}]\nscenes:\n  home.x:\n    budget: 9ms\n"
	c, problems := Parse("f.yaml", []byte(text), env)
	if problems != nil {
		t.Fatal(problems)
	}
	if err := c.Override("data", "x", "variable FRESHET_DATA"); err != nil {
		t.Fatal(err)
	}
	origins := c.Origins()
	for path, want := range map[string]string{
		"listen": "f.yaml:1 with ${PORT}", "data": "variable FRESHET_DATA", "lateness": "default", "source": "default", "source.kind": "default",
		"events": "f.yaml:2", "events.like.weight": "f.yaml:3", "events.like.signal": "default", "events.click.weight": "default",
		"features": "f.yaml:4", "features[0].name": "f.yaml:5", "features[0].key": "f.yaml:6",
		"recall": "f.yaml:8", "recall[0].kind": "f.yaml:8", "recall[0].window": "default", "recall[0].n": "default",
		"scenes": "f.yaml:9", `scenes."home.x".budget`: "f.yaml:11", `scenes."home.x".recall`: "default",
	} {
		if got, ok := origins[path]; !ok || got != want {
			t.Errorf("origin of %s is %q, want %q", path, got, want)
		}
	}
	origins["data"] = "changed"
	if c.Origins()["data"] != "variable FRESHET_DATA" {
		t.Error("the caller's map is the config's own")
	}
}
