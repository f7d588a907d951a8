package bench

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// fakeParts is a workload with a rate, a latency that deserves a warning, and a share.
func fakeParts() []part {
	return []part{{
		name: "rates",
		bounds: []bound{{"a bare loop", func(context.Context, time.Duration) (map[string]float64, error) {
			return map[string]float64{"rate": 20000}, nil
		}}},
		system: func(context.Context, time.Duration) ([]figure, error) {
			return []figure{{metric: "rate", value: 12345.678, unit: "events/s"}}, nil
		},
	}, {
		name: "waits",
		bounds: []bound{{"an empty <handler>", func(context.Context, time.Duration) (map[string]float64, error) {
			return map[string]float64{"wait": 0.5}, nil
		}}},
		system: func(context.Context, time.Duration) ([]figure, error) {
			times := took{time.Millisecond, 2 * time.Millisecond, 40 * time.Millisecond}
			return []figure{
				{metric: "wait", value: 2, unit: "ms", less: true, took: times, warning: "1 of 3 failed"},
				{metric: "share", value: 100, unit: "%", target: &target{"all", 100}},
			}, nil
		},
	}}
}

func TestJSONForm(t *testing.T) {
	result, err := measure(t.Context(), "fake", fakeParts(), time.Second, quiet)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		t.Fatal(err)
	}
	want := `{"bench":"fake","lines":[` +
		`{"metric":"rate","ratio":0.6173,"value":12346,"unit":"events/s","bound":"a bare loop","limits":[20000,20000],"p50_ms":null,"p99_ms":null},` +
		`{"metric":"wait","ratio":0.25,"value":2,"unit":"ms","bound":"an empty <handler>","limits":[0.5,0.5],"p50_ms":2,"p99_ms":40,"warning":"1 of 3 failed"},` +
		`{"metric":"share","ratio":1,"value":100,"unit":"%","bound":"all","limits":[100,100],"p50_ms":null,"p99_ms":null}]}` + "\n"
	want = strings.Replace(want, "0.6173,", "0.61728,", 1)
	if got.String() != want {
		t.Errorf("got  %swant %s", got.String(), want)
	}
}

func TestTextForm(t *testing.T) {
	result, err := measure(t.Context(), "fake", fakeParts(), time.Second, quiet)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := result.WriteText(&got); err != nil {
		t.Fatal(err)
	}
	want := `ratio  metric  value            p50       p99      limits           bound
0.62   rate    12,346 events/s  ·         ·        20,000 – 20,000  a bare loop
0.25   wait    2.000 ms         2.000 ms  40.0 ms  0.500 – 0.500    an empty <handler>
1.00   share   100 %            ·         ·        100 – 100        all
warning: wait: 1 of 3 failed
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

func TestRatios(t *testing.T) {
	for _, tt := range []struct {
		name   string
		figure figure
		limits [2]float64
		want   float64
	}{
		{"more is better", figure{value: 50}, [2]float64{90, 110}, 0.5},
		{"less is better", figure{value: 4, less: true}, [2]float64{1, 3}, 0.5},
		{"no time at all is the resolution", figure{value: 0, less: true}, [2]float64{0.01, 0.01}, 10},
		{"no bound", figure{value: 7}, [2]float64{}, 0},
	} {
		if got := newLine(&tt.figure, "b", tt.limits).Ratio; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for want, x := range map[string]float64{
		"0.000": 0, "0.123": 0.1234, "9.988": 9.9876, "12.3": 12.34, "123": 123.4, "999": 999.4, "1,000": 999.98, "12,346": 12345.678, "2,393,300": 2393300,
	} {
		if got := number(x); got != want {
			t.Errorf("%v is written %q, want %q", x, got, want)
		}
	}
}
