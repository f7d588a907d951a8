package main

import (
	"fmt"
	"slices"

	"github.com/freshet-rec/freshet/collab"
	"github.com/freshet-rec/freshet/eval"
	"github.com/freshet-rec/freshet/recall"
)

// Methods are compared as routes of recall are: by their first comparedAt items, for at most
// comparedUsers users, evenly out of all who are asked. That bounds the lists that are kept to 16 MB a
// method.
const (
	comparedAt    = 200
	comparedUsers = 20_000
)

// mergedLeast is the least share of RecallAt(comparedAt) of its best method that a merge may have.
const mergedLeast = 0.99

// comparison keeps the lists of methods, to compare them.
type comparison struct {
	wanted [][]uint32
	users  []int   // who are compared, ascending
	place  []int32 // by user: in users, plus one
	names  []string
	lists  [][][]uint32 // by method, then by place in users
}

func newComparison(wanted [][]uint32) *comparison {
	c := &comparison{wanted: wanted, place: make([]int32, len(wanted))}
	var asked []int
	for u := range wanted {
		if len(wanted[u]) > 0 {
			asked = append(asked, u)
		}
	}
	n := min(len(asked), comparedUsers)
	for i := range n {
		u := asked[i*len(asked)/n]
		c.users = append(c.users, u)
		c.place[u] = int32(i + 1)
	}
	return c
}

// told is what keeps the lists of the next method; nil for one that is made of others, which would
// leave nothing that only one of them finds.
func (c *comparison) told(method string) func(user int, list []uint32) {
	if collab.Blends(method) {
		return nil
	}
	lists := make([][]uint32, len(c.users))
	c.names, c.lists = append(c.names, method), append(c.lists, lists)
	return func(user int, list []uint32) {
		if place := c.place[user]; place > 0 {
			lists[place-1] = slices.Clone(list)
		}
	}
}

// rows compares the methods, and their merge as recall makes it of routes; nil when there are not
// two. A warning says that the merge is worse than one of them.
func (c *comparison) rows() (rows []eval.RouteRow, warnings []eval.Warning) {
	if len(c.names) < 2 {
		return nil, nil
	}
	routes := eval.NewRoutes(c.names, comparedAt)
	var merger recall.Merger
	answers, lists, merged := make([]recall.Answer, len(c.names)), make([][]uint32, len(c.names)), []uint32(nil)
	for place, u := range c.users {
		for i, name := range c.names {
			lists[i] = c.lists[i][place]
			kind := recall.KindLinear
			if name == "popular" {
				kind = name
			}
			a := &answers[i]
			a.Route, a.Weight, a.Proposals = name, recall.Weight(kind), a.Proposals[:0]
			for _, item := range lists[i] {
				a.Proposals = append(a.Proposals, recall.Proposal{Item: item})
			}
		}
		merged = merged[:0]
		for _, candidate := range merger.Merge(answers) {
			merged = append(merged, candidate.Item)
		}
		routes.Add(lists, merged, c.wanted[u])
	}
	rows = routes.Rows(0)
	best := slices.MaxFunc(rows[:len(c.names)], func(a, b eval.RouteRow) int {
		if a.Recall < b.Recall {
			return -1
		}
		return 1
	})
	if all := rows[len(rows)-1].Recall; all < mergedLeast*best.Recall {
		warnings = append(warnings, eval.Warning{Code: eval.MergeLoses, Text: fmt.Sprintf("merged, the methods find %.4f of what was wanted among the first %d, %s alone %.4f", all, comparedAt, best.Name, best.Recall)})
	}
	return rows, warnings
}
