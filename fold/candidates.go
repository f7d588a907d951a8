package fold

import (
	"context"
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet/recall"
)

// Ask says how one route is asked: routes are asked in the order of State.Routes.
type Ask struct {
	Kind string // for its weight in the merge
	N    int    // proposals, at most
}

// Candidates returns what serving would rank for a visitor at time q, before any deadline: all
// routes asked, merged, without items that are unavailable or that the visitor has seen. It is
// for training and evaluation; serving asks the routes in parallel and under budgets.
func (s *State) Candidates(ctx context.Context, asks []Ask, visitor uint32, q int64) ([]recall.Candidate, error) {
	req := recall.Request{Time: q, Newest: s.Newest, Visitor: visitor, Skip: func(item uint32) bool {
		_, seen := s.Histories.Seen(visitor, item)
		return seen || !s.Items.Available(item)
	}}
	req.Recent = slices.Clone(s.Histories.Recent(visitor))
	slices.Reverse(req.Recent) // a history is oldest first
	answers := make([]recall.Answer, len(s.Routes))
	for i, route := range s.Routes {
		found, err := route.Recall(ctx, &req, asks[i].N)
		if err != nil {
			return nil, fmt.Errorf("recall %s: %w", route.Name(), err)
		}
		answers[i] = recall.Answer{Route: route.Name(), Weight: recall.Weight(asks[i].Kind), Proposals: found}
	}
	return recall.Merge(answers), nil
}
