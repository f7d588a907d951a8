package trial

import (
	"context"
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/fold"
	"github.com/freshet-rec/freshet/recall"
)

// panel asks everyone the same question and keeps their rows. One goroutine at a time.
type panel struct {
	k       int
	state   *fold.State
	routes  []Route
	kinds   freshet.EventKinds
	popular popularity
	ranker  Ranker // nil is recall order

	slate, recall, baseline *row
	alone                   []*row       // by route
	novelty                 eval.Novelty // of positive events
	compared                *eval.Routes // of the routes and their merge
	lists                   [][]uint32   // by route: its proposals
	merged                  []uint32     // of an ask, as far as anybody looks
	wants                   []uint32     // what an ask wants, none or one

	request recall.Request
	answers []recall.Answer
	list    []uint32
	scores  []float64
	top     []int
}

func newPanel(o *Options, state *fold.State, popular popularity, ranker Ranker) *panel {
	p := &panel{k: o.K, state: state, routes: o.Routes, kinds: o.Fold.Kinds, popular: popular, ranker: ranker, answers: make([]recall.Answer, len(o.Routes))}
	named := func(name string) *row { return &row{name: name, tally: eval.NewTally(o.K)} }
	p.slate, p.recall, p.baseline = named("slate"), named("recall"), named("popular")
	for _, r := range o.Routes {
		p.alone = append(p.alone, named("route:"+r.Name))
	}
	p.request.Skip = p.skip
	p.lists = make([][]uint32, len(o.Routes))
	p.compared = eval.NewRoutes(o.names(), RecallK)
	return p
}

// skip leaves out what the visitor has seen and what may not be shown, as serving does.
func (p *panel) skip(item uint32) bool {
	if !p.state.Items.Available(item) {
		return true
	}
	_, seen := p.state.Histories.Seen(p.request.Visitor, item)
	return seen
}

// count lets the baseline know of an event that the state has just folded.
func (p *panel) count(e *freshet.Event) {
	if e.Item != "" && p.kinds.Of(e.Name).Signal.Positive() {
		item := p.state.Items.Find(e.Item)
		p.popular.add(item, e.Time)
		p.novelty.Take(item)
	}
}

// ask asks on behalf of a visitor at time q and notes where the wanted item stood; wanted 0
// is a miss for all. It returns what a learner makes of the choice, nil for nothing.
func (p *panel) ask(ctx context.Context, visitor freshet.Visitor, group int, q int64, wanted uint32) (learn func() error, err error) {
	req := &p.request
	req.Time, req.Newest, req.Visitor = q, p.state.Newest, p.state.Visitor(visitor)
	asked := p.state.Request(req.Visitor, q)
	req.Recent, req.Disliked, req.Queries, req.Seed = asked.Recent, asked.Disliked, asked.Queries, asked.Seed
	for i, table := range p.state.Routes {
		found, err := table.Recall(ctx, req, max(p.routes[i].N, p.k))
		if err != nil {
			return nil, fmt.Errorf("recall %s: %w", p.routes[i].Name, err)
		}
		p.answers[i] = recall.Answer{Route: p.routes[i].Name, Weight: recall.WeightAt(p.routes[i].Kind, req), Proposals: found}
		list := p.lists[i][:0]
		for k := range found {
			list = append(list, found[k].Item)
		}
		p.lists[i] = list
		p.note(p.alone[i], group, list[:min(p.k, len(list))], wanted)
	}
	p.note(p.baseline, group, p.popular.top(q, p.k, p.skip), wanted)
	candidates := recall.Merge(p.answers)
	p.merged = p.merged[:0]
	for i := range candidates[:min(max(RecallK, p.k), len(candidates))] {
		p.merged = append(p.merged, candidates[i].Item)
	}
	p.wants = p.wants[:0]
	if wanted != 0 {
		p.wants = append(p.wants, wanted)
	}
	p.compared.Add(p.lists, p.merged[:min(RecallK, len(p.merged))], p.wants)
	p.merged = p.merged[:min(p.k, len(p.merged))]
	p.note(p.recall, group, p.merged, wanted)
	if p.ranker == nil || len(candidates) == 0 {
		p.note(p.slate, group, p.merged, wanted)
		return nil, nil
	}
	return p.rank(candidates, group, wanted), nil
}

// note notes a list for a row.
func (p *panel) note(r *row, group int, list []uint32, wanted uint32) {
	r.note(group, list, wanted, p.novelty.List(list, p.state.Items.Len()-1))
}

// rank notes the list in the ranker's order.
func (p *panel) rank(candidates []recall.Candidate, group int, wanted uint32) (learn func() error) {
	m := &Moment{State: p.state, Request: &p.request}
	p.scores = slices.Grow(p.scores[:0], len(candidates))[:len(candidates)]
	p.ranker.Score(m, candidates, p.scores)
	p.top = best(p.top[:0], p.scores, p.k)
	p.list = p.list[:0]
	for _, i := range p.top {
		p.list = append(p.list, candidates[i].Item)
	}
	p.note(p.slate, group, p.list, wanted)
	if wanted == 0 {
		return nil
	}
	if i := slices.IndexFunc(candidates, func(c recall.Candidate) bool { return c.Item == wanted }); i >= 0 {
		if auc, ok := eval.AUCOfOne(p.scores, i); ok {
			p.slate.auc += auc
			p.slate.aucs++
		}
	}
	if learner, ok := p.ranker.(Learner); ok {
		return learner.Lesson(m, candidates, wanted)
	}
	return nil
}

// best appends to dst the indexes of the k highest scores, best first, ties by index.
func best(dst []int, scores []float64, k int) []int {
	for i, s := range scores {
		if len(dst) == k && scores[dst[k-1]] >= s {
			continue
		}
		if len(dst) < k {
			dst = append(dst, i)
		}
		at := len(dst) - 1
		for ; at > 0 && scores[dst[at-1]] < s; at-- {
			dst[at] = dst[at-1]
		}
		dst[at] = i
	}
	return dst
}

// rows are the figures, in the order they are read: the slate first.
func (p *panel) rows(delay freshet.Duration, seed uint64) []eval.Row {
	catalogue := p.state.Items.Len() - 1
	var out []eval.Row
	for _, r := range append([]*row{p.slate, p.recall, p.baseline}, p.alone...) {
		out = append(out, r.figures(p.k, delay, catalogue, seed))
	}
	return out
}
