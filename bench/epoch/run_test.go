package epoch

import (
	"errors"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	result, err := Run(t.Context(), Options{Size: Small(), Seed: 1, Now: time.Now, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	metrics := map[string]bool{}
	for _, line := range result.Lines {
		metrics[line.Metric] = true
		if !(line.Value > 0) {
			t.Errorf("%s is %v", line.Metric, line.Value)
		}
	}
	if !metrics["deepfm_epoch"] || !metrics["memory_4x"] {
		t.Errorf("measured: %v", metrics)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, o := range map[string]Options{"no clock": {Size: Small()}, "no rows": {Size: Size{Turns: 1}, Now: time.Now}} {
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
