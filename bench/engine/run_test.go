package engine

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/bench"
)

// tiny is the least that Run takes.
func tiny() Size {
	return Size{Events: 20_000, Users: 300, Items: 200, ReadItems: 1000, ReadPairs: 3000, Reads: 100}
}

func tinyOptions(parts ...string) Options {
	return Options{Size: tiny(), Parts: parts, Seed: 7, Duration: bench.MinDuration, Now: time.Now}
}

// TestRun measures each part as shortly as can be. That the engine and the bounds come to the same
// values is Run's own business: it fails otherwise.
func TestRun(t *testing.T) {
	for part, metrics := range map[string][]string{
		Fold: {"fold", "fold", "fold_with_ids", "fold_event", "fold_keys", "fold_bytes_per_key", "fold_peak"},
		Read: {"read_p50", "read_p99"},
		Wait: {"wait_rate", "wait_p50", "wait_p50", "wait_p50", "wait_p99", "wait_p99", "wait_p99", "wait_p999", "wait_p999", "wait_p999"},
	} {
		t.Run(part, func(t *testing.T) {
			result, err := Run(t.Context(), tinyOptions(part))
			if err != nil {
				t.Fatal(err)
			}
			if result.Bench != Name || len(result.Lines) != len(metrics) {
				t.Fatalf("result %+v, want the metrics %v", result, metrics)
			}
			for i, l := range result.Lines {
				if l.Metric != metrics[i] || l.Unit == "" || l.Bound == "" {
					t.Errorf("line %d is %+v, want the metric %s", i, l, metrics[i])
				}
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(o *Options)
		want   string
	}{
		{"an unknown part", func(o *Options) { o.Parts = []string{"write"} }, `there is no part "write"; the parts are fold, read, wait`},
		{"no part", func(o *Options) { o.Parts = []string{} }, "no part is named"},
		{"no clock", func(o *Options) { o.Now = nil }, "Options need Now"},
		{"too short", func(o *Options) { o.Duration = 1 }, "a duration of 1ns is not in 50ms to 1m0s"},
		{"too few events", func(o *Options) { o.Events = 1 }, "events is 1; it must be in 1000 to"},
		{"fewer pairs than items", func(o *Options) { o.ReadPairs = 999 }, "read-pairs is 999; it must be in 1000 to"},
	} {
		o := tinyOptions()
		c.change(&o)
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, part := range Parts() {
		if _, err := Run(ended, tinyOptions(part)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v after the context ended", part, err)
		}
	}
}

func TestDefinitionsAreSound(t *testing.T) {
	defs := definitions()
	if len(defs) != columns {
		t.Fatalf("%d definitions, want %d", len(defs), columns)
	}
	keys := map[string]int{}
	for i := range defs {
		for _, f := range defs[i].Check() {
			t.Errorf("%s: %s", defs[i].Name, f.Message)
		}
		keys[strings.Join(defs[i].Key, ",")]++
	}
	for key, n := range keys {
		if n < 2 {
			t.Errorf("key %s has %d features, want two or more", key, n)
		}
	}
	if len(keys) != 4 {
		t.Errorf("keys %v, want four kinds", keys)
	}
}

func TestSame(t *testing.T) {
	row := func(change func(row []float64)) []float64 {
		row := []float64{1, 2, 3, 4, 5, 6, math.NaN(), 8, 9, 10}
		change(row)
		return row
	}
	none := func([]float64) {}
	for _, c := range []struct {
		name   string
		change func(row []float64)
		want   string
	}{
		{"equal", none, ""},
		{"rounding", func(row []float64) { row[itemDecayed] *= 1 + 1e-12 }, ""},
		{"a value where null is", func(row []float64) { row[pairLast] = 0 }, "has 0 for pair_last_time where the bound has NaN"},
		{"null where a value is", func(row []float64) { row[userAge] = math.NaN() }, "has NaN for user_age where the bound has 2"},
		{"another count", func(row []float64) { row[tasteCount]++ }, "has 10 for taste_count_1h where the bound has 9"},
	} {
		err := same(row(c.change), row(none))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
