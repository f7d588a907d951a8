package candidates

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/freshet-rec/freshet/bench"
)

func tinyOptions(parts ...string) Options {
	return Options{Size: Size{Vectors: 3000, Dim: 16, Clusters: 20, Queries: 20, N: 20}, Parts: parts, Seed: 7, Duration: bench.MinDuration, Now: time.Now}
}

// TestRun measures each part as shortly as can be.
func TestRun(t *testing.T) {
	for part, metrics := range map[string][]string{
		"exact":  {"exact_float32", "exact_int8"},
		"approx": {"approx", "approx_tenth", "approx_recall", "approx_build"},
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
				if l.Metric != metrics[i] || l.Unit == "" || l.Bound == "" || !(l.Ratio > 0) {
					t.Errorf("line %d is %+v, want the metric %s", i, l, metrics[i])
				}
				if l.Metric == "approx_recall" && (l.Value < 0.9 || l.Value > 1) {
					t.Errorf("the recall is %v", l.Value)
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
		{"an unknown part", func(o *Options) { o.Parts = []string{"write"} }, `there is no part "write"; the parts are exact, approx`},
		{"no part", func(o *Options) { o.Parts = []string{} }, "no part is named"},
		{"no clock", func(o *Options) { o.Now = nil }, "Options need Now"},
		{"too short", func(o *Options) { o.Duration = 1 }, "a duration of 1ns is not in 50ms to 1m0s"},
		{"too few vectors", func(o *Options) { o.Size.Vectors = 1 }, "vectors is 1; it must be in 1000 to"},
		{"more hits than vectors", func(o *Options) { o.N = 3001 }, "hits is 3001; it must be in 1 to 3000"},
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

func TestVectorsDependOnTheSeed(t *testing.T) {
	o := tinyOptions()
	vectors, queries := o.Vectors()
	again, _ := o.Vectors()
	o.Seed++
	other, _ := o.Vectors()
	if len(vectors) != 3000*16 || len(queries) != 20*16 || !slices.Equal(vectors, again) || slices.Equal(vectors, other) {
		t.Errorf("%d and %d numbers, equal for equal seeds: %v, and for others: %v", len(vectors), len(queries), slices.Equal(vectors, again), slices.Equal(vectors, other))
	}
}

func TestNPY(t *testing.T) {
	var b bytes.Buffer
	if err := WriteNPY(&b, []float32{1, 2, 3, -4, 5, 6}, 2); err != nil {
		t.Fatal(err)
	}
	head, numbers, _ := strings.Cut(b.String(), "\n")
	if want := "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"; strings.TrimRight(head, " ") != want || len(head) != 127 {
		t.Errorf("the head has %d bytes: %q, want %q", len(head), head, want)
	}
	if len(numbers) != 24 || numbers[12:16] != "\x00\x00\x80\xc0" {
		t.Errorf("the numbers are %x", numbers)
	}
}
