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
	Rows      [][]FeatureValue // by item, then by name
	Position  freshet.Position
	Time      int64 // q, Unix ms
	Reflected bool
}

// FeatureValue is a value with the ids of the items in its list.
type FeatureValue struct {
	feature.Value
	Items []freshet.ItemID // of List, in its order
}

// Features reads feature rows. An item or visitor that nothing is known of has default
// values. The error is a *Problem with the request, or the context's.
func (s *Server) Features(ctx context.Context, req *FeaturesRequest) (*FeaturesReply, error) {
	reply := &FeaturesReply{}
	var engine *feature.Engine
	s.Stream.View(func(freshet.Position) { engine = s.State.Features })
	columns, err := chosen(engine, req.Names)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, req.MinPosition, min(req.Wait, MaxWait), &reply.Reflected); err != nil {
		return nil, err
	}
	items := req.Items
	if len(items) == 0 {
		items = []freshet.ItemID{""}
	}
	for !s.readFeatures(req, engine, columns, items, reply) { // they were changed meanwhile
		s.Stream.View(func(freshet.Position) { engine = s.State.Features })
		if columns, err = chosen(engine, req.Names); err != nil {
			return nil, err
		}
	}
	names := engine.Names()
	for _, column := range columns {
		reply.Names = append(reply.Names, names[column])
	}
	return reply, nil
}

// chosen are the columns whose names are asked for, all when none are.
func chosen(engine *feature.Engine, patterns []string) (columns []int, err error) {
	names := engine.Names()
	for i, pattern := range patterns {
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
		wanted := len(patterns) == 0
		for _, pattern := range patterns {
			if ok, err := path.Match(pattern, name); err == nil && ok || name == pattern {
				wanted = true
			}
		}
		if wanted {
			columns = append(columns, column)
		}
	}
	return columns, nil
}

// readFeatures reads the rows, unless the engine is not the state's any more.
func (s *Server) readFeatures(req *FeaturesRequest, engine *feature.Engine, columns []int, items []freshet.ItemID, reply *FeaturesReply) (read bool) {
	row := make([]feature.Value, len(engine.Definitions()))
	s.Stream.View(func(p freshet.Position) {
		if read = engine == s.State.Features; !read {
			return
		}
		reply.Position, reply.Time = p, s.time(0)
		visitor := s.State.Visitor(freshet.VisitorOf(req.User, req.Anonymous, req.Session))
		reader, count := engine.Reader(), s.readsOf(engine)
		reader.Start(visitor, reply.Time, req.Context)
		for _, id := range items {
			reader.Row(s.State.Items.Find(id), row)
			picked := make([]FeatureValue, len(columns))
			for i, column := range columns {
				picked[i].Value = row[column]
				for _, entry := range row[column].List {
					picked[i].Items = append(picked[i].Items, s.State.Items.ID(entry.Item))
				}
				count.note(column, row[column])
			}
			reply.Rows = append(reply.Rows, picked)
		}
	})
	return read
}
