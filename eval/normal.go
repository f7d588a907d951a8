package eval

import "math"

// quantile is how many standard deviations around the mean of a normal distribution hold the
// share level, in (0, 1), of it: 1.96 for 0.95.
func quantile(level float64) float64 { return math.Sqrt2 * math.Erfinv(level) }

// Around is the normal interval of an estimate with this standard error: level of such intervals
// hold the truth when errors are normal, as those of means of many values are.
func Around(estimate, standardError, level float64) Interval {
	half := quantile(level) * standardError
	return Interval{estimate - half, estimate + half}
}

// Wilson is the score interval of a share of which positives of n were found: those shares that
// a test at this level would not refuse (E. B. Wilson, "Probable inference, the law of succession,
// and statistical inference", JASA 1927). Unlike estimate ± error it stays within [0, 1] and is
// sound for few positives and for none. With n = 0 it is [0, 1].
func Wilson(positives, n int, level float64) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	z, p, count := quantile(level), float64(positives)/float64(n), float64(n)
	scale := 1 / (1 + z*z/count)
	middle := (p + z*z/(2*count)) * scale
	half := z * math.Sqrt(p*(1-p)/count+z*z/(4*count*count)) * scale
	low, high := middle-half, middle+half
	if positives == 0 {
		low = 0 // rounding aside it is
	}
	if positives == n {
		high = 1
	}
	return Interval{max(0, low), min(1, high)}
}
