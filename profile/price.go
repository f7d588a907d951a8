package profile

import (
	"slices"
	"sort"
)

// mostPrices is how many prices a visitor's level goes by: those of what was taken last.
const mostPrices = 64

// spending is what a visitor takes, by its price when it was taken.
type spending struct {
	sum    float64
	count  int
	latest []float64 // the newest mostPrices, in a ring
}

func (s *spending) add(price float64) {
	if len(s.latest) < mostPrices {
		s.latest = append(s.latest, price)
	} else {
		s.latest[s.count%mostPrices] = price
	}
	s.sum, s.count = s.sum+price, s.count+1
}

// median is that of the latest prices, the mean of the two in the middle when their number is even.
func (s *spending) median() float64 {
	list := slices.Sorted(slices.Values(s.latest))
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// prices are sorted.
type prices []float64

// percentile is the share of prices below one, those equal to it by half: 0 to 1. There is at least
// one price.
func (p prices) percentile(price float64) float64 {
	below := sort.SearchFloat64s(p, price)
	upTo := below + sort.Search(len(p)-below, func(i int) bool { return p[below+i] > price })
	return float64(below+upTo) / float64(2*len(p))
}
