package recall

import (
	"context"
	"math"
	"unsafe"

	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/internal/simd"
)

// scratch sums up what speaks for each item, for one request.
type scratch struct {
	numbering
	touched []touched // by number
	room    []scored  // for the best
	whole   float64   // Σ together
}

// touched is an item that something speaks for: how much, and which of the last acts most, as
// its place among them, −1 for none.
type touched struct {
	together, mostTogether float64
	next, mostNext         float64
	byTogether, byNext     int32
	item                   uint32
}

// room is an empty scratch; leave gives it back.
func (r *ItemCFRoute) room() *scratch {
	s, ok := r.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	return s
}

func (r *ItemCFRoute) leave(s *scratch) {
	s.reset()
	s.touched, s.whole = s.touched[:0], 0
	r.scratch.Put(s)
}

// touch returns what is summed up for an item, valid until the next call.
func (s *scratch) touch(item uint32) *touched {
	number, first := s.of(item)
	if first {
		s.touched = append(s.touched, touched{item: item, byTogether: -1, byNext: -1})
	}
	return &s.touched[number]
}

// score is what an item scores in the end.
func (s *scratch) score(one *touched, theta float64) float64 {
	score := float64((1 - theta) * one.next)
	if s.whole > 0 {
		score += float64(theta * (one.together / s.whole))
	}
	return score
}

// because is the act that says most for an item, −1 when none does.
func (s *scratch) because(item uint32, theta float64) int {
	one := &s.touched[s.find(item)]
	if one.byNext >= 0 && (one.byTogether < 0 || float64((1-theta)*one.mostNext) > float64(theta*(one.mostTogether/s.whole))) {
		return int(one.byNext)
	}
	return int(one.byTogether)
}

// gains are the reciprocal ranks of an item that was touched, by each of the thetas, among all that
// skip does not refuse; ties count in its favour, and ranks beyond looksAtOnce gain nothing.
func (s *scratch) gains(item uint32, skip func(uint32) bool) (gains [len(thetas)]float64) {
	var ranks [len(thetas)]int
	var mine [len(thetas)]float64
	for k, theta := range thetas {
		if mine[k] = s.score(&s.touched[s.find(item)], theta); mine[k] > 0 {
			ranks[k] = 1
		}
	}
	for i := range s.touched {
		other := &s.touched[i]
		skipped, asked := false, false
		for k, theta := range thetas {
			if ranks[k] == 0 || ranks[k] > looksAtOnce || s.score(other, theta) <= mine[k] {
				continue
			}
			if !asked {
				skipped, asked = skip(other.item), true
			}
			if !skipped {
				ranks[k]++
			}
		}
	}
	for k, rank := range ranks {
		if rank > 0 && rank <= looksAtOnce {
			gains[k] = 1 / float64(rank)
		}
	}
	return gains
}

// gainsAmong are the reciprocal ranks of an item by each of the thetas among others that skip does not
// refuse; half of those that are worth as much stand before it.
func (s *scratch) gainsAmong(item uint32, others []uint32, skip func(uint32) bool) (gains [len(thetas)]float64) {
	for k := range gains {
		gains[k] = 1
	}
	for _, other := range others {
		if skip(other) {
			continue
		}
		for k, theta := range thetas {
			switch mine, its := s.scoreOf(item, theta), s.scoreOf(other, theta); {
			case its > mine:
				gains[k]++
			case its == mine:
				gains[k] += 0.5
			}
		}
	}
	for k, rank := range gains {
		gains[k] = 1 / rank
	}
	return gains
}

// scoreOf is what any item scores: nothing when nothing speaks for it.
func (s *scratch) scoreOf(item uint32, theta float64) float64 {
	if i := s.find(item); i >= 0 {
		return s.score(&s.touched[i], theta)
	}
	return 0
}

// gather sums up what the last acts, newest first, say of each item at time q, and what the
// crowd does. It ends early with ctx's error. Of the crowd's wishes only those count that are
// for the most wanted items, or for such as follow the last acts: the rest changes no order
// that is worth a look at each.
func (r *ItemCFRoute) gather(ctx context.Context, s *scratch, recent []Past, q int64) error {
	r.ready(recent)
	m := r.mixing(recent, q)
	for k, past := range m.recent {
		if int(past.Item) >= len(r.follow) {
			continue
		}
		from := &r.follow[past.Item]
		weights := m.weights[rungs+k*followerRungs:]
		for i := range from.list {
			f := &from.list[i]
			v := 0.0
			for rung, p := range f.chances(q, &m.shares[k]) {
				v += float64(weights[rung] * p)
			}
			if v <= 0 {
				continue
			}
			one := s.touch(from.items[i])
			one.next += v
			if v > one.mostNext {
				one.mostNext, one.byNext = v, int32(k)
			}
		}
	}
	for k := range r.crowd.tops {
		for _, item := range r.crowd.tops[k].items {
			s.touch(item)
		}
	}
	for _, item := range s.items {
		if int(item) < len(r.crowd.items) {
			prefetch.Line(unsafe.Pointer(&r.crowd.items[item]))
		}
	}
	for i := range s.touched {
		one := &s.touched[i]
		for k, p := range m.crowd.chances(one.item) {
			one.next += float64(m.weights[k] * p)
		}
	}
	for k, past := range recent {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if int(past.Item) < len(r.items) && r.totals[past.Item] > 0 {
			r.gatherPairs(s, k, past.Item)
		}
	}
	return nil
}

// ready asks for the memory of what goes with the items of the last acts, which lies scattered,
// before it is read.
func (r *ItemCFRoute) ready(recent []Past) {
	for pass := range 3 {
		for i := range recent {
			item := recent[i].Item
			if int(item) >= len(r.items) {
				continue
			}
			switch n := &r.items[item]; pass {
			case 0:
				prefetch.Line(unsafe.Pointer(n))
			case 1:
				prefetch.Lines(unsafe.Pointer(unsafe.SliceData(n.item)), linesOf(4*len(n.item)))
				prefetch.Lines(unsafe.Pointer(unsafe.SliceData(n.sum)), linesOf(4*len(n.sum)))
			default:
				prefetch.Words((*uint64)(unsafe.Pointer(unsafe.SliceData(r.totals))), n.item)
			}
		}
	}
}

// linesOf is how many cache lines hold so many bytes, at least.
func linesOf(bytes int) int { return (bytes + prefetch.LineBytes - 1) / prefetch.LineBytes }

// gatherPairs sums up what goes with the item of last act k.
func (r *ItemCFRoute) gatherPairs(s *scratch, k int, item uint32) {
	norm, from, own := r.norm(), &r.items[item], r.totals[item]
	share := 1 / (float64(k+1) * math.Sqrt(own))
	for i, item := range from.item {
		c, total := float64(from.sum[i]), r.totals[item]
		if c <= 0 || total <= 0 {
			continue // faded away altogether
		}
		v := 0.0
		if norm == nil {
			v = c * share / math.Sqrt(total)
		} else {
			v = norm(c, own, total) / float64(k+1)
		}
		if v <= 0 {
			continue
		}
		one := s.touch(item)
		one.together += v
		s.whole += v
		if v > one.mostTogether {
			one.mostTogether, one.byTogether = v, int32(k)
		}
	}
}

// norm is how a pair c(i→j) is normalised; a and b are n(i) and n(j), all above 0. It is nil
// for cosine.
func (r *ItemCFRoute) norm() func(c, a, b float64) float64 {
	switch r.options.Normalise {
	case NormaliseLift:
		return func(c, a, b float64) float64 { return c * r.acts / a / b }
	case NormaliseBM25:
		mean := r.acts / float64(max(1, r.known))
		return func(c, a, b float64) float64 {
			c /= r.scale
			tf := c * (bm25K1 + 1) / (c + float64(bm25K1*(1-bm25B+float64(bm25B*a/mean))))
			return tf * math.Log1p(r.acts/b)
		}
	}
	return nil
}

// mixing is what the parts of next say at one time after some last acts.
type mixing struct {
	context int
	weights *[parts]float64
	crowd   crowdAt
	recent  []Past                           // newest first, at most lastActs
	shares  [lastActs][followerRungs]float64 // by recent
	q       int64
}

// mixing prepares a look. recent are the last acts, newest first, at least one.
func (r *ItemCFRoute) mixing(recent []Past, q int64) mixing {
	m := mixing{crowd: r.crowd.at(q), recent: recent[:min(len(recent), lastActs)], q: q}
	known := 0.0
	for k, past := range m.recent {
		if int(past.Item) < len(r.follow) {
			m.shares[k] = r.follow[past.Item].shares(q)
		}
	}
	if share := m.shares[0][followerKey]; share > 0 {
		known = 1 / share
	}
	m.context = contextOf(len(m.recent), known, q-recent[0].Time > int64(r.options.Session))
	m.weights = &r.blend.weights[m.context]
	return m
}

// chances are what each part gives an item, and whether any gives it anything.
func (m *mixing) chances(r *ItemCFRoute, item uint32, p *[parts]float64) (some bool) {
	for k, chance := range m.crowd.chances(item) {
		p[k] = chance
		some = some || chance > 0
	}
	for k, past := range m.recent {
		if int(past.Item) >= len(r.follow) {
			continue
		}
		after := &r.follow[past.Item]
		if i := simd.Index(after.items, item); i >= 0 {
			chances := after.list[i].chances(m.q, &m.shares[k])
			copy(p[rungs+k*followerRungs:], chances[:])
		}
	}
	return some
}
