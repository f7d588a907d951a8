package routetest

import (
	"fmt"
	"math"
	"slices"

	"github.com/freshet-rec/freshet/recall"
)

// fault says what is wrong with an answer to a request for n proposals, when the highest item
// number is last, or nil.
func fault(got []recall.Proposal, req *recall.Request, n int, last uint32) error {
	if len(got) > n {
		return fmt.Errorf("%d proposals, at most %d were asked for", len(got), n)
	}
	rank := map[uint32]int{}
	for i, p := range got {
		switch first, twice := rank[p.Item]; {
		case p.Item == 0 || p.Item > last:
			return fmt.Errorf("proposal %d is item %d; items are 1 to %d", i+1, p.Item, last)
		case twice:
			return fmt.Errorf("proposals %d and %d are both item %d", first, i+1, p.Item)
		case req.Skip(p.Item):
			return fmt.Errorf("proposal %d is item %d, which Skip refuses", i+1, p.Item)
		case math.IsNaN(p.Score) || math.IsInf(p.Score, 0):
			return fmt.Errorf("proposal %d has score %v", i+1, p.Score)
		case i > 0 && got[i-1].Score < p.Score:
			return fmt.Errorf("proposal %d has score %v, less than the next one's %v", i, got[i-1].Score, p.Score)
		}
		rank[p.Item] = i + 1
		if err := reasonFault(p.Because, req); err != nil {
			return fmt.Errorf("proposal %d: %w", i+1, err)
		}
	}
	return nil
}

// reasonFault says what is wrong with a reason, or nil: a known code, and just the fields
// that its words need.
func reasonFault(b recall.Because, req *recall.Request) error {
	switch b.Code {
	case recall.LikeRecent, recall.Similar:
		if !slices.Contains(req.Recent, recall.Past{Item: b.Item, Time: b.Time, Name: b.Event}) {
			return fmt.Errorf("because %+v is nothing the visitor did lately: %v", b, req.Recent)
		}
		if b.Window != 0 || b.Query != "" {
			return fmt.Errorf("because %+v has a window or a query", b)
		}
	case recall.Searched:
		if !slices.Contains(req.Queries, recall.Query{Text: b.Query, Time: b.Time}) {
			return fmt.Errorf("because %+v is nothing the visitor searched for: %v", b, req.Queries)
		}
		if b.Item != 0 || b.Event != "" || b.Window != 0 {
			return fmt.Errorf("because %+v: a search has a text and a time, and nothing else", b)
		}
	case recall.Popular:
		if b.Item != 0 || b.Event != "" || b.Time != 0 || b.Window < 0 || b.Query != "" {
			return fmt.Errorf("because %+v: what is popular has a window and nothing else", b)
		}
	case recall.Trending:
		if b.Item != 0 || b.Event != "" || b.Time != 0 || b.Window <= 0 || b.Query != "" {
			return fmt.Errorf("because %+v: what trends has a window and nothing else", b)
		}
	case recall.Ruled, recall.Nearby, recall.Explored:
		if b != (recall.Because{Code: b.Code}) {
			return fmt.Errorf("because %+v: its code says it all", b)
		}
	case recall.Newcomer, recall.Catalogued:
		if b.Item != 0 || b.Event != "" || b.Time > req.Time || b.Window != 0 || b.Query != "" {
			return fmt.Errorf("because %+v at %d: a birth has a time, not after the request, and nothing else", b, req.Time)
		}
	case recall.Elsewhere:
		if b != (recall.Because{Code: recall.Elsewhere}) {
			return fmt.Errorf("because %+v: nothing is known of why somebody outside proposes", b)
		}
	default:
		return fmt.Errorf("because has the unknown code %q", b.Code)
	}
	return nil
}
