package config

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/feature"
)

// TestExpressionsRefused has the place of an error in every way to write an expression.
func TestExpressionsRefused(t *testing.T) {
	const derived, counted = "features:\n- {name: clicks, key: [user], agg: count}\n- name: a\n  expr: ", "features:\n- name: a\n  key: [user]\n  agg: count\n  where: "
	unknown := `feature "a": expr: unknown feature "click"; did you mean clicks?`
	tests := []struct{ name, text, want string }{
		{"plain", derived + "1 + click # all\n", "f:4:13: " + unknown},
		{"plain after a space", derived + "  1 + click\n", "f:4:15: " + unknown},
		{"plain of two lines", derived + "1 +\n    2  \n    + click\n", "f:6:7: " + unknown},
		{"plain with letters of several bytes", derived + "cross('é😀', click)\n", "f:4:21: " + unknown},
		{"single quotes", derived + "'cross(''é'', click)'\n", "f:4:23: " + unknown},
		{"double quotes", derived + `"cross(\"é\", 'a', click)"` + "\n", "f:4:28: " + unknown},
		{"double quotes with codes", derived + `"cross('\u00e9\x41\U0001f600\/', click)"` + "\n", "f:4:42: " + unknown},
		{"double quotes of two lines", derived + "\"1 +\n\n   click\"\n", "f:6:4: " + unknown},
		{"double quotes with a line that goes on", derived + "\"1 + \\\n   click\"\n", "f:4:9: " + unknown},
		{"literal", derived + "|\n    1 +\n\n      click\n  version: 1\n", "f:7:7: " + unknown},
		{"literal without end", derived + "|-\n    1 + click\n", "f:5:9: " + unknown},
		{"folded", derived + ">\n    1 +\n    click\n", "f:6:5: " + unknown},
		{"folded with a gap", derived + ">-\n    1 +\n\n\n    click\n\n", "f:8:5: " + unknown},
		{"folded with a deeper line", derived + ">\n    1 +\n      click\n", "f:4:9: " + unknown},
		{"folded with a deeper line after the error", derived + ">\n    click\n      + 1\n", "f:4:9: " + unknown},
		{"a block after blank lines", derived + "|\n\n\n    click\n", "f:7:5: " + unknown},
		{"a block with an indentation of its own", derived + "|2\n      click\n", "f:5:7: " + unknown},
		{"flow", "features: [{name: clicks, key: [user], agg: count}, {name: a, expr: 'log1p( click )'}]\n", "f:1:77: " + unknown},
		{"JSON", "{\"features\": [\n\t{\"name\": \"clicks\", \"key\": [\"user\"], \"agg\": \"count\"},\n\t{\"name\": \"a\", \"expr\": \"1 + click\"}]}\n", "f:3:29: " + unknown},
		{"at the end", derived + "clicks +\n", `f:4:17: feature "a": expr: the expression ends too early`},
		{"at the end of a block", derived + "|\n    clicks +\n  version: 1\n", `f:5:13: feature "a": expr: the expression ends too early`},
		{"variable", derived + "'${PORT} + click'\n", "f:4:9: " + unknown},
		{"where", counted + "event.valu > 3\n", `f:5:16: feature "a": where: event has no "valu"; did you mean event.value?`},
		{"where of a number", counted + "event.value\n", `f:5:10: feature "a": where: this is a number; it must be true or false; compare it, as in x > 0`},
		{"where of a feature", counted + "a > 3\n", `f:5:10: feature "a": where: unknown name "a"; where reads event, item, user and context, no features`},
		{"where in block", counted + "|\n    event.value > 3 &&\n      item.price = 3\n", `f:7:18: feature "a": where: unexpected "="; write == to compare`},
		{"cycle", "features:\n- {name: a, expr: b + 1}\n- {name: b, expr: 2 * a}\n", `f:2:19: feature "a": expr: a feature can not use itself: a → b → a`},
		{"list", "features:\n- {name: a, expr: log1p(r)}\n- {name: r, key: [user], agg: last_k, k: 3}\n", `f:2:25: feature "a": expr: feature "r" is a list; an expression reads numbers and texts`},
	}
	for _, tt := range tests {
		if got := problemsOf(t, tt.text); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%s:\n%s\nproblems:\n%s\nwant:\n%s", tt.name, tt.text, strings.Join(got, "\n"), tt.want)
		}
	}
}

func TestExpressionsAccepted(t *testing.T) {
	text := "features:\n" +
		"- name: b\n  expr: |\n    log1p(c)\n      * 2\n" +
		"- {name: c, version: 3, key: [context.page, user.plan, item], on: [click], where: 'item.price > 3 && ''x'' in item.tags', agg: mean, field: context.seconds}\n" +
		"- {name: r, key: [global], agg: last_k, k: 5}\n" +
		"- {name: item-c, expr: c + b}\n" +
		"- {name: d, expr: 'features[\"item-c\"]'}\n"
	cfg, problems := Parse("f", []byte(text), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	want := []feature.Definition{
		{Name: "b", Expr: "log1p(c)\n  * 2"},
		{Name: "c", Version: 3, Key: []string{"context.page", "user.plan", "item"}, On: []string{"click"}, Where: "item.price > 3 && 'x' in item.tags", Agg: feature.Mean, Field: "context.seconds"},
		{Name: "r", Key: []string{"global"}, Agg: feature.LastK, K: 5},
		{Name: "item-c", Expr: "c + b"},
		{Name: "d", Expr: `features["item-c"]`},
	}
	if got := feature.Hash(cfg.Features); got != feature.Hash(want) {
		t.Errorf("features\n%+v\nwant\n%+v", cfg.Features, want)
	}
	printed := `  - {name: c, version: 3, key: [context.page, user.plan, item], on: [click], where: "item.price > 3 && 'x' in item.tags", agg: mean, field: context.seconds}
  - {name: r, key: [global], agg: last_k, k: 5}
  - {name: item-c, expr: "c + b"}
`
	if yaml := string(cfg.YAML()); !strings.Contains(yaml, printed) {
		t.Errorf("printed as\n%s\nwhich lacks\n%s", yaml, printed)
	}
	origins := cfg.Origins()
	for path, want := range map[string]string{"features[0].expr": "f:3", "features[1].where": "f:6", "features[1].version": "f:6", "features[2].k": "f:7", "features[2].key": "f:7"} {
		if origins[path] != want {
			t.Errorf("%s comes from %q, want %q", path, origins[path], want)
		}
	}
	if _, has := origins["features[0].key"]; has {
		t.Error("a derived feature has a key")
	}
}

// TestPlaces writes a text in a style and asks where each of its characters stands: it is the
// character there, or the fold, escape or quote that stands for it.
func TestPlaces(t *testing.T) {
	word := rapid.StringMatching(`[a-z+é(]{1,4}`)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(word, 1, 6).Draw(t, "words")
		gap := rapid.SampledFrom([]string{" ", "\n    ", "\n\n    ", " \n    "})
		as := rapid.SampledFrom([]string{"", "'", `"`, "|", ">", "|-", ">-"}).Draw(t, "style")
		text := words[0]
		for _, w := range words[1:] {
			between := gap.Draw(t, "gap")
			if strings.HasPrefix(as, "|") || strings.HasPrefix(as, ">") {
				between = strings.TrimPrefix(between, " \n") // what ends a line of a block is part of it
			}
			text += between + w
		}
		source := "expr: " + as + text + as + "\nnext: 1\n"
		if strings.HasPrefix(as, "|") || strings.HasPrefix(as, ">") {
			source = "expr: " + as + "\n    " + text + "\nnext: 1\n"
		}
		found := newProblems("f", []byte(source))
		root, ok := readDocument([]byte(source), found)
		if !ok {
			t.Skip("no YAML")
		}
		n := root.get("expr")
		places := n.places()
		if len(places) != utf8.RuneCountInString(n.text) {
			t.Fatalf("%d places for %q in\n%s", len(places), n.text, source)
		}
		lines := newSource([]byte(source))
		for i, r := range []rune(n.text) {
			at := places[i]
			if r == ' ' || r == '\n' {
				continue
			}
			if line := lines.line(at.line); at.column > len(line) || line[at.column-1] != r {
				t.Fatalf("character %d, %q, of %q is said to stand at %v in\n%s", i, r, n.text, at, source)
			}
		}
	})
}

// TestPagesAreAccepted reads every configuration in the pages on features and on expressions.
func TestPagesAreAccepted(t *testing.T) {
	for name, want := range map[string]int{"expressions.md": 1, "features.md": 3, "profiles.md": 1, "recall.md": 2} {
		page, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rest := string(page); ; n++ {
			var found bool
			var text string
			if _, rest, found = strings.Cut(rest, "```yaml\n"); !found {
				break
			}
			text, rest, _ = strings.Cut(rest, "```")
			if _, problems := Parse(name, []byte(text), nil); problems != nil {
				t.Errorf("%s, configuration %d: %v", name, n+1, problems)
			}
		}
		if n != want {
			t.Errorf("%s has %d configurations, want %d", name, n, want)
		}
	}
}

// TestRulesOnThePageAreConditions compiles the examples of conditions in the page on recall.
func TestRulesOnThePageAreConditions(t *testing.T) {
	page, err := os.ReadFile("../docs/recall.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(page)) {
		if where, ok := strings.CutPrefix(line, "    where: "); ok {
			n++
			if _, err := expression.CompileFilter(strings.TrimSpace(where)); err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
	if n != 4 {
		t.Errorf("%d conditions, want 4", n)
	}
}
