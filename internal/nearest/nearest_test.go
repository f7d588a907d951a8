package nearest

import (
	"testing"

	"pgregory.net/rapid"
)

// editsSlow is the definition of the optimal string alignment distance, as a recursion.
func editsSlow(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	x, y := a[:len(a)-1], b[:len(b)-1]
	least := min(editsSlow(x, b), editsSlow(a, y)) + 1
	if a[len(x)] == b[len(y)] {
		return min(least, editsSlow(x, y))
	}
	least = min(least, editsSlow(x, y)+1)
	if len(a) > 1 && len(b) > 1 && a[len(x)] == b[len(y)-1] && a[len(x)-1] == b[len(y)] {
		least = min(least, editsSlow(x[:len(x)-1], y[:len(y)-1])+1)
	}
	return least
}

func TestEditsAgreesWithItsDefinition(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if got, want := edits(a, b), editsSlow(a, b); got != want {
			t.Fatalf("edits(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

func TestWord(t *testing.T) {
	known := []string{"half_life", "hop", "key", "name", "on", "window"}
	for word, want := range map[string]string{
		"half_live": "half_life", "widow": "window", "Window": "window", "naem": "name", "HOP": "hop", "of": "on",
		"zebra": "", "": "", "windowwindowwindowwindowwindowwindowwindowwindowwindowwindowwindow": "",
	} {
		if got := Word(word, known); got != want {
			t.Errorf("Word(%q) = %q, want %q", word, got, want)
		}
	}
}
