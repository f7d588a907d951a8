package feature

import (
	"fmt"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet/expression"
)

// CheckAll reports what is wrong with the derived features of a list in the light of the whole
// list, nil when they are sound: expressions that do not compile, names of no feature, features
// that use themselves. The names must differ. It is to be called beside [Definition.Check] of each.
// After [MaxFaults] faults it looks no further.
func CheckAll(defs []Definition) []Fault {
	_, faults := analyse(defs)
	return faults
}

// MaxFaults bounds what CheckAll reports: to suggest a name costs a look at all names.
const MaxFaults = 200

// analysis is what a list of definitions says of its derived features: their order and what they
// compile to are whole when there are no faults.
type analysis struct {
	defs   []Definition
	place  map[string]int // by name
	parsed []*expression.Parsed
	kinds  map[string]expression.Kind // by name; Either for what has a fault
	order  []int                      // the derived features, each after those it uses
	result []*expression.Derived      // by place, nil for all others
	faults []Fault
	state  []visit
	path   []int // from the feature where the search began to the one it is at
}

// visit is how far the search through what uses what has come.
type visit uint8

const (
	unseen visit = iota
	open         // on the path
	done
	broken // a fault is in it, or it is part of a cycle
)

func analyse(defs []Definition) (*analysis, []Fault) {
	a := &analysis{
		defs: defs, place: map[string]int{}, kinds: map[string]expression.Kind{},
		parsed: make([]*expression.Parsed, len(defs)), result: make([]*expression.Derived, len(defs)), state: make([]visit, len(defs)),
	}
	for i := range defs {
		d := &defs[i]
		if d.Name == "" {
			continue // nobody can read it, and Check says so
		}
		if _, twice := a.place[d.Name]; !twice {
			a.place[d.Name], a.kinds[d.Name] = i, d.kind()
		}
	}
	for i := range defs {
		if defs[i].Expr == "" {
			a.state[i] = done
			continue
		}
		parsed, err := expression.ParseDerived(defs[i].Expr)
		if err != nil {
			a.fault(i, defs[i].expressionFault("expr", err))
			continue
		}
		a.parsed[i] = parsed
	}
	for i := range defs {
		a.visit(i)
	}
	slices.SortStableFunc(a.faults, func(x, y Fault) int { return x.Definition - y.Definition })
	return a, a.faults
}

// kind is what the definition's values are; of a derived feature it is not known yet.
func (d *Definition) kind() expression.Kind {
	switch {
	case d.Expr != "":
		return expression.Either
	case d.Agg == LastK:
		return expression.List
	case d.Agg == Last && (d.Field == "item" || d.Field == "query"):
		return expression.Text
	case d.Agg == Last && strings.HasPrefix(d.Field, "context."):
		return expression.Either
	}
	return expression.Number
}

func (a *analysis) fault(i int, f Fault) {
	f.Definition = i
	a.faults = append(a.faults, f)
	a.state[i] = broken
}

// visit compiles a feature after all that it uses.
func (a *analysis) visit(i int) {
	if a.state[i] != unseen || len(a.faults) >= MaxFaults {
		return
	}
	a.state[i] = open
	a.path = append(a.path, i)
	for _, use := range a.parsed[i].Uses() {
		j, known := a.place[use.Name]
		if !known {
			continue // the compiler says so, and suggests another
		}
		if a.visit(j); a.state[j] == open {
			a.cycle(j)
		}
	}
	a.path = a.path[:len(a.path)-1]
	if a.state[i] == broken {
		return
	}
	d, err := a.parsed[i].Compile(a.kinds)
	if err != nil {
		a.fault(i, a.defs[i].expressionFault("expr", err))
		return
	}
	a.state[i], a.result[i] = done, d
	a.order = append(a.order, i)
	if a.place[a.defs[i].Name] == i {
		a.kinds[a.defs[i].Name] = d.Kind()
	}
}

// cycle reports that the last feature of the path uses an earlier one, at the earlier one's use
// of the next.
func (a *analysis) cycle(first int) {
	path := a.path[slices.Index(a.path, first):]
	names := make([]string, 0, len(path)+1)
	for _, i := range append(slices.Clone(path), first) {
		names = append(names, a.defs[i].Name)
	}
	d := &a.defs[first]
	uses := a.parsed[first].Uses()
	use := uses[slices.IndexFunc(uses, func(u expression.Use) bool { return u.Name == names[1] })]
	a.fault(first, Fault{
		Field: "expr", Code: "bad_feature", Line: use.Line, Column: use.Column,
		Message: fmt.Sprintf("feature %q: expr: a feature can not use itself: %s", d.Name, strings.Join(shortened(names), " → ")),
	})
	for _, i := range path {
		a.state[i] = broken
	}
}

// shortened leaves out the middle of a path that nobody would read.
func shortened(names []string) []string {
	const most = 12 // a guess
	if len(names) <= most {
		return names
	}
	middle := fmt.Sprintf("(%d more)", len(names)-most+1)
	return slices.Concat(names[:most-3], []string{middle}, names[len(names)-2:])
}
