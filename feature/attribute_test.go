package feature

import (
	"encoding/json"
	"testing"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/store/mem"
)

// TestKeyText: values are one key exactly when they are the same, however a number is written.
func TestKeyText(t *testing.T) {
	for _, c := range []struct {
		one, other any
		same       bool
	}{
		{"1", json.Number("1"), false},
		{"true", true, false},
		{json.Number("1"), true, false},
		{json.Number("1"), json.Number("1.0"), true},
		{json.Number("-7"), json.Number("-70e-1"), true},
		{json.Number("1000000"), json.Number("1e6"), true},
		{json.Number("1000000"), json.Number("1000000.0"), true},
		{json.Number("1000000"), json.Number("1000001"), false},
		{json.Number("9007199254740992"), json.Number("9007199254740993"), true}, // one float64
		{json.Number("9007199254740992"), json.Number("9007199254740994"), false},
		{json.Number("100000000000000000000000"), json.Number("1e23"), true},
		{json.Number("0.1"), json.Number("1e-1"), true},
	} {
		if same := keyText(c.one) == keyText(c.other); same != c.same {
			t.Errorf("%#v is %q, %#v is %q; the same should be %t", c.one, keyText(c.one), c.other, keyText(c.other), c.same)
		}
	}
	engine := New([]Definition{{Name: "f", Key: []string{"context.n"}, Agg: Count}}, Options{NewTable: mem.New})
	for _, n := range []json.Number{"1000000", "1e6"} {
		engine.Apply(1, 0, &freshet.Event{Name: "click", Time: 1, Context: map[string]any{"n": n}})
	}
	row := make([]Value, 1)
	reader := engine.Reader()
	reader.Start(1, 1, map[string]any{"n": json.Number("1000000.0")})
	if reader.Row(0, row); row[0].Value != 2 {
		t.Errorf("%v events under a million, want 2", row[0].Value)
	}
}
