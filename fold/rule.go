package fold

import (
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/recall"
)

// newRule makes a route of kind rule: its condition reads items, the user who asks and the context
// of the request as they stand.
func (s *State) newRule(r *Route) (recall.Route, error) {
	filter, err := expression.CompileFilter(r.Where)
	if err != nil {
		return nil, fmt.Errorf("recall route %q: where: %w", r.Name, err)
	}
	row := func(req *recall.Request) expression.Row {
		return expression.Row{User: s.Users.Entry(req.Visitor), Context: req.Context, Time: req.Time}
	}
	rule := recall.Rule{Bind: func(req *recall.Request) func(*freshet.Item, int64) bool {
		row := row(req)
		return func(doc *freshet.Item, born int64) bool {
			row.Item, row.Born = doc, born
			return filter.True(&row)
		}
	}}
	if attribute, ok := filter.Attribute(); ok {
		rule.Keys = func(dst []string, doc *freshet.Item) []string {
			return expression.ItemKeys(dst, doc, attribute)
		}
		rule.Wanted = func(dst []string, req *recall.Request) []string {
			row := row(req)
			return filter.Wanted(dst, &row)
		}
	}
	return recall.NewRule(r.Name, rule, r.Order == "popular", s.Items), nil
}
