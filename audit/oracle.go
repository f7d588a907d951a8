package audit

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// Options configure an Oracle.
type Options struct {
	Features []feature.Definition // that Definition.Check found sound
	// Where compiles a filter that was found sound; the item and the user are nil when they are
	// unknown, and like the event must not be changed. Features with a filter are not watched
	// while Where is nil.
	Where func(text string) (func(e *freshet.Event, item *freshet.Item, user *freshet.User) bool, error)
	// Slack is how far behind the newest event a read may still be made.
	Slack freshet.Duration
	// OneIn is the share of the keys that are kept, a power of two: 1 keeps all.
	OneIn uint64
	// MaxFacts bounds the events kept over all keys; one event counts once for each key that
	// it belongs to, and once more for every 32 bytes that its texts take where they are kept. When
	// there are more, half of the keys are given up. 0 is no bound.
	MaxFacts int
}

// Oracle keeps raw events by feature and key. It is for one writer or many readers at a time.
type Oracle struct {
	columns  []column
	names    map[string][]group // by event name: the features that it feeds
	others   []group            // the same for all further names
	slack    int64
	newest   int64 // newest event time
	oneIn    uint64
	maxFacts int
	facts    int // kept

	itemAttributes, userAttributes []*attribute
	filters                        bool            // some feature has a filter, so documents are kept:
	items                          []*freshet.Item // by number, nil when unknown
	users                          []*freshet.User

	fields fields      // of the event under way
	walk   combination // room for Event
	found  []found     // likewise
}

// group is the features with one key that an event feeds. Their keys are hashed together: nearly all
// of them are not kept, and to know that is most of what an event costs.
type group struct {
	parts   []part
	members []member
}

// member is one of them.
type member struct {
	head   uint64
	column int
	lanes  uint8 // of facts
}

// found is a key of an event that is kept.
type found struct {
	key    uint64
	column int
	lanes  uint8
}

// column is one feature: how its keys are made, and the events under those that are kept.
type column struct {
	def       feature.Definition
	unwatched bool
	parts     []part
	head      uint64     // what the hashes of its keys begin with
	field     *attribute // that a distinct of an item's attribute is of
	where     func(e *freshet.Event, item *freshet.Item, user *freshet.User) bool
	keyed     map[uint64]*facts
}

// NewOracle returns an Oracle without events.
func NewOracle(o Options) *Oracle {
	g := &Oracle{names: map[string][]group{}, slack: int64(o.Slack), oneIn: max(1, o.OneIn), maxFacts: o.MaxFacts}
	for i, d := range o.Features {
		c := column{def: d, keyed: map[uint64]*facts{}, parts: g.parts(d.Key), head: mix(uint64(i) + 1)}
		c.unwatched = d.Expr != "" || d.Where != "" && o.Where == nil
		if name, ok := strings.CutPrefix(d.Field, "item."); ok {
			c.field = known(&g.itemAttributes, name)
		}
		if d.Where != "" && o.Where != nil {
			var err error
			if c.where, err = o.Where(d.Where); err != nil {
				panic(fmt.Sprintf("BUG: the filter of feature %q was found sound, and is not: %v", d.Name, err))
			}
			g.filters = true
		}
		g.columns = append(g.columns, c)
		for _, name := range slices.Concat(d.On, d.Of, d.Per) {
			g.names[name] = nil
		}
	}
	for name := range g.names {
		g.names[name] = g.groups(name)
	}
	g.others = g.groups("")
	return g
}

// groups are the features that an event of a name feeds.
func (g *Oracle) groups(name string) (groups []group) {
	for i := range g.columns {
		c := &g.columns[i]
		lanes := c.lanes(name)
		if lanes == 0 {
			continue
		}
		at := slices.IndexFunc(groups, func(other group) bool { return slices.Equal(other.parts, c.parts) })
		if at < 0 {
			at, groups = len(groups), append(groups, group{parts: c.parts})
		}
		groups[at].members = append(groups[at].members, member{c.head, i, lanes})
	}
	return groups
}

// lanes says what an event of a name is to the feature; 0 is nothing.
func (c *column) lanes(name string) (lanes uint8) {
	switch d := &c.def; {
	case c.unwatched:
	case d.Agg == feature.Rate:
		if slices.Contains(d.Of, name) {
			lanes |= laneOf
		}
		if slices.Contains(d.Per, name) {
			lanes |= lanePer
		}
	case len(d.On) == 0 || slices.Contains(d.On, name):
		lanes = laneOf
	}
	return lanes
}

// OneIn is the share of keys that are kept now: one in so many.
func (g *Oracle) OneIn() uint64 { return g.oneIn }

// Keys is how many keys are kept, over all features.
func (g *Oracle) Keys() int {
	n := 0
	for i := range g.columns {
		n += len(g.columns[i].keyed)
	}
	return n
}

// Facts is how many events are kept, as [Options.MaxFacts] counts them.
func (g *Oracle) Facts() int { return g.facts }

// Upsert notes the attributes of an item, for the events and reads that follow. The item must not
// be changed afterwards.
func (g *Oracle) Upsert(item uint32, doc *freshet.Item) {
	for _, a := range g.itemAttributes {
		a.set(item, itemHashes(doc, a.name))
	}
	if g.filters {
		g.items = put(g.items, item, doc)
	}
}

// User notes the attributes of a user, for the events and reads that follow. The user must not be
// changed afterwards.
func (g *Oracle) User(visitor uint32, doc *freshet.User) {
	for _, a := range g.userAttributes {
		a.set(visitor, appendHashes(nil, doc.Attributes[a.name]))
	}
	if g.filters {
		g.users = put(g.users, visitor, doc)
	}
}

func put[T any](list []*T, n uint32, doc *T) []*T {
	for int(n) >= len(list) {
		list = append(list, nil)
	}
	list[n] = doc
	return list
}

func at[T any](list []*T, n uint32) *T {
	if int(n) < len(list) {
		return list[n]
	}
	return nil
}

// Event notes an event that is not late. visitor and item are the numbers of who did it and to
// what, 0 for nobody and nothing.
func (g *Oracle) Event(visitor, item uint32, e *freshet.Event) {
	g.newest = max(g.newest, e.Time)
	groups, ok := g.names[e.Name]
	if !ok {
		groups = g.others
	}
	clear(g.fields.known)
	g.found = g.found[:0]
	field := func(p *part) []uint64 { return g.fields.of(p.field, e.Context) }
	for i := range groups {
		members := groups[i].members
		for ok := g.walk.first(groups[i].parts, visitor, item, field); ok; ok = g.walk.next() {
			for k := range members {
				if key := g.walk.key(members[k].head); g.kept(key) {
					g.found = append(g.found, found{key, members[k].column, members[k].lanes})
				}
			}
		}
	}
	// What is given up for want of room goes by the order of features.
	slices.SortStableFunc(g.found, func(a, b found) int { return a.column - b.column })
	for rest := g.found; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].column == rest[0].column {
			n++
		}
		g.note(rest[:n], visitor, item, e)
		rest = rest[n:]
	}
}

// note notes an event under keys of one feature.
func (g *Oracle) note(keys []found, visitor, item uint32, e *freshet.Event) {
	c := &g.columns[keys[0].column]
	if c.where != nil && !c.where(e, at(g.items, item), at(g.users, visitor)) {
		return
	}
	list := c.factsOf(item, e, keys[0].lanes)
	for i := range keys {
		if len(list) > 0 && g.kept(keys[i].key) { // which the key before may have changed
			g.add(c, keys[i].key, list)
		}
	}
}

// factsOf are what an event means to the feature: nothing when it lacks the field, or the item of a
// last_k, several facts when the field has several values.
func (c *column) factsOf(item uint32, e *freshet.Event, lanes uint8) []fact {
	f := fact{time: e.Time, value: math.Float64bits(1), lanes: lanes}
	d := &c.def
	if d.Agg == feature.LastK && e.Item == "" {
		return nil
	}
	if c.ordered() {
		f.item, f.words = item, &words{item: strings.Clone(string(e.Item)), id: strings.Clone(e.ID)} // not a piece of a whole batch
	}
	if d.Field == "" {
		return []fact{f}
	}
	if d.Agg == feature.Distinct {
		var list []fact
		for _, value := range c.distinctValues(item, e) {
			f.value = value
			list = append(list, f)
			f.lanes = laneMore
		}
		return list
	}
	number, text, ok := c.one(e)
	switch {
	case !ok:
		return nil
	case number == nil && d.Agg != feature.Last:
		return nil
	case number == nil:
		f.lanes |= laneText
		f.words.text = strings.Clone(text)
	default:
		f.value = math.Float64bits(*number)
	}
	return []fact{f}
}

// ordered reports that it matters which of two events of one time is the newer one.
func (c *column) ordered() bool { return c.def.Agg == feature.Last || c.def.Agg == feature.LastK }

// one is the number or, with none, the text that the event has in the feature's field.
func (c *column) one(e *freshet.Event) (number *float64, text string, ok bool) {
	switch c.def.Field {
	case "value":
		return &e.Value, "", e.HasValue
	case "rank":
		rank := float64(e.Rank)
		return &rank, "", e.Rank > 0
	case "item":
		return nil, string(e.Item), e.Item != ""
	case "query":
		return nil, e.Query, e.Query != ""
	}
	name, _ := strings.CutPrefix(c.def.Field, "context.")
	switch v := e.Context[name].(type) {
	case string:
		return nil, v, true
	case json.Number:
		f, err := v.Float64()
		return &f, "", err == nil && math.Abs(f) <= freshet.MaxValue
	}
	return nil, "", false
}

// distinctValues are the hashes of the different values of the field.
func (c *column) distinctValues(item uint32, e *freshet.Event) []uint64 {
	if c.field != nil {
		return c.field.of(item)
	}
	if c.def.Field == "user" {
		if v := e.Visitor(); v != "" {
			return []uint64{hash(aText, string(v))}
		}
		return nil
	}
	if name, ok := strings.CutPrefix(c.def.Field, "context."); ok {
		return appendHashes(nil, e.Context[name])
	}
	number, text, ok := c.one(e)
	switch {
	case !ok:
		return nil
	case number != nil:
		return []uint64{hashNumber(*number)}
	}
	return []uint64{hash(aText, text)}
}

// Read recomputes a feature, by its place among the definitions, for a visitor, an item and the
// context of a request, nil for none, at time q, which must not lie more than the slack behind the
// newest event. known is false when the events of a key that it needs are not kept, and for
// features that are not watched at all.
func (g *Oracle) Read(column int, visitor, item uint32, q int64, context map[string]any) (value Value, known bool) {
	c := &g.columns[column]
	if c.unwatched {
		return Value{}, false
	}
	var keys combination
	var all []Value
	field := func(p *part) []uint64 { return appendHashes(nil, context[p.name]) }
	for ok := keys.first(c.parts, visitor, item, field); ok; ok = keys.next() {
		key := keys.key(c.head)
		if !g.kept(key) {
			return Value{}, false
		}
		k := c.keyed[key]
		switch {
		case k == nil:
			k = &facts{}
		case k.givenUp:
			return Value{}, false
		}
		all = append(all, c.value(k, q))
	}
	if len(all) == 0 {
		return c.value(&facts{}, q), true
	}
	return c.together(all), true
}
