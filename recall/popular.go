package recall

import (
	"context"

	"github.com/freshet-rec/freshet"
)

// PopularRoute proposes what many visitors wanted: positive events counted over the
// configured window. A window that holds fewer events than proposals asked for is too thin
// to rank by and is passed over for longer ones (a day, a week); last comes a count that
// halves with age relative to the newest event, so that a history of any age has a most
// popular item. Whatever a shorter window leaves open, the longer ones fill.
type PopularRoute struct {
	name  string
	rungs []*counted // growing windows
	decay fading
	score peaked[float64] // by item: the decayed weight
}

// popularHalfLife is that of the last rung; a guess: a few weekly rhythms.
const popularHalfLife = 14 * freshet.Day

// NewPopular returns the route. window is its first rung; slack is how far behind the newest
// event a read may be made.
func NewPopular(name string, window, slack freshet.Duration) *PopularRoute {
	p := &PopularRoute{name: name, decay: fading{halfLife: float64(popularHalfLife)}}
	for _, w := range []freshet.Duration{window, freshet.Day, 7 * freshet.Day} {
		if n := len(p.rungs); n == 0 || int64(w) > p.rungs[n-1].window {
			p.rungs = append(p.rungs, newCounted(int64(w), int64(slack)))
		}
	}
	return p
}

// Name implements Route.
func (p *PopularRoute) Name() string { return p.name }

// Apply implements Route.
func (p *PopularRoute) Apply(a *Act) {
	if a.Item == 0 || !a.Signal.Positive() {
		return
	}
	for _, r := range p.rungs {
		r.add(a.Item, a.Time)
	}
	weight, rebase := p.decay.weight(a.Time)
	if rebase != 1 {
		p.score.scale(rebase)
	}
	p.score.add(a.Item, float64(weight*a.Weight))
}

// Recall implements Route. A proposal's score is the share its window's events that are the
// item's, at most 1, plus the number of longer rungs, so that scores fall along the list.
func (p *PopularRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	out := proposals(0)
	var taken map[uint32]bool // by shorter rungs
	skip := func(item uint32) bool { return taken[item] || req.Skip(item) }
	for rung, r := range p.rungs {
		counts, total := r.within(req.Time)
		if total < int64(n) {
			continue
		}
		list, err := counts.top(ctx, n-len(out), skip)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			out = append(out, Proposal{c.item, c.score/float64(total) + float64(len(p.rungs)-rung), Because{Code: Popular, Window: r.window}})
		}
		if len(out) == n {
			return out, nil
		}
		if taken == nil {
			taken = map[uint32]bool{}
		}
		for _, c := range list {
			taken[c.item] = true
		}
	}
	list, err := p.score.top(ctx, n-len(out), skip)
	if err != nil {
		return nil, err
	}
	most := p.score.most()
	for _, c := range list {
		out = append(out, Proposal{c.item, c.score / most, Because{Code: Popular}})
	}
	return out, nil
}
