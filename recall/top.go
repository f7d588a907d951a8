package recall

import (
	"cmp"
	"slices"
)

func compare[T cmp.Ordered](a, b T) int { return cmp.Compare(a, b) }

// better orders proposals: higher score first, ties by item number, so that equal tables
// give equal lists.
func better(a, b Proposal) int {
	if d := compare(b.Score, a.Score); d != 0 {
		return d
	}
	return compare(a.Item, b.Item)
}

// best keeps the n best of the proposals offered. An n of 0 or less keeps none.
type best struct {
	n    int
	list []Proposal // at most 2n, pruned to the n best when full
	bar  Proposal   // the n-th best at the last pruning
	full bool
}

// wants reports whether the proposal can still be among the n best.
func (b *best) wants(p Proposal) bool { return b.n > 0 && !(b.full && better(p, b.bar) > 0) }

// offer takes a proposal in if it can still be among the n best.
func (b *best) offer(p Proposal) {
	if !b.wants(p) {
		return
	}
	b.list = append(b.list, p)
	if len(b.list) >= 2*b.n {
		b.prune()
	}
}

func (b *best) prune() {
	slices.SortFunc(b.list, better)
	if len(b.list) >= b.n {
		b.list = b.list[:b.n]
		b.bar, b.full = b.list[b.n-1], true
	}
}

// take returns the n best, best first.
func (b *best) take() []Proposal {
	if b.n <= 0 {
		return nil
	}
	b.prune()
	return b.list
}
