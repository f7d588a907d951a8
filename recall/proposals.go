package recall

import "sync"

// Two hundred proposals are 18 KB, which a busy server would make six times a request for the
// collector to take away. So lists that were released are used again.
var released sync.Pool // of *[]Proposal

const (
	leastProposals = 256  // that a list has room for
	mostProposals  = 4096 // that one which is kept has room for
)

// proposals is an empty list with room for n.
func proposals(n int) []Proposal {
	if list, ok := released.Get().(*[]Proposal); ok && cap(*list) >= n {
		return (*list)[:0]
	}
	return make([]Proposal, 0, max(n, leastProposals))
}

// Release gives back the proposals of answers that nobody looks at any more, so that routes can use
// their memory again. It is for those who ask many times a second; nobody has to. The proposals must
// have come from routes of this package, which return lists that are their caller's alone.
func Release(answers []Answer) {
	for i := range answers {
		list := answers[i].Proposals
		answers[i].Proposals = nil
		if n := cap(list); n >= leastProposals && n <= mostProposals {
			released.Put(&list)
		}
	}
}
