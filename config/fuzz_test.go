package config

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse checks of any text that it does not break the reader, that problems point into
// the text and fit a line, and that what is accepted prints as a file of the same meaning.
func FuzzParse(f *testing.F) {
	f.Add([]byte(twelve))
	f.Add(Default().YAML())
	for _, seed := range []string{
		"", "{}", "---\n...\n", "\ufeffversion: 1\r\n", "data: \"\\u00e9\\n\"\n", "data: |\n  x\n", "data: >-\n  x\n  y\n",
		"listen: ${PORT}:1\ndata: $${X}\n", "a: &x 1\nb: *x\n<<: *x\n", "? a\n: b\n", "!!map {a: !b c}\n", "%YAML 1.2\n---\na\n",
		"events: {'wow é': {signal: view, weight: 1e-7}}\n", "events:\n  like:\n    weight: 2.50\n",
		"features:\n- name: \"a\\\"b\"\n  key: [user, item.x y]\n  on: ['a: b', '${DIR}', 'no', '5', '-', '#x']\n  agg: age\n",
		"features: [{name: r, key: [item], agg: rate, of: [a], per: [b], prior: [0.5, 1e3]}]\n",
		"features:\n- {name: a, expr: 'log1p(b) + ''x'''}\n- name: b\n  expr: >\n    a *\n\n     2\n",
		"features:\n- name: b\n  key: [global]\n  agg: count\n  where: \"event.value \\\n    > \\u0033\"\n- {name: c, version: 2, expr: b / 2}\n",
		"recall:\n- {name: a, kind: popular}\n- {name: b, kind: new, within: 90m}\nscenes: {x: {}, \"y.z\": {recall: [b]}}\n",
		"a:\n\tb\n", "a: [", "a: 'b", "a: b: c", "- ", ": ", "&", "*", "|", "[a, b]: c", "{", "a: 1\n b: 2\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, problems := Parse("f", text, env)
		if (cfg == nil) != (len(problems) > 0) {
			t.Fatalf("config %v with problems %v", cfg, problems)
		}
		lines := strings.Split(string(text), "\n")
		for i, p := range problems {
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 {
				t.Errorf("%s: outside the text", p)
			}
			if i > 0 && p.Line < problems[i-1].Line {
				t.Errorf("%s: comes after line %d", p, problems[i-1].Line)
			}
			if s := p.String(); strings.ContainsAny(s, "\r\n\x1b") || p.Message == "" {
				t.Errorf("%q is not one line", s)
			}
			if strings.HasPrefix(p.Message, "cannot be read") {
				t.Errorf("the reader panicked: %s", p)
			}
		}
		if cfg == nil {
			return
		}
		again, problems := Parse("f", cfg.YAML(), nil)
		if problems != nil || !again.Equal(cfg) {
			t.Fatalf("printed as\n%s\nwhich reads back with problems %v as\n%+v\nfrom\n%+v", cfg.YAML(), problems, again, cfg)
		}
	})
}
