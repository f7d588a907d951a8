package recall

import "slices"

// leaders are the items with the greatest values, in their order, kept while the values change: a
// request takes the first that it may show and looks at no other item. A change of a value that is
// not among the greatest costs one comparison, one that is two binary searches and a move.
//
// Invariant: list is in the order of scored.before and holds exactly the items with a value above 0
// that do not come behind bar. So nothing that is not in it comes before something that is, and it is
// exact for as many as it holds.
type leaders struct {
	list []scored
	bar  scored // the last item that is let in; without a score there is none, and all are
}

const (
	leadersMost  = 1024 // when there are more,
	leadersKept  = 768  // the first of them stay: a list of 200 and what a visitor may not be shown
	leadersLeast = 384  // when fewer are left of more, they are looked for anew
)

// behind reports that the item comes behind the bar.
func (l *leaders) behind(s scored) bool { return l.bar.score > 0 && l.bar.before(s) }

// at is where an item stands, or would.
func (l *leaders) at(s scored) int { return l.between(s, 0, len(l.list)) }

// before is where an item would stand that comes before the one at i: most rise by few places, so
// these are looked at first.
func (l *leaders) before(s scored, i int) int {
	step := 1
	for step <= i && !l.list[i-step].before(s) {
		step *= 2
	}
	return l.between(s, max(0, i-step), i-step/2)
}

// between is at where it is known not to be outside of a stretch.
func (l *leaders) between(s scored, from, to int) int {
	for from < to {
		if middle := (from + to) / 2; l.list[middle].before(s) {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from
}

// change tells that the value of an item was one thing and is another.
func (l *leaders) change(item uint32, was, now float64) {
	old, young := scored{was, item}, scored{now, item}
	in, out := now > 0 && !l.behind(young), was > 0 && !l.behind(old)
	switch {
	case in && out:
		i := l.at(old)
		if now > was {
			k := l.before(young, i)
			copy(l.list[k+1:i+1], l.list[k:i])
			l.list[k] = young
		} else {
			k := max(i, l.at(young)-1) // its own place is before the other
			copy(l.list[i:k], l.list[i+1:k+1])
			l.list[k] = young
		}
	case in:
		l.list = slices.Insert(l.list, l.at(young), young)
		if len(l.list) > leadersMost {
			l.list = l.list[:leadersKept]
			l.bar = l.list[leadersKept-1]
		}
	case out:
		i := l.at(old)
		l.list = slices.Delete(l.list, i, i+1)
	}
}

// thin reports that there are few left of more.
func (l *leaders) thin() bool { return len(l.list) < leadersLeast && l.bar.score > 0 }

// set begins anew with the greatest values, at most leadersKept, in their order.
func (l *leaders) set(list []scored) {
	l.list, l.bar = append(l.list[:0], list...), scored{}
	if len(list) == leadersKept {
		l.bar = list[leadersKept-1]
	}
}

// first returns the first n that skip does not refuse, and whether those are all there are or the
// first of all.
func (l *leaders) first(n int, skip func(uint32) bool) (list []scored, ok bool) {
	list = make([]scored, 0, max(0, min(n, len(l.list))))
	for _, s := range l.list {
		if len(list) >= n {
			return list, true
		}
		if !skip(s.item) {
			list = append(list, s)
		}
	}
	return list, len(list) >= n || l.bar.score == 0
}
