package trial

import (
	"cmp"
	"slices"

	"github.com/freshet-rec/freshet"
)

// categories is the baseline of the most popular within what a visitor takes: with counts of
// positive events,
//
//	score(item) = Σ over its categories c of share of c in the visitor's · share of item in c
//
// which is the chance that the visitor's next event is on the item if it depends on the category
// alone; behind what has none, plain popularity. The zero value is ready to use.
type categories struct {
	numbers map[string]int
	of      [][]int   // by item: its categories
	counts  []float64 // by item
	total   []float64 // by category
	taken   map[freshet.Visitor][]float64

	list   []uint32
	scores []float64
}

// add counts one positive event; doc is the item's entry in the catalogue, nil for none.
func (c *categories) add(visitor freshet.Visitor, item uint32, doc *freshet.Item) {
	if c.numbers == nil {
		c.numbers, c.taken = map[string]int{}, map[freshet.Visitor][]float64{}
	}
	for int(item) >= len(c.of) {
		c.of, c.counts = append(c.of, nil), append(c.counts, 0)
	}
	if c.of[item] == nil && doc != nil {
		for _, name := range doc.Categories {
			n, known := c.numbers[name]
			if !known {
				n = len(c.numbers)
				c.numbers[name], c.total = n, append(c.total, 0)
			}
			c.of[item] = append(c.of[item], n)
		}
	}
	c.counts[item]++
	own := c.taken[visitor]
	for _, n := range c.of[item] {
		c.total[n]++
		for n >= len(own) {
			own = append(own, 0)
		}
		own[n]++
	}
	c.taken[visitor] = own
}

// top returns the k best items for a visitor that skip does not refuse. The slice is valid until the
// next call.
func (c *categories) top(visitor freshet.Visitor, k int, skip func(uint32) bool) []uint32 {
	own, all := c.taken[visitor], 0.0
	for _, n := range own {
		all += n
	}
	c.list = c.list[:0]
	for len(c.scores) < len(c.counts) {
		c.scores = append(c.scores, 0)
	}
	for item, count := range c.counts {
		if count == 0 || skip(uint32(item)) {
			continue
		}
		score := 0.0
		for _, n := range c.of[item] {
			if n < len(own) {
				score += own[n] / all * count / c.total[n]
			}
		}
		c.scores[item] = score
		c.list = append(c.list, uint32(item))
	}
	slices.SortStableFunc(c.list, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(c.scores[b], c.scores[a]), cmp.Compare(c.counts[b], c.counts[a]))
	})
	return c.list[:min(k, len(c.list))]
}
