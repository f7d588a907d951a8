package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// story is one file of testdata: comments, then a dump, rows, and what the command says
// about them: its exit status, the summary fields that matter, the lines on stderr.
type story struct {
	dump, rows string
	exit       int
	summary    map[string]any
	stderr     string
}

func readStory(t *testing.T, path string) story {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	name := ""
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "-- "):
			name = strings.Trim(line, "- \n")
		default:
			sections[name] += line
		}
	}
	want := strings.SplitN(sections["want"], "\n", 3)
	if len(want) != 3 {
		t.Fatalf("%s: want section has no exit, summary and stderr", path)
	}
	s := story{dump: sections["dump"], rows: sections["rows"], stderr: want[2]}
	if _, err := fmt.Sscanf(want[0], "exit %d", &s.exit); err != nil {
		t.Fatalf("%s: exit line %q: %v", path, want[0], err)
	}
	if err := json.Unmarshal([]byte(want[1]), &s.summary); err != nil {
		t.Fatalf("%s: summary: %v", path, err)
	}
	return s
}

// runOn runs the command on a dump and rows given as text, the dump on standard input.
func runOn(t *testing.T, dump, rows string, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	exit = run(append([]string{"--dump", "-", "--rows", path}, args...), strings.NewReader(dump), &out, &errs)
	return exit, out.String(), errs.String()
}

func stories(t *testing.T) map[string]story {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("stories: %v, %v", paths, err)
	}
	all := map[string]story{}
	for _, path := range paths {
		all[strings.TrimSuffix(filepath.Base(path), ".txt")] = readStory(t, path)
	}
	return all
}

func TestStories(t *testing.T) {
	for name, s := range stories(t) {
		t.Run(name, func(t *testing.T) {
			exit, stdout, stderr := runOn(t, s.dump, s.rows)
			if name == "definitions" {
				if exit, _, stderr := runOn(t, s.dump, s.rows, "--everything"); exit != exitDiffer || !strings.Contains(stderr, "3 features") {
					t.Errorf("everything: exit %d, stderr %q", exit, stderr)
				}
			}
			if exit != s.exit {
				t.Errorf("exit %d, want %d", exit, s.exit)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(stdout), &got); err != nil {
				t.Fatalf("summary %q: %v", stdout, err)
			}
			for field, want := range s.summary {
				if !reflect.DeepEqual(got[field], want) {
					t.Errorf("%s is %v, want %v", field, got[field], want)
				}
			}
			if stderr != s.stderr {
				t.Errorf("stderr\n%swant\n%s", stderr, s.stderr)
			}
		})
	}
}

// TestOneWrongValue changes one served value of an agreeing story at a time: each change
// must be found, and nothing else.
func TestOneWrongValue(t *testing.T) {
	changed := 0
	for name, s := range stories(t) {
		if s.exit != exitAgree {
			continue
		}
		j, err := readDump(strings.NewReader(s.dump))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := readRows(strings.NewReader(s.rows))
		if err != nil {
			t.Fatal(err)
		}
		before, _ := check(j, rows)
		for _, r := range rows {
			for _, answered := range r.items {
				for feature, right := range answered.values {
					if _, unchecked := before.Unchecked[feature]; unchecked {
						continue
					}
					wrong := number(right.number*1.00001 + 1e-6)
					if changed%2 == 1 && right.kind != none {
						wrong = result{}
					}
					answered.values[feature] = wrong
					sum, texts := check(j, rows)
					if sum.Differing != 1 || len(texts) != 1 || !strings.Contains(texts[0], feature) {
						t.Errorf("%s: %v for %v of %s: %d differing, said %q", name, wrong, right, feature, sum.Differing, texts)
					}
					answered.values[feature] = right
					changed++
				}
			}
		}
	}
	if changed < 100 {
		t.Errorf("only %d values were changed", changed)
	}
}

func TestMaxShow(t *testing.T) {
	s := readStory(t, "testdata/differing.txt")
	_, _, stderr := runOn(t, s.dump, s.rows, "--max-show", "1")
	lines := strings.Split(s.stderr, "\n")
	want := strings.Join(slices.Concat(lines[:1], lines[6:]), "\n")
	if stderr != want {
		t.Errorf("stderr\n%swant\n%s", stderr, want)
	}
}

func TestUnusableInput(t *testing.T) {
	const event = `{"position":"1","source":"http","event":{"event":"click","ts":1}}`
	const answer = `{"request":{"item_ids":["a"]},"reply":{"rows":[{"item_id":"a","values":{}}],"position":"1","ts_ms":1}}`
	for _, c := range []struct{ name, dump, rows, want string }{
		{"no record", "[]", answer, "line 1:"},
		{"no position", `{"event":{"event":"click","ts":1}}`, answer, "without a position"},
		{"a position twice", event + "\n" + event, answer, `line 2: position "1" appears twice`},
		{"no event time", `{"position":"1","event":{"event":"click"}}`, answer, "no ts or no name"},
		{"event time with a fraction", `{"position":"1","event":{"event":"click","ts":1.5}}`, answer, "line 1:"},
		{"two kinds", `{"position":"1","event":{"event":"click","ts":1},"item":{"item_id":"a"}}`, answer, "more than one kind"},
		{"nameless item", `{"position":"1","item":{}}`, answer, "without an item_id"},
		{"nameless feature", `{"position":"1","definitions":{"features":[{"agg":"count"}]}}`, answer, "no name"},
		{"two features of a name", `{"position":"1","definitions":{"features":[{"name":"n"},{"name":"n"}]}}`, answer, `a second "n"`},
		{"bad lateness", `{"position":"1","definitions":{"lateness":"1y"}}`, answer, `duration "1y"`},
		{"no time in a reply", event, `{"request":{},"reply":{"position":"1"}}`, "without ts_ms"},
		{"another item", event, strings.Replace(answer, `"item_ids":["a"]`, `"item_ids":["b"]`, 1), "items answered"},
		{"a value that is a truth value", event, strings.Replace(answer, `"values":{}`, `"values":{"n":{"value":true}}`, 1), `value of "n"`},
		{"a list of numbers", event, strings.Replace(answer, `"values":{}`, `"values":{"n":{"value":[3]}}`, 1), `value of "n"`},
		{"some features only", event, strings.Replace(answer, `"item_ids"`, `"names":["n"],"item_ids"`, 1), "names features"},
		{"nameless user", `{"position":"1","user":{"attributes":{}}}`, answer, "without a user_id"},
		{"a clock without a time", `{"position":"1","clock":{"source":"http"}}`, answer, "no watermark_ms"},
		{"a value that is missing", event, strings.Replace(answer, `"values":{}`, `"values":{"n":{}}`, 1), "no value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			exit, stdout, stderr := runOn(t, c.dump, c.rows)
			if exit != exitUnused || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, stdout %q, stderr %q; want exit %d and %q", exit, stdout, stderr, exitUnused, c.want)
			}
		})
	}
	t.Run("no such file", func(t *testing.T) {
		var out, errs strings.Builder
		missing := filepath.Join(t.TempDir(), "missing")
		if exit := run([]string{"--dump", missing, "--rows", missing}, nil, &out, &errs); exit != exitUnused {
			t.Errorf("exit %d, stderr %q", exit, errs.String())
		}
	})
	t.Run("usage", func(t *testing.T) {
		var out, errs strings.Builder
		if exit := run(nil, nil, &out, &errs); exit != exitUnused || !strings.Contains(errs.String(), "usage") {
			t.Errorf("exit %d, stderr %q", exit, errs.String())
		}
	})
}
