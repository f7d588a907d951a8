package trial

import (
	"cmp"
	"slices"

	"github.com/freshet-rec/freshet"
)

// popularity is the baseline: a plain count of positive events, written without the routes'
// tables so that it also checks them. Ties go by item number, which is order of appearance.
type popularity interface {
	// add counts one positive event on an item.
	add(item uint32, t int64)
	// top returns the k most counted items at time q that skip does not refuse, best first.
	// The slice is valid until the next call.
	top(q int64, k int, skip func(uint32) bool) []uint32
}

// allTime counts for good. The zero value is ready to use.
type allTime struct {
	counts []int64
	sorted []uint32 // items by count, nil when counts have changed
	out    []uint32
}

func (p *allTime) add(item uint32, _ int64) {
	for int(item) >= len(p.counts) {
		p.counts = append(p.counts, 0)
	}
	p.counts[item]++
	p.sorted = nil
}

func (p *allTime) top(_ int64, k int, skip func(uint32) bool) []uint32 {
	if p.sorted == nil {
		for item, n := range p.counts {
			if n > 0 {
				p.sorted = append(p.sorted, uint32(item))
			}
		}
		slices.SortStableFunc(p.sorted, func(a, b uint32) int { return cmp.Compare(p.counts[b], p.counts[a]) })
	}
	p.out = p.out[:0]
	for _, item := range p.sorted {
		if len(p.out) == k {
			break
		}
		if !skip(item) {
			p.out = append(p.out, item)
		}
	}
	return p.out
}

// popularSpan is how far back lastHour counts.
const popularSpan = freshet.Hour

// lastHour counts the events of (q − 1 h, q], to the millisecond. Events are added in order
// of time and q does not fall. The zero value is ready to use.
type lastHour struct {
	counts []int32
	place  []int32  // by item: where it stands in active, if counts is above 0
	active []uint32 // the items counted, in no order
	events []timed  // oldest first, from head on
	head   int
	out    []uint32
}

type timed struct {
	time int64
	item uint32
}

func (p *lastHour) add(item uint32, t int64) {
	for int(item) >= len(p.counts) {
		p.counts, p.place = append(p.counts, 0), append(p.place, 0)
	}
	if p.counts[item] == 0 {
		p.place[item] = int32(len(p.active))
		p.active = append(p.active, item)
	}
	p.counts[item]++
	p.events = append(p.events, timed{t, item})
}

// expire uncounts the events at or before a time.
func (p *lastHour) expire(until int64) {
	for p.head < len(p.events) && p.events[p.head].time <= until {
		item := p.events[p.head].item
		p.head++
		p.counts[item]--
		if p.counts[item] == 0 {
			last := p.active[len(p.active)-1]
			p.active[p.place[item]], p.place[last] = last, p.place[item]
			p.active = p.active[:len(p.active)-1]
		}
	}
	if p.head > 4096 && p.head > len(p.events)/2 {
		p.events = append(p.events[:0], p.events[p.head:]...)
		p.head = 0
	}
}

func (p *lastHour) top(q int64, k int, skip func(uint32) bool) []uint32 {
	p.expire(q - int64(popularSpan))
	out := p.out[:0]
	for _, item := range p.active {
		if len(out) == k && !p.before(item, out[k-1]) || skip(item) {
			continue
		}
		if len(out) < k {
			out = append(out, item)
		}
		i := len(out) - 1
		for ; i > 0 && p.before(item, out[i-1]); i-- {
			out[i] = out[i-1]
		}
		out[i] = item
	}
	p.out = out
	return out
}

func (p *lastHour) before(a, b uint32) bool {
	return p.counts[a] > p.counts[b] || p.counts[a] == p.counts[b] && a < b
}
