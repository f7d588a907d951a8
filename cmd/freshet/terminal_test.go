package main

import (
	"bytes"
	"os"
	"testing"
)

func TestWidthOfWhatPeopleSee(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{"latin", "Salt in the Rigging", 19},
		{"accents, composed or not", "é e\u0301", 3},
		{"CJK", "紅樓夢", 6},
		{"half and full", "ab夢", 4},
		{"emoji of several runes", "👩‍🚀", 2},
		{"arrows", "▲ 9", 3},
		{"empty", "", 0},
	} {
		if got := width(tt.text); got != tt.want {
			t.Errorf("%s: width(%q) = %d, want %d", tt.name, tt.text, got, tt.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		columns    int
		want       string
	}{
		{"fits", "abcd", 4, "abcd"},
		{"too long", "abcde", 4, "abc…"},
		{"no space before the ellipsis", "abc def", 5, "abc…"},
		{"a wide character does not go in halves", "紅樓夢", 4, "紅…"},
		{"wide and fits", "紅樓夢", 6, "紅樓夢"},
		{"an accent stays with its letter", "e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"one column", "abc", 1, "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := shorten(tt.text, tt.columns)
			if got != tt.want {
				t.Errorf("shorten(%q, %d) = %q, want %q", tt.text, tt.columns, got, tt.want)
			}
			if width(got) > tt.columns {
				t.Errorf("%q is wider than %d", got, tt.columns)
			}
		})
	}
}

func TestPad(t *testing.T) {
	if got := pad("夢", 4) + "|" + padLeft("夢", 4) + "|" + pad("abc", 2) + "|" + padLeft("abc", 2); got != "夢  |  夢|abc|abc" {
		t.Errorf("got %q", got)
	}
}

func TestIDsAreShownPrintable(t *testing.T) {
	for _, tt := range []struct{ name, id, want string }{
		{"plain", "b-0417", "b-0417"},
		{"other scripts", "書-1", "書-1"},
		{"space inside", "b 1", "b 1"},
		{"space at the end", "b ", `"b "`},
		{"empty", "", `""`},
		{"escape sequence", "a\x1b[31m", `"a\x1b[31m"`},
		{"right-to-left override", "a\u202eb", `"a\u202eb"`},
		{"invalid UTF-8", "a\xff", `"a\xff"`},
		{"quote first", `"a"`, `"\"a\""`},
		{"quote inside", `a"b`, `a"b`},
	} {
		if got := shownID(tt.id); got != tt.want {
			t.Errorf("%s: shownID(%q) = %s, want %s", tt.name, tt.id, got, tt.want)
		}
	}
}

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "Salt in the Rigging", "Salt in the Rigging"},
		{"line feed and escape", "a\nb\x1b[2J", "a\ufffdb\ufffd[2J"},
		{"direction", "a\u202eb", "a\ufffdb"},
		{"joined emoji", "👩‍🚀", "👩‍🚀"},
		{"wide space", "紅\u3000樓", "紅\u3000樓"},
		{"invalid UTF-8", "a\xffb", "a\ufffdb"},
	} {
		if got := clean(tt.text); got != tt.want {
			t.Errorf("%s: clean(%q) = %q, want %q", tt.name, tt.text, got, tt.want)
		}
	}
}

func TestNoColourUnlessATerminalWantsIt(t *testing.T) {
	for _, tt := range []struct {
		name  string
		env   map[string]string
		flag  bool
		plain bool
	}{
		{"nothing said", nil, false, false},
		{"--no-color", nil, true, true},
		{"NO_COLOR", map[string]string{"NO_COLOR": "1"}, false, true},
		{"NO_COLOR empty counts as unset", map[string]string{"NO_COLOR": ""}, false, false},
		{"CI", map[string]string{"CI": "true"}, false, true},
		{"dumb terminal", map[string]string{"TERM": "dumb"}, false, true},
	} {
		a := &app{noColor: tt.flag, stdout: &bytes.Buffer{}, getenv: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }}
		if got := a.plain(); got != tt.plain {
			t.Errorf("%s: plain() = %v, want %v", tt.name, got, tt.plain)
		}
		if a.coloured() {
			t.Errorf("%s: coloured() for a buffer, which is no terminal", tt.name)
		}
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	for name, stream := range map[string]any{"a file": f, "a buffer": &bytes.Buffer{}, "nothing": nil} {
		if isTerminal(stream) || columns(stream) != defaultColumns {
			t.Errorf("%s: isTerminal %v, columns %d; want false, %d", name, isTerminal(stream), columns(stream), defaultColumns)
		}
	}
}
