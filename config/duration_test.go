package config

import (
	"testing"

	"github.com/freshet-rec/freshet"
)

func TestGuess(t *testing.T) {
	for text, want := range map[string]string{
		"10 minutes": "10m", "5 m": "5m", "1 min.": "1m", "90 min": "90m", "1.5h": "1h30m", "0.5 s": "500ms", "2 weeks": "14d", "1w": "7d",
		"1h, 30m": "1h30m", "1 hour and 5 mins": "1h5m", "30m1h": "1h30m", "5M": "5m", " 7 Days ": "7d", "250 msec": "250ms", "0": "0s",
		"": "", "soon": "", "m": "", "5": "", "-1s": "", "1e9h": "", "5 5": "", "5 parsecs": "", "0.0001 ms": "", "999999999 weeks": "",
		"1.5": "", "5 m x": "", "٣m": "",
	} {
		if got := guess(text); got != want {
			t.Errorf("guess(%q) = %q, want %q", text, got, want)
		}
	}
}

// FuzzGuess checks that a guess is always something the parser accepts.
func FuzzGuess(f *testing.F) {
	for _, seed := range []string{"10 minutes", "1.5h", "1h, 30m and 5s", "2 weeks", "0", "1e9h", "999999999d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g := guess(text)
		if g == "" {
			return
		}
		if _, err := freshet.ParseDuration(g); err != nil {
			t.Errorf("guess(%q) = %q: %v", text, g, err)
		}
	})
}

func TestDurationIn(t *testing.T) {
	tests := []struct {
		name, text  string
		low, high   freshet.Duration
		want        freshet.Duration
		fault, hint string
	}{
		{"lower edge", "1m", freshet.Minute, freshet.Hour, freshet.Minute, "", ""},
		{"upper edge", "1h", freshet.Minute, freshet.Hour, freshet.Hour, "", ""},
		{"below", "59s", freshet.Minute, freshet.Hour, 0, "x is 59s; it must be from 1m to 1h", ""},
		{"above", "61m", freshet.Minute, freshet.Hour, 0, "x is 61m; it must be from 1m to 1h", ""},
		{"below with no upper bound", "0s", 1, freshet.MaxDuration, 0, "x is 0s; it must be 1ms or more", ""},
		{"no unit", "5", 0, freshet.Hour, 0, `"5" is not a duration: the unit is missing`, "write 5ms, 5s, 5m, 5h or 5d"},
		{"nothing needs no unit", "0", 0, freshet.Hour, 0, "", ""},
		{"guessable", "5 m", 0, freshet.Hour, 0, `"5 m" is not a duration`, "write 5m"},
		{"negative", "-1s", 0, freshet.Hour, 0, `"-1s" is not a duration`, "write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d"},
		{"exponent", "1e9h", 0, freshet.Hour, 0, `"1e9h" is not a duration`, "write a whole number and a unit, such as 500ms, 30s, 10m, 24h or 7d"},
		{"centuries", "99999999999999999999d", 0, freshet.Hour, 0, `"99999999999999999999d" is longer than 36525d, the longest duration accepted`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, fault, hint := durationIn("x", tt.text, tt.low, tt.high)
			if got != tt.want || fault != tt.fault || hint != tt.hint {
				t.Errorf("got (%v, %q, %q), want (%v, %q, %q)", got, fault, hint, tt.want, tt.fault, tt.hint)
			}
		})
	}
}
