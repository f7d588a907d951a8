package fold

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/freshet-rec/freshet/recall"
)

// Ask says how one route is asked: routes are asked in the order of State.Routes.
type Ask struct {
	Kind string // for its weight in the merge
	N    int    // proposals, at most
}

// Request is what routes are asked for a visitor at time q, when the visitor brings nothing
// along: without items that are unavailable or that the visitor has seen. It holds for the
// state as it stands. It is for training and evaluation, as Candidates is.
func (s *State) Request(visitor uint32, q int64) *recall.Request {
	req := &recall.Request{Time: q, Newest: s.Newest, Visitor: visitor, Skip: func(item uint32) bool {
		_, seen := s.Histories.Seen(visitor, item)
		return seen || !s.Items.Available(item)
	}}
	req.Recent = s.Histories.Liked(visitor)
	req.Disliked, req.Queries = s.Histories.Disliked(visitor), s.Histories.Queries(visitor)
	req.Seed = recall.SeedOf(strconv.FormatUint(uint64(visitor), 10) + "@" + strconv.FormatInt(q, 10))
	return req
}

// Candidates returns what serving would rank, before any deadline: all routes asked, merged.
// Serving itself asks the routes in parallel and under budgets.
func (s *State) Candidates(ctx context.Context, asks []Ask, req *recall.Request) ([]recall.Candidate, error) {
	answers := make([]recall.Answer, len(s.Routes))
	for i, route := range s.Routes {
		found, err := route.Recall(ctx, req, asks[i].N)
		if errors.Is(err, recall.ErrUnavailable) { // as for a request
			found, err = nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("recall %s: %w", route.Name(), err)
		}
		answers[i] = recall.Answer{Route: route.Name(), Weight: recall.WeightAt(asks[i].Kind, req), Proposals: found}
	}
	return recall.Merge(answers), nil
}
