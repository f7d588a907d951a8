package eval

import (
	"math"
	"slices"
)

// AUC is the probability that a positive scores above a negative, both drawn at random; a tie
// counts half (the Mann–Whitney statistic over the number of pairs). labels[i] says whether
// scores[i] belongs to a positive; the lengths must be equal. ok is false, and the value 0,
// when there is no pair of a positive and a negative, or when a score is NaN and so has no
// order. It takes O(n log n) and sums ranks exactly up to 2^26 scores.
func AUC(scores []float64, labels []bool) (auc float64, ok bool) {
	order := make([]int, len(scores))
	for i, s := range scores {
		if math.IsNaN(s) {
			return 0, false
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] < scores[b]:
			return -1
		case scores[a] > scores[b]:
			return 1
		}
		return 0
	})
	positives, ranks := 0, 0.0 // ranks: the sum of the positives' ranks, equal scores sharing their mean
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && scores[order[to]] == scores[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			if labels[i] {
				positives++
				ranks += float64(from+to+1) / 2
			}
		}
		from = to
	}
	p, n := float64(positives), float64(len(order)-positives)
	if positives == 0 || n == 0 {
		return 0, false
	}
	return (ranks - p*(p+1)/2) / (p * n), true
}

// AUCOfOne is [AUC] where scores[positive] belongs to the only positive, in linear time.
func AUCOfOne(scores []float64, positive int) (auc float64, ok bool) {
	own, won := scores[positive], 0.0
	for i, s := range scores {
		switch {
		case math.IsNaN(s):
			return 0, false
		case i == positive:
		case s < own:
			won++
		case s == own:
			won += 0.5
		}
	}
	if len(scores) < 2 {
		return 0, false
	}
	return won / float64(len(scores)-1), true
}
