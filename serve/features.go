package serve

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// MaxFeatureItems bounds the items of one features request.
const MaxFeatureItems = 1000

// FeaturesRequest asks for feature rows: one visitor, any number of items.
type FeaturesRequest struct {
	User        freshet.UserID
	Anonymous   string
	Session     string
	Items       []freshet.ItemID // empty asks for one row without an item
	Context     map[string]any   // of the request, as in Request
	Names       []string         // names or patterns with *; empty is all
	MinPosition freshet.Position
	Wait        time.Duration
}

// FeaturesReply is the rows, all read at one position and time.
type FeaturesReply struct {
	Names     []string
	Rows      [][]feature.Value // by item, then by name
	Position  freshet.Position
	Time      int64 // q, Unix ms
	Reflected bool
}

// Features reads feature rows. An item or visitor that nothing is known of has default
// values. The error is a *Problem with the request, or the context's.
func (s *Server) Features(ctx context.Context, req *FeaturesRequest) (*FeaturesReply, error) {
	reply := &FeaturesReply{}
	var columns []int
	names := s.State.Features.Names()
	for i, pattern := range req.Names {
		matched := false
		for _, name := range names {
			if ok, err := path.Match(pattern, name); err == nil && ok || name == pattern {
				matched = true
			}
		}
		if !matched {
			return nil, &Problem{Code: "unknown_feature", Pointer: fmt.Sprintf("/names/%d", i), Message: "no feature is called or matches " + quote(pattern), Hint: "features are " + strings.Join(names, ", ")}
		}
	}
	for column, name := range names {
		wanted := len(req.Names) == 0
		for _, pattern := range req.Names {
			if ok, err := path.Match(pattern, name); err == nil && ok || name == pattern {
				wanted = true
			}
		}
		if wanted {
			columns = append(columns, column)
			reply.Names = append(reply.Names, name)
		}
	}
	if err := s.await(ctx, req.MinPosition, min(req.Wait, MaxWait), &reply.Reflected); err != nil {
		return nil, err
	}
	items := req.Items
	if len(items) == 0 {
		items = []freshet.ItemID{""}
	}
	row := make([]feature.Value, len(names))
	s.Stream.View(func(p freshet.Position) {
		reply.Position, reply.Time = p, s.time(0)
		visitor := s.State.Visitor(freshet.VisitorOf(req.User, req.Anonymous, req.Session))
		reader := s.State.Features.Reader()
		reader.Start(visitor, reply.Time, req.Context)
		for _, id := range items {
			reader.Row(s.State.Items.Find(id), row)
			picked := make([]feature.Value, len(columns))
			for i, column := range columns {
				picked[i] = row[column]
			}
			reply.Rows = append(reply.Rows, picked)
		}
	})
	return reply, nil
}
