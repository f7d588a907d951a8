package eval

import (
	"math"
	"slices"
)

// AUCError is the standard error of [AUC] when rows are independent, for an interval by [Around]
// (DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver
// operating characteristic curves", Biometrics 1988; from ranks as in Sun and Xu, IEEE Signal
// Processing Letters 2014):
//
//	σ² = var(share of negatives below a positive) / positives
//	   + var(share of positives above a negative) / negatives
//
// ok is false as in AUC, and with fewer than two positives or negatives. Rows of one visitor are
// not independent; where there are many of each, an interval that draws visitors is wider and right.
// It takes O(n log n).
func AUCError(scores []float64, labels []bool) (standardError float64, ok bool) {
	var positive, negative []float64
	for i, s := range scores {
		switch {
		case math.IsNaN(s):
			return 0, false
		case labels[i]:
			positive = append(positive, s)
		default:
			negative = append(negative, s)
		}
	}
	if len(positive) < 2 || len(negative) < 2 {
		return 0, false
	}
	slices.Sort(positive)
	slices.Sort(negative)
	return math.Sqrt(spread(positive, negative)/float64(len(positive)) + spread(negative, positive)/float64(len(negative))), true
}

// spread is the variance, over one class, of the share of the other that is below each, ties
// counting half. Both are sorted. The share above has the same variance.
func spread(one, other []float64) float64 {
	sum, squares := 0.0, 0.0
	below, upTo := 0, 0 // of other: less than s, and at most s
	for _, s := range one {
		for below < len(other) && other[below] < s {
			below++
		}
		for upTo < len(other) && other[upTo] <= s {
			upTo++
		}
		share := float64(below+upTo) / float64(2*len(other))
		sum += share
		squares += share * share
	}
	n := float64(len(one))
	return max(0, (squares-sum*sum/n)/(n-1))
}
