package eval

import "math"

// Ahead compares two measures of the same questions: ahead is the mean of own less other, and it lies
// within ahead ± bound with a confidence of 95 %, by the normal law of means. With fewer than two
// questions bound is +Inf. len(own) must be len(other). It draws nothing, so that a server can say it
// while requests come; [Paired] asks no law.
func Ahead(own, other []float64) (ahead, bound float64) {
	n := float64(len(own))
	if n < 2 {
		return 0, math.Inf(1)
	}
	for i := range own {
		ahead += own[i] - other[i]
	}
	ahead /= n
	squares := 0.0
	for i := range own {
		d := own[i] - other[i] - ahead
		squares += d * d
	}
	return ahead, 1.96 * math.Sqrt(squares/(n-1)/n)
}
