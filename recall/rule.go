package recall

import (
	"context"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/catalog"
)

// Rule is a condition on items, for a user and a request. Its functions are pure.
type Rule struct {
	// Bind returns the test of an item's entry for one request, for one goroutine.
	Bind func(req *Request) (holds func(doc *freshet.Item, born int64) bool)
	// Keys appends the keys under which an entry is found, and Wanted those of which it must have
	// one where the condition holds. Both are nil when the condition names no attribute.
	Keys   func(dst []string, doc *freshet.Item) []string
	Wanted func(dst []string, req *Request) []string
}

// RuleRoute proposes the items for which the operator's condition holds: whom the user follows,
// what they subscribed to, what is at hand where they are. They come newest first by birth, or by
// the faded weight of the positive acts on them (a half-life of 14 days, as the last rung of
// PopularRoute).
//
// Where the condition names values of an attribute, items are found by an inverted index on it;
// else the catalogue is read from the item met last. Either way at most 4,096 items are looked at,
// those met last first, over all values at once, so that one with many items hides no other; 100
// values count. A request therefore costs the same whatever the size of the catalogue, and of a
// value that a great many items have it knows the newest.
//
// The index follows from the newest entries; it takes some 24 bytes a key of an item. An entry that
// moves an older item under another value costs 4 bytes of copying for each younger one there.
type RuleRoute struct {
	name    string
	rule    Rule
	popular bool
	items   *catalog.Catalog
	lists   map[string][]uint32 // by key, ascending
	keys    [][]string          // by item
	decay   fading
	weights []float64 // by item; empty unless popular
}

const (
	ruleReads  = 4096 // items looked at
	ruleValues = 100  // values wanted, the first ones
)

// NewRule returns the route; popular orders by acts instead of births.
func NewRule(name string, rule Rule, popular bool, items *catalog.Catalog) *RuleRoute {
	return &RuleRoute{name: name, rule: rule, popular: popular, items: items, lists: map[string][]uint32{}, decay: fading{halfLife: float64(popularHalfLife)}}
}

// Name implements Route.
func (r *RuleRoute) Name() string { return r.name }

// Apply implements Route.
func (r *RuleRoute) Apply(a *Act) {
	if !r.popular || a.Item == 0 || !a.Signal.Positive() {
		return
	}
	weight, rebase := r.decay.weight(a.Time)
	if rebase != 1 {
		for i := range r.weights {
			r.weights[i] *= rebase
		}
	}
	for int(a.Item) >= len(r.weights) {
		r.weights = append(r.weights, 0)
	}
	r.weights[a.Item] += float64(weight * a.Weight)
}

// Entry implements EntryReader.
func (r *RuleRoute) Entry(item uint32, doc *freshet.Item) {
	if r.rule.Keys == nil {
		return
	}
	for int(item) >= len(r.keys) {
		r.keys = append(r.keys, nil)
	}
	was, now := r.keys[item], r.rule.Keys(nil, doc)
	for _, key := range was {
		if slices.Contains(now, key) {
			continue
		}
		list := r.lists[key]
		if i, found := slices.BinarySearch(list, item); found {
			list = slices.Delete(list, i, i+1)
		}
		if r.lists[key] = list; len(list) == 0 {
			delete(r.lists, key)
		}
	}
	for _, key := range now {
		if list := r.lists[key]; !slices.Contains(was, key) {
			i, _ := slices.BinarySearch(list, item)
			r.lists[key] = slices.Insert(list, i, item)
		}
	}
	r.keys[item] = now
}

// Recall implements Route. A proposal's score is its birth in days before q, negated, or its
// faded weight in acts of the newest event's time.
func (r *RuleRoute) Recall(ctx context.Context, req *Request, n int) ([]Proposal, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	holds, next := r.rule.Bind(req), r.reader(req)
	one := math.Exp2(float64(max(req.Newest, r.decay.landmark)-r.decay.landmark) / r.decay.halfLife)
	top := best{n: n}
	for reads := range ruleReads {
		item := next()
		if item == 0 {
			break
		}
		if reads%1024 == 1023 && ctx.Err() != nil { // a condition may take a microsecond
			return nil, ctx.Err()
		}
		doc, born := r.items.Entry(item), r.items.Born(item)
		if doc == nil || born > req.Time {
			continue
		}
		s := scored{float64(born-req.Time) / float64(freshet.Day), item}
		if r.popular {
			s.score = 0
			if int(item) < len(r.weights) {
				s.score = r.weights[item] / one
			}
		}
		if top.wants(s) && holds(doc, born) && !req.Skip(item) {
			top.offer(s)
		}
	}
	list := top.take()
	out := proposals(len(list))[:len(list)]
	for i, c := range list {
		out[i] = Proposal{c.item, c.score, Because{Code: Ruled}}
	}
	return out, nil
}

// reader returns a function that gives the items to look at, each once, those met last first, and
// then 0.
func (r *RuleRoute) reader(req *Request) func() uint32 {
	if r.rule.Keys == nil {
		item := r.items.Len()
		return func() uint32 {
			item = max(0, item-1)
			return uint32(item)
		}
	}
	wanted := r.rule.Wanted(nil, req)
	var lists [][]uint32 // a heap by the last item of each, none empty
	for _, key := range wanted[:min(len(wanted), ruleValues)] {
		if list := r.lists[key]; len(list) > 0 {
			lists = append(lists, list)
		}
	}
	last := func(i int) uint32 { return lists[i][len(lists[i])-1] }
	sink := func(i int) {
		for {
			most := i
			for child := 2*i + 1; child <= 2*i+2 && child < len(lists); child++ {
				if last(child) > last(most) {
					most = child
				}
			}
			if most == i {
				return
			}
			lists[i], lists[most] = lists[most], lists[i]
			i = most
		}
	}
	for i := len(lists)/2 - 1; i >= 0; i-- {
		sink(i)
	}
	before := uint32(0)
	return func() uint32 {
		for len(lists) > 0 {
			item := last(0)
			if lists[0] = lists[0][:len(lists[0])-1]; len(lists[0]) == 0 {
				lists[0] = lists[len(lists)-1]
				lists = lists[:len(lists)-1]
			}
			if sink(0); item != before {
				before = item
				return item
			}
		}
		return 0
	}
}
