package bench

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Result is what a workload measured. Its JSON form is part of the command line's interface.
type Result struct {
	Bench string `json:"bench"` // the workload's name
	Lines []Line `json:"lines"`
}

// Line is one figure against one bound. A metric with several bounds has a line for each, the
// tightest first; value and latencies are then the same in all of them.
type Line struct {
	Metric string     `json:"metric"`
	Ratio  float64    `json:"ratio"` // how much of the bound is reached; more is better
	Value  float64    `json:"value"` // in Unit; of a latency the median, of the schedule's lag the 99th percentile
	Unit   string     `json:"unit"`
	Bound  string     `json:"bound"`  // what the limits are of
	Limits [2]float64 `json:"limits"` // the bound before and after, in Unit
	P50    *float64   `json:"p50_ms"` // null for what is no latency
	P99    *float64   `json:"p99_ms"`

	// Warning says why the line deserves doubt; "" if it does not.
	Warning string `json:"warning,omitempty"`
}

// newLine relates a figure to a bound.
func newLine(f *figure, bound string, limits [2]float64) Line {
	line := Line{Metric: f.metric, Value: rounded(f.value), Unit: f.unit, Bound: bound, Limits: [2]float64{rounded(limits[0]), rounded(limits[1])}, Warning: f.warning}
	mean := (limits[0] + limits[1]) / 2
	if f.less {
		line.Ratio = rounded(mean / max(f.value, resolutionMS))
	} else if mean > 0 {
		line.Ratio = rounded(f.value / mean)
	}
	if f.took != nil {
		p50, p99 := rounded(millis(f.took.at(0.5))), rounded(millis(f.took.at(0.99)))
		line.P50, line.P99 = &p50, &p99
	}
	return line
}

// Against relates a figure to a bound that was measured before and after it; less says that less
// is better. A bound of one measurement has equal limits.
func Against(metric string, value float64, unit string, less bool, bound string, limits [2]float64) Line {
	return newLine(&figure{metric: metric, value: value, unit: unit, less: less}, bound, limits)
}

// resolutionMS is the least latency told apart from none, in milliseconds.
const resolutionMS = 1e-3

// rounded keeps five significant digits: more would be noise.
func rounded(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64)
	if err != nil {
		panic("BUG: a formatted number does not parse: " + err.Error())
	}
	return r
}

// WriteText writes the lines for people: the ratio first, in columns.
func (r *Result) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rows := [][]string{{"ratio", "metric", "value", "p50", "p99", "limits", "bound"}}
	for i := range r.Lines {
		l := &r.Lines[i]
		rows = append(rows, []string{
			fmt.Sprintf("%.2f", l.Ratio), l.Metric, number(l.Value) + " " + l.Unit, latency(l.P50), latency(l.P99),
			number(l.Limits[0]) + " – " + number(l.Limits[1]), l.Bound,
		})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintln(table, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for i := range r.Lines {
		if l := &r.Lines[i]; l.Warning != "" {
			if _, err := fmt.Fprintf(w, "warning: %s: %s\n", l.Metric, l.Warning); err != nil {
				return err
			}
		}
	}
	return nil
}

func latency(ms *float64) string {
	if ms == nil {
		return "·"
	}
	return number(*ms) + " ms"
}

// number writes a figure with three digits that mean something, thousands apart.
func number(x float64) string {
	switch {
	case x >= 999.5: // and would be rounded to it
		digits := strconv.FormatFloat(x, 'f', 0, 64)
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
		return digits
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}
