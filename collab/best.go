package collab

import "slices"

// Best keeps the items with the greatest scores among many. Equal scores stand in the order in which
// they were added, so items that come in ascending order tie by number.
type Best struct {
	most    int
	items   []uint32
	scores  []float32
	bound   float32 // once twice as many are there, what is not above it is none of the best
	bounded bool
}

// NewBest returns a Best of at most most items.
func NewBest(most int) *Best { return &Best{most: most} }

// Reset forgets everything.
func (b *Best) Reset() { b.items, b.scores, b.bounded = b.items[:0], b.scores[:0], false }

// Add offers an item. A score that is not a number is below all others.
func (b *Best) Add(item uint32, score float32) {
	if b.bounded && !(score > b.bound) {
		return
	}
	b.items, b.scores = append(b.items, item), append(b.scores, score)
	if len(b.items) >= 2*b.most+64 {
		b.cut()
	}
}

// Items are the best, best first. They are Best's own until the next call.
func (b *Best) Items() []uint32 {
	b.cut()
	return b.items
}

// cut brings the items into order and drops all but the best.
func (b *Best) cut() {
	type scored struct {
		item  uint32
		score float32
	}
	all := make([]scored, len(b.items))
	for k := range all {
		all[k] = scored{b.items[k], b.scores[k]}
	}
	slices.SortStableFunc(all, func(x, y scored) int {
		switch {
		case x.score > y.score || x.score == x.score && y.score != y.score:
			return -1
		case y.score > x.score || y.score == y.score && x.score != x.score:
			return 1
		}
		return 0
	})
	all = all[:min(len(all), b.most)]
	b.items, b.scores = b.items[:0], b.scores[:0]
	for _, s := range all {
		b.items, b.scores = append(b.items, s.item), append(b.scores, s.score)
	}
	if b.bounded = len(all) > 0 && len(all) == b.most; b.bounded {
		b.bound = all[len(all)-1].score
	}
}
