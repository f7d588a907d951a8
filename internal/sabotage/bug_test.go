package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBugsApply: every bug can still be put into the code as it is, and belongs to a goal.
func TestBugsApply(t *testing.T) {
	list, err := bugs()
	if err != nil {
		t.Fatal(err)
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 12 {
		t.Errorf("only %d bugs", len(list))
	}
	for _, b := range list {
		tests, err := filepath.Glob(filepath.Join(root, b.test.dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(tests, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(text), "func "+b.test.name+"(") && strings.Contains(string(text), `"`+b.goal+`"`)
		}) {
			t.Errorf("%s: there is no %s of %s in %s", b.name, b.test.name, b.goal, b.test.dir)
		}
		texts := map[string][]byte{}
		for i := range b.changes {
			c := &b.changes[i]
			if texts[c.file] == nil {
				if texts[c.file], err = os.ReadFile(filepath.Join(root, c.file)); err != nil {
					t.Fatal(err)
				}
			}
			if texts[c.file], err = c.apply(texts[c.file]); err != nil {
				t.Errorf("%s: %v", b.name, err)
				break
			}
		}
	}
}

func TestParseBug(t *testing.T) {
	const whole = "goal: G2\ntest: ./a TestGoalA\nwhy: because\nfile: a.go\n<<<<\n\told\n====\n\tnew\n>>>>\n"
	b, err := parseBug(whole)
	if err != nil || b.goal != "G2" || b.test != (proof{"./a", "TestGoalA"}) || b.why != "because" || len(b.changes) != 1 || b.changes[0] != (change{"a.go", "\told\n", "\tnew\n"}) {
		t.Fatalf("%+v, %v", b, err)
	}
	for name, text := range map[string]string{
		"nothing":       "",
		"no goal":       strings.Replace(whole, "goal: G2\n", "", 1),
		"no test":       strings.Replace(whole, "test: ./a TestGoalA\n", "", 1),
		"no file":       strings.Replace(whole, "file: a.go\n", "", 1),
		"no end":        strings.Replace(whole, ">>>>\n", "", 1),
		"no change":     strings.Replace(whole, "new", "old", 1),
		"something odd": whole + "more\n",
	} {
		if b, err := parseBug(text); err == nil {
			t.Errorf("%s was read as %+v", name, b)
		}
	}
}

func TestApply(t *testing.T) {
	c := change{"a.go", "x", "y"}
	if got, err := c.apply([]byte("axb")); err != nil || string(got) != "ayb" {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"ab", "axbx"} {
		if got, err := c.apply([]byte(text)); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}
