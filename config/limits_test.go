package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/freshet-rec/freshet/feature"
)

// TestLimits feeds documents that would cost too much to read, or break the reader.
func TestLimits(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"too many bytes", strings.Repeat("#", MaxBytes+1), `f:1:1: the file has 1048577 bytes; at most 1048576 are read`},
		{"most bytes", strings.Repeat("#", MaxBytes), ``},
		{"too many tokens", "features: [" + strings.Repeat("{},", maxTokens/3) + "]", `f:1:1: the document has 50002 words and signs; at most 50000 are read`},
		{"brackets", strings.Repeat("[", 100_000), `f:1:1: the document has 100000 words and signs; at most 50000 are read`},
		{"fewer brackets", strings.Repeat("[", 1000), `f:1:33: nested more than 32 deep`},
		{"braces", strings.Repeat("{a: ", 1000), `f:1:129: nested more than 32 deep`},
		{"dashes", strings.Repeat("- ", 1000), `f:1:65: nested more than 32 deep`},
		{"blank lines", "data: |\n  x\n" + strings.Repeat(" \n", maxBlank+1) + "lateness: 1h\n", `f:103:1: more than 100 blank lines in a row`},
		{"blank lines at the end", strings.Repeat("\n", 100_000), ``},
		{"one long word", "data: " + strings.Repeat("é", 100_000), `f:1:7: data has 200000 bytes; at most 4096 are accepted`},
		{"one long quoted word", "data: \"" + strings.Repeat("\\u00e9", 100_000) + "\"", `f:1:7: data has 200000 bytes; at most 4096 are accepted`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(problemsOf(t, tt.text), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestManyExpressions reads as many and as long expressions as a file can hold, in which nothing
// and everything is wrong, and a chain of features each of which uses the next.
func TestManyExpressions(t *testing.T) {
	var unknown, chain, long strings.Builder
	for i := range 4900 {
		fmt.Fprintf(&unknown, "- {name: f%d, expr: g%d}\n", i, i)
		fmt.Fprintf(&chain, "- {name: f%d, expr: f%d}\n", i, (i+1)%4900)
	}
	names := make([]string, 800)
	for i := range names {
		names[i] = fmt.Sprintf("f%d", i)
	}
	for i := range 240 {
		fmt.Fprintf(&long, "- {name: f%d, expr: \"cross(%s)\"}\n", i, strings.Join(names, ","))
	}
	for name, want := range map[string]struct {
		text     string
		problems int
		first    string
	}{
		"unknown": {unknown.String(), feature.MaxFaults, `f:2:20: feature "f0": expr: unknown feature "g0"; did you mean f0?`},
		"chain":   {chain.String(), 1, `f:2:20: feature "f0": expr: a feature can not use itself: f0 → f1 → f2 → f3 →`},
		"long":    {long.String(), 1, `f:2:27: feature "f0": expr: a feature can not use itself: f0 → f0`},
	} {
		got := problemsOf(t, "features:\n"+want.text)
		if len(got) < want.problems || !strings.HasPrefix(got[0], want.first) {
			t.Errorf("%s: %d problems, the first is %.200s, want %d and %s", name, len(got), got[0], want.problems, want.first)
		}
	}
}

func TestMaxProblems(t *testing.T) {
	got := problemsOf(t, strings.Repeat("a: 1\n", MaxProblems+10))
	if len(got) != MaxProblems+1 {
		t.Fatalf("%d problems, want %d and a count of the rest", len(got), MaxProblems)
	}
	if last, want := got[MaxProblems], "f:1011:1: and 10 more problems, not listed"; last != want {
		t.Errorf("last is %q, want %q", last, want)
	}
}

func TestManyAnchorsStopEarly(t *testing.T) {
	got := problemsOf(t, strings.Repeat("&a ", 10_000))
	if len(got) != maxRefused {
		t.Errorf("%d problems, want %d", len(got), maxRefused)
	}
}
