package plot

import (
	"math"
	"strconv"
)

// scale maps values to heights, by ticks at round numbers.
type scale struct {
	low, high   float64 // the ends, which are ticks
	step        float64
	top, bottom float64 // where high and low are drawn
	percent     bool
}

// fullScale is below what share of the greatest value the least must lie for the scale to begin at 0;
// above it the differences, which are the point of a figure, would be flat lines.
const fullScale = 0.55

// newScale returns the scale for values from low to high with about so many ticks.
func newScale(low, high, ticks float64, percent bool) scale {
	if low >= 0 && low < fullScale*high {
		low = 0
	}
	if high-low < 1e-9*max(1, math.Abs(high)) { // all alike
		low, high = low-0.5*max(math.Abs(low), 0.1), high+0.5*max(math.Abs(high), 0.1)
	}
	rough := (high - low) / ticks
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * unit
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*unit >= rough {
			step = m * unit
			break
		}
	}
	return scale{low: step * math.Floor(low/step+1e-9), high: step * math.Ceil(high/step-1e-9), step: step, percent: percent}
}

// ticks are the values at which a line is drawn.
func (s *scale) ticks() (list []float64) {
	n := int(math.Round((s.high - s.low) / s.step))
	for i := range n + 1 {
		list = append(list, s.low+float64(i)*s.step)
	}
	return list
}

// y is where a value is drawn.
func (s *scale) y(v float64) float64 {
	return s.bottom - (s.bottom-s.top)*(v-s.low)/(s.high-s.low)
}

// text is a tick as it is written.
func (s *scale) text(v float64) string {
	if s.percent {
		return decimals(100*v, 100*s.step) + " %"
	}
	return decimals(v, s.step)
}

// value is a measured value as it is written: with more digits than the ticks have, but not more
// than a thousandth needs unless they are that near.
func (s *scale) value(v float64) string {
	if s.percent {
		return decimals(100*v, 100*near(s.step)) + " %"
	}
	return decimals(v, near(s.step))
}

// near is how near a value is told where ticks are a step apart.
func near(step float64) float64 { return min(step/10, max(step/100, 0.001)) }

// decimals writes v with as many digits behind the point as tell multiples of step apart.
func decimals(v, step float64) string {
	digits := 0
	for ; digits < 6 && math.Abs(step-math.Round(step)) > 1e-6*step; digits++ {
		step *= 10
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if v < 0 && text[0] == '-' {
		return "−" + text[1:]
	}
	return text
}
