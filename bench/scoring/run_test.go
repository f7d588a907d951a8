package scoring

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestRun measures a small world; where there is a C compiler, the scores are compared too.
func TestRun(t *testing.T) {
	var said strings.Builder
	o := Options{Size: Small(), Seed: 7, Now: time.Now, Say: func(format string, _ ...any) { said.WriteString(format) }}
	result, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, l := range result.Lines {
		seen[l.Metric] = true
		if !(l.Value > 0) || l.Bound == "" {
			t.Errorf("%s takes %v %s against %q", l.Metric, l.Value, l.Unit, l.Bound)
		}
	}
	for _, metric := range []string{"deepfm", "deepfm_shared", "deepfm_halves", "deepfm_halves_from_rows", "fm", "lr"} {
		if !seen[metric] {
			t.Errorf("%s was not measured", metric)
		}
	}
	if !strings.Contains(said.String(), "scores") && !strings.Contains(said.String(), "not measured") {
		t.Errorf("neither compared with C, nor told why not: %q", said.String())
	}
	var text bytes.Buffer
	if err := result.WriteText(&text); err != nil || !strings.Contains(text.String(), "deepfm_halves") {
		t.Errorf("printed %q, %v", text.String(), err)
	}
}

func TestOptions(t *testing.T) {
	for name, change := range map[string]func(o *Options){
		"clock":  func(o *Options) { o.Now = nil },
		"rows":   func(o *Options) { o.Rows = 0 },
		"fields": func(o *Options) { o.Fields = 1 },
		"words":  func(o *Options) { o.Words = 0 },
		"dim":    func(o *Options) { o.Dim = 8 },
		"size":   func(o *Options) { o.Fields, o.Words, o.Dim = 200, 1_000_000, 16 },
		"widths": func(o *Options) { o.Widths = []int{33} },
		"layers": func(o *Options) { o.Widths = nil },
		"turns":  func(o *Options) { o.Turns = 1 },
	} {
		o := Options{Size: Small(), Now: time.Now}
		change(&o)
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrOptions) {
			t.Errorf("wrong %s: %v", name, err)
		}
	}
}
