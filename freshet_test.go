package freshet

import (
	"strings"
	"testing"
	"testing/quick"
)

func TestCheckID(t *testing.T) {
	for _, id := range []string{"u123", "é", "..", "/", "{tag}", "*", "?", "a b", " a", strings.Repeat("x", 256), "日本"} {
		if err := CheckID(id); err != nil {
			t.Errorf("CheckID(%q) = %v, want nil", id, err)
		}
	}
	for name, id := range map[string]string{
		"empty": "", "too long": strings.Repeat("x", 257), "too long in bytes": strings.Repeat("é", 129), "blank": " \u2003", "newline": "a\nb", "escape": "\x1b[31m",
		"one-byte control sequence": "a\u009b31m", "delete": "a\x7f", "NUL": "a\x00", "invalid UTF-8": "a\xff",
	} {
		if CheckID(id) == nil {
			t.Errorf("%s: CheckID(%q) = nil, want an error", name, id)
		}
	}
}

func TestPositionText(t *testing.T) {
	roundTrip := func(n uint64) bool {
		p, err := ParsePosition(Position(n).String())
		return err == nil && p == Position(n)
	}
	if err := quick.Check(roundTrip, nil); err != nil {
		t.Error(err)
	}
	for _, s := range []string{"", "-1", "+1", "01", "1.0", "x", "1 ", "18446744073709551616"} {
		if p, err := ParsePosition(s); err == nil {
			t.Errorf("ParsePosition(%q) = %d, want an error", s, p)
		}
	}
}

func TestDurationText(t *testing.T) {
	for s, want := range map[string]Duration{"0s": 0, "500ms": 500, "30s": 30 * Second, "5m": 5 * Minute, "1h30m": 90 * Minute, "7d": 7 * Day, "36525d": MaxDuration} {
		if got, err := ParseDuration(s); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "5", "-1s", "1e9h", "5 m", "10 minutes", "1m1h", "1s1s", "1.5h", "36526d", "9223372036854775808ms", "h"} {
		if got, err := ParseDuration(s); err == nil {
			t.Errorf("ParseDuration(%q) = %d, want an error", s, got)
		}
	}
	roundTrip := func(n int64) bool {
		d := Duration(n&(1<<41-1)) % MaxDuration
		back, err := ParseDuration(d.String())
		return err == nil && back == d
	}
	if err := quick.Check(roundTrip, nil); err != nil {
		t.Error(err)
	}
}

func TestVisitorsOfDifferentKindsDiffer(t *testing.T) {
	user, anonymous, session := VisitorOf("x", "", ""), VisitorOf("", "x", ""), VisitorOf("", "", "x")
	if user == anonymous || anonymous == session || user == session {
		t.Errorf("visitors %q, %q and %q must differ", user, anonymous, session)
	}
	if got := VisitorOf("x", "y", "z"); got != user {
		t.Errorf("the user id must win: %q", got)
	}
	if got := VisitorOf("", "", ""); got != "" {
		t.Errorf("nobody is %q", got)
	}
}

func TestEventKinds(t *testing.T) {
	kinds := BuiltinEvents()
	for name, want := range map[string]Signal{"click": SignalClick, "like": SignalEngage, "expose": SignalImpression, "hide": SignalNegative, "purchase": SignalConvert, "what?": SignalContext} {
		if got := kinds.Of(name); got.Signal != want || got.Weight != 1 {
			t.Errorf("kind of %q is %+v, want signal %s of weight 1", name, got, want)
		}
	}
	for name, kind := range kinds {
		positive := kind.Signal == SignalClick || kind.Signal == SignalEngage || kind.Signal == SignalIntent || kind.Signal == SignalConvert
		if kind.Signal.Positive() != positive {
			t.Errorf("%q counts as positive: %v", name, kind.Signal.Positive())
		}
	}
}
