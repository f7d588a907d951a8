package factors

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func tiny() Options {
	return Options{Size: Size{Users: 300, Items: 250, Entries: 5000, Dim: 8, Folds: 100, Square: 64}, Seed: 7, Now: time.Now}
}

// TestRun measures each part as shortly as can be.
func TestRun(t *testing.T) {
	for part, metrics := range map[string][]string{
		FoldIn: {"foldin_64_p50", "foldin_64_p99", "foldin_128_p50", "foldin_128_p99"},
		IALS:   {"ials_epoch"},
	} {
		o := tiny()
		o.Parts = []string{part}
		result, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if result.Bench != Name || len(result.Lines) != len(metrics) {
			t.Fatalf("result %+v, want the metrics %v", result, metrics)
		}
		for i, l := range result.Lines {
			if l.Metric != metrics[i] || l.Unit == "" || l.Bound == "" || !(l.Ratio > 0) || l.Limits[0] <= 0 {
				t.Errorf("line %d is %+v, want the metric %s", i, l, metrics[i])
			}
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for want, change := range map[string]func(o *Options){
		`there is no part "write"; the parts are foldin, ials`: func(o *Options) { o.Parts = []string{"write"} },
		"no part is named":                          func(o *Options) { o.Parts = []string{} },
		"Options need Now":                          func(o *Options) { o.Now = nil },
		"users is 1; it must be in 2 to":            func(o *Options) { o.Users = 1 },
		"entries is 20000; it must be in 300 to 18": func(o *Options) { o.Entries = 20_000 },
		"workers is -1; it must be in 1 to 1024":    func(o *Options) { o.Workers = -1 },
	} {
		o := tiny()
		change(&o)
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, tiny()); !errors.Is(err, context.Canceled) {
		t.Errorf("of a context that has ended: %v", err)
	}
}

// TestMatrix has the size that was asked for, and the seed decides.
func TestMatrix(t *testing.T) {
	o := tiny()
	m, err := o.matrix()
	if err != nil {
		t.Fatal(err)
	}
	if m.Users != o.Users || m.Items != o.Items || len(m.Item) != o.Entries {
		t.Errorf("%d × %d with %d entries", m.Users, m.Items, len(m.Item))
	}
	same, err := o.matrix()
	o.Seed++
	other, err2 := o.matrix()
	if err != nil || err2 != nil || !slices.Equal(same.Item, m.Item) || slices.Equal(other.Item, m.Item) {
		t.Error("the seed does not decide")
	}
}
