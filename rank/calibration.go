package rank

import (
	"fmt"
	"math"
	"slices"
)

// Calibration makes the log-odds of a model those of what happens. It never lets a row with greater
// odds have smaller ones. The zero Calibration changes nothing.
//
// With knots it is isotonic (Zadrozny and Elkan, "Transforming classifier scores into accurate
// multiclass probability estimates", KDD 2002, §3), drawn straight from knot to knot, and going on
// with slope 1 beyond the first and the last, since a step would make all rows beyond it alike.
// Without knots it is Slope·x + Shift (Platt, "Probabilistic outputs for support vector machines",
// 1999, §2.1), and a Slope of 0 stands for 1.
type Calibration struct {
	Slope, Shift float64   // Slope ≥ 0
	Knots        []float64 // log-odds of the model, strictly ascending
	Odds         []float64 // by knot: those that it stands for, never descending
}

// Bounds of a calibration.
const (
	MaxCalibrationKnots = 1000
	MaxSlope            = 100
)

// MaxOdds bounds log-odds: beyond it a probability is 0 or 1 in every form of number.
const MaxOdds = 1000

// Of returns the calibrated log-odds, within ±MaxOdds. What is no number has the least.
func (c *Calibration) Of(x float64) float64 {
	if math.IsNaN(x) {
		return -MaxOdds
	}
	x = clamp(x)
	last := len(c.Knots) - 1
	switch {
	case last < 0 && c.Slope == 0:
		return clamp(x + c.Shift)
	case last < 0:
		return clamp(float64(c.Slope*x) + c.Shift)
	case x <= c.Knots[0]:
		return clamp(c.Odds[0] + (x - c.Knots[0]))
	case x >= c.Knots[last]:
		return clamp(c.Odds[last] + (x - c.Knots[last]))
	}
	above, _ := slices.BinarySearch(c.Knots, x)
	part := (x - c.Knots[above-1]) / (c.Knots[above] - c.Knots[above-1])
	return clamp(c.Odds[above-1] + float64(part*(c.Odds[above]-c.Odds[above-1])))
}

func clamp(x float64) float64 { return min(MaxOdds, max(-MaxOdds, x)) }

// check says what is wrong with a calibration.
func (c *Calibration) check() error {
	if len(c.Knots) != len(c.Odds) || len(c.Knots) > MaxCalibrationKnots {
		return fmt.Errorf("%w: a calibration of %d knots and %d odds; as many of each, at most %d, are accepted", ErrRange, len(c.Knots), len(c.Odds), MaxCalibrationKnots)
	}
	if !(c.Slope >= 0 && c.Slope <= MaxSlope) || !(math.Abs(c.Shift) <= MaxOdds) {
		return fmt.Errorf("%w: a calibration by the slope %v and the shift %v", kindOf(c.Slope, c.Shift), c.Slope, c.Shift)
	}
	for i, knot := range c.Knots {
		odds := c.Odds[i]
		if !(math.Abs(knot) <= MaxOdds) || !(math.Abs(odds) <= MaxOdds) || i > 0 && (knot <= c.Knots[i-1] || odds < c.Odds[i-1]) {
			return fmt.Errorf("%w: knot %d of a calibration is %v for %v: not within ±%d, or out of order", kindOf(knot, odds), i, odds, knot, MaxOdds)
		}
	}
	return nil
}

// kindOf is the kind of error that one of some numbers makes.
func kindOf(numbers ...float64) error {
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return ErrNonFinite
		}
	}
	return ErrRange
}
