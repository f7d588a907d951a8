package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// script is a part whose limits and systems follow a list of runs.
type script struct {
	runs []scripted
	done []string // what was measured, in order
	n    int      // runs begun
}

type scripted struct {
	limits [2]float64
	value  float64
	err    error // of the system
}

func (s *script) part() *part {
	after := false
	return &part{
		name: "p",
		bounds: []bound{
			{"ceiling", func(_ context.Context, d time.Duration) (map[string]float64, error) {
				s.done = append(s.done, fmt.Sprint("limit ", d))
				limit := s.runs[s.n].limits[0]
				if after {
					limit = s.runs[s.n].limits[1]
					s.n++
				}
				after = !after
				return map[string]float64{"rate": limit}, nil
			}},
		},
		system: func(_ context.Context, d time.Duration) ([]figure, error) {
			s.done = append(s.done, fmt.Sprint("system ", d))
			run := s.runs[s.n]
			if fatal(run.err) {
				after = false
				s.n++
			}
			return []figure{{metric: "rate", value: run.value, unit: "x/s"}}, run.err
		},
	}
}

func TestARunRepeatsUntilItsLimitsAgree(t *testing.T) {
	behind := fmt.Errorf("%w: by a lot", errBehind)
	broken := errors.New("broken")
	for _, tt := range []struct {
		name    string
		runs    []scripted
		want    float64 // value kept
		taken   int     // runs
		warning string
		err     error
	}{
		{"the first agrees", []scripted{{limits: [2]float64{100, 115}, value: 50}}, 50, 1, "", nil},
		{"down as well as up", []scripted{{limits: [2]float64{115, 100}, value: 50}}, 50, 1, "", nil},
		{"the third agrees", []scripted{
			{limits: [2]float64{100, 116}, value: 1}, {limits: [2]float64{116, 100}, value: 2}, {limits: [2]float64{100, 100}, value: 3}}, 3, 3, "", nil},
		{"none agrees", []scripted{
			{limits: [2]float64{100, 200}, value: 1}, {limits: [2]float64{100, 130}, value: 2}, {limits: [2]float64{140, 100}, value: 3},
			{limits: [2]float64{0, 100}, value: 4}, {limits: [2]float64{100, 150}, value: 5}}, 2, 5, "differ by 30 % in the steadiest of 5", nil},
		{"a late run is taken again", []scripted{{limits: [2]float64{1, 1}, value: 1, err: behind}, {limits: [2]float64{100, 100}, value: 2}}, 2, 2, "", nil},
		{"a late run is no steadiest one", []scripted{
			{limits: [2]float64{1, 1}, err: behind}, {limits: [2]float64{1, 1}, err: behind}, {limits: [2]float64{1, 2}, value: 3},
			{limits: [2]float64{1, 1}, err: behind}, {limits: [2]float64{1, 1}, err: behind}}, 3, 5, "differ by 100 %", nil},
		{"all late", []scripted{
			{limits: [2]float64{1, 2}, value: 1, err: behind}, {limits: [2]float64{1, 1}, value: 2, err: behind}, {limits: [2]float64{1, 3}, value: 3, err: behind},
			{limits: [2]float64{1, 2}, value: 4, err: behind}, {limits: [2]float64{1, 2}, value: 5, err: behind}}, 2, 5, "in each of 5 runs the load generator fell behind its schedule: by a lot", nil},
		{"an error ends it", []scripted{{limits: [2]float64{1, 2}, value: 1}, {err: broken}}, 0, 2, "", broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{runs: tt.runs}
			lines, err := s.part().run(t.Context(), time.Second, quiet)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if s.n != tt.taken {
				t.Errorf("%d runs, want %d", s.n, tt.taken)
			}
			if tt.err != nil {
				return
			}
			if len(lines) != 1 || lines[0].Value != tt.want {
				t.Fatalf("lines %+v, want the one with value %v", lines, tt.want)
			}
			if got := lines[0].Warning; !strings.Contains(got, tt.warning) || (got == "") != (tt.warning == "") {
				t.Errorf("warning %q, want %q", got, tt.warning)
			}
		})
	}
}

func TestTheSystemIsMeasuredBetweenItsLimits(t *testing.T) {
	s := &script{runs: []scripted{{limits: [2]float64{100, 100}, value: 50}}}
	if _, err := s.part().run(t.Context(), time.Second, quiet); err != nil {
		t.Fatal(err)
	}
	if want := []string{"limit 500ms", "system 1s", "limit 500ms"}; !slices.Equal(s.done, want) {
		t.Errorf("measured %q, want %q", s.done, want)
	}
}

// TestSeveralBounds: each bound of a metric has a line, in order; measured again in reverse.
func TestSeveralBounds(t *testing.T) {
	var order []string
	named := func(name string, metrics map[string]float64) bound {
		return bound{name, func(context.Context, time.Duration) (map[string]float64, error) {
			order = append(order, name)
			return metrics, nil
		}}
	}
	p := &part{name: "p", bounds: []bound{named("tight", map[string]float64{"rate": 100}), named("loose", map[string]float64{"rate": 400, "wait": 1})},
		system: func(context.Context, time.Duration) ([]figure, error) {
			order = append(order, "system")
			return []figure{{metric: "rate", value: 80}, {metric: "wait", value: 2, less: true}, {metric: "share", value: 50, target: &target{"all", 100}}}, nil
		}}
	lines, err := p.run(t.Context(), time.Second, quiet)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lines {
		got = append(got, fmt.Sprint(l.Metric, " ", l.Bound, " ", l.Ratio))
	}
	if want := []string{"rate tight 0.8", "rate loose 0.2", "wait loose 0.5", "share all 0.5"}; !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	if want := []string{"tight", "loose", "system", "loose", "tight"}; !slices.Equal(order, want) {
		t.Errorf("measured %q, want %q", order, want)
	}
}

func TestABoundThatFails(t *testing.T) {
	broken := errors.New("broken")
	p := &part{name: "p", bounds: []bound{{"b", func(context.Context, time.Duration) (map[string]float64, error) { return nil, broken }}}}
	if _, err := p.run(t.Context(), time.Second, quiet); !errors.Is(err, broken) || !strings.Contains(err.Error(), `p: bound "b"`) {
		t.Errorf("error %v", err)
	}
}
