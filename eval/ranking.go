package eval

import (
	"math"
	"slices"
)

// HitRate is 1 when a relevant item stands among the first k, else 0. gains[i] is the gain of
// the item at rank i+1.
func HitRate(gains []float64, k int) float64 {
	if firstRelevant(gains, k) > 0 {
		return 1
	}
	return 0
}

// MRR is the reciprocal of the rank of the first relevant item, 0 when that rank is above k.
// gains[i] is the gain of the item at rank i+1.
func MRR(gains []float64, k int) float64 {
	if rank := firstRelevant(gains, k); rank > 0 {
		return 1 / float64(rank)
	}
	return 0
}

// firstRelevant is the rank of the first gain above 0 among the first k, 0 when there is none.
func firstRelevant(gains []float64, k int) int {
	for i, gain := range gains[:clip(k, len(gains))] {
		if gain > 0 {
			return i + 1
		}
	}
	return 0
}

// NDCG is the discounted gain of the first k items over that of the best possible k:
//
//	DCG = Σ gain(rank) / log2(rank + 1)      rank = 1 … k
//
// with the gain as given, not 2^gain − 1 (Järvelin and Kekäläinen, "Cumulated gain-based
// evaluation of IR techniques", TOIS 2002, with the discount of Burges et al., ICML 2005).
// gains[i] is the gain of the item at rank i+1; relevant holds the gains of everything there
// was to find, listed or not, in any order. The result is in [0, 1] if every gain above 0 in
// gains is also in relevant; it is 0 when relevant has no gain above 0.
func NDCG(gains, relevant []float64, k int) float64 {
	best := slices.Clone(relevant)
	slices.SortFunc(best, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	ideal := dcg(best, k)
	if ideal <= 0 {
		return 0
	}
	return dcg(gains, k) / ideal
}

func dcg(gains []float64, k int) float64 {
	sum := 0.0
	for i, gain := range gains[:clip(k, len(gains))] {
		sum += float64(gain * discount(i+1))
	}
	return sum
}

// discount is the weight of a rank: 1, 0.63, 0.5, …
func discount(rank int) float64 { return 1 / math.Log2(float64(rank+1)) }

// clip is k within [0, n].
func clip(k, n int) int { return min(max(k, 0), n) }
