package recall

import (
	"context"
	"slices"
	"sync/atomic"
)

// peakBlock is how many items share a peak: with a million items there are 16,000 peaks, and of 200
// best in blocks of their own 13,000 values are looked at, which takes as long.
const peakBlock = 64

// peaked is a value for every item, at least 0, with a peak for every block of items, so that the
// best of all are found by looking at few of them, and the greatest values in their order. The zero
// peaked is empty and ready to use.
//
// Invariant: a peak is no less than any value of its block.
type peaked[N int64 | float64] struct {
	values []N // by item
	peaks  []N // by item / peakBlock
	some   int // values above 0
	lead   leaders
	adrift bool // lead is not kept: this is a copy that somebody changes for a while
	last   atomic.Pointer[bottom[N]]
}

// bottom is the value of the last of the n best that were found last. It says where to look, and
// changes nothing of what is found.
type bottom[N int64 | float64] struct {
	n     int
	value N
}

// grow makes room for an item.
func (p *peaked[N]) grow(item uint32) {
	for int(item) >= len(p.values) {
		p.values = append(p.values, 0)
	}
	for int(item)/peakBlock >= len(p.peaks) {
		p.peaks = append(p.peaks, 0)
	}
}

// add adds to the value of an item. What takes something away needs a settle afterwards, or the
// peak of the block stays too high.
func (p *peaked[N]) add(item uint32, by N) {
	p.grow(item)
	was := p.values[item]
	had := was > 0
	p.values[item] += by
	if !p.adrift {
		p.lead.change(item, float64(was), float64(p.values[item]))
	}
	switch has := p.values[item] > 0; {
	case has && !had:
		p.some++
	case had && !has:
		p.some--
	}
	if block := item / peakBlock; p.values[item] > p.peaks[block] {
		p.peaks[block] = p.values[item]
	}
}

// settle looks at all values of the blocks for which stale is set, every one when it is nil, and for
// new leaders when there are few left.
func (p *peaked[N]) settle(stale []bool) {
	for block := range p.peaks {
		if stale == nil || stale[block] {
			from := block * peakBlock
			p.peaks[block] = max(0, slices.Max(p.values[from:min(from+peakBlock, len(p.values))]))
		}
	}
	if !p.adrift && p.lead.thin() {
		p.elect()
	}
}

// elect looks for the leaders anew.
func (p *peaked[N]) elect() {
	list, err := p.above(context.Background(), 0, leadersKept, func(uint32) bool { return false })
	if err != nil {
		panic("BUG: a search that nothing ends has ended: " + err.Error())
	}
	p.lead.set(list)
}

// scale multiplies all values by a factor above 0.
func (p *peaked[N]) scale(factor N) {
	p.last.Store(nil)
	for i := range p.values {
		p.values[i] *= factor
	}
	for i := range p.peaks { // rounding keeps the order, so these are those of the new values
		p.peaks[i] *= factor
	}
	p.elect() // of those that rounding has made equal the first goes first
}

func (p *peaked[N]) clone() *peaked[N] {
	return &peaked[N]{values: slices.Clone(p.values), peaks: slices.Clone(p.peaks), some: p.some, adrift: true}
}

func (p *peaked[N]) clear() {
	clear(p.values)
	clear(p.peaks)
	p.some, p.lead = 0, leaders{}
}

// most is the greatest value, or somewhat more after values were taken away; 0 for none.
func (p *peaked[N]) most() (most N) {
	for _, peak := range p.peaks {
		most = max(most, peak)
	}
	return most
}

// top returns the n items with the highest values above 0, best first, ties by item number, without
// those that skip refuses.
func (p *peaked[N]) top(ctx context.Context, n int, skip func(uint32) bool) ([]scored, error) {
	if !p.adrift {
		if list, ok := p.lead.first(n, skip); ok {
			return list, ctx.Err()
		}
	}
	for least := p.least(n); ; least = 0 {
		list, err := p.above(ctx, least, n, skip)
		switch {
		case err != nil:
			return nil, err
		case len(list) < n && least > 0:
			continue
		case n > 0 && len(list) == n:
			p.last.Store(&bottom[N]{n, N(list[n-1].score)})
		}
		return list, nil
	}
}

// least is a value that n items probably reach: what the n-th had last time, or, where that is not
// known, a little less than the n-th highest peak. It is 0 where there are too few blocks for that
// to save anything.
func (p *peaked[N]) least(n int) N {
	if last := p.last.Load(); last != nil && last.n >= n {
		return last.value
	}
	k := n + n/4 + 32
	if 2*k > len(p.peaks) {
		return 0
	}
	high := best{n: k}
	for block, peak := range p.peaks {
		if peak > 0 {
			high.offer(scored{float64(peak), uint32(block)})
		}
	}
	if len(high.heap) < k {
		return 0
	}
	return N(high.heap[0].score)
}

// above is top among the blocks whose peak is at least so high.
func (p *peaked[N]) above(ctx context.Context, least N, n int, skip func(uint32) bool) ([]scored, error) {
	top := best{n: n}
	for block, peak := range p.peaks {
		if block%(checkEvery/peakBlock) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// Of equal values the first items go first, and those of blocks before this one are.
		if peak <= 0 || peak < least || len(top.heap) == n && (n <= 0 || float64(peak) <= top.heap[0].score) {
			continue
		}
		from := block * peakBlock
		for i, v := range p.values[from:min(from+peakBlock, len(p.values))] {
			if v <= 0 || v < least {
				continue
			}
			if c := (scored{float64(v), uint32(from + i)}); top.wants(c) && !skip(c.item) {
				top.offer(c)
			}
		}
	}
	return top.take(), nil
}

// descend tells of the items from the greatest value downwards, until a value is not worth a look. It
// reports false when it cannot go on that far and nothing is known of what is left.
func (p *peaked[N]) descend(worth func(value N) bool, look func(item uint32, value N)) (done bool) {
	if p.adrift {
		return false
	}
	for _, s := range p.lead.list {
		if !worth(N(s.score)) {
			return true
		}
		look(s.item, N(s.score))
	}
	return p.lead.bar.score == 0 || !worth(N(p.lead.bar.score))
}
