package feature

import (
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/internal/slab"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// Options are what an Engine needs beside its definitions.
type Options struct {
	// Slack is how far behind the newest event a read may still be made: the allowed
	// future of event times.
	Slack freshet.Duration
	// NewTable makes the table for the features of one key; cells have the given number of
	// words.
	NewTable func(words int) store.Table
	// ItemID gives the id of an item's number: it decides between events of one millisecond.
	ItemID func(item uint32) string
	// Born gives the time at which the catalogue first knew of an item: what derived features go by
	// when it was never published.
	Born func(item uint32) int64
	// MaxKeys bounds the keys over all tables, 0 is no bound. When there are more, the oldest key
	// of the largest table goes, of those whose keys have two parts and more as long as
	// one of them has any: its values begin anew. See Evicted and LetGo. Finding it takes at most
	// 64 looks for each new key, so that for a while there may be one in 64 too many.
	MaxKeys int
}

// Engine holds the state of all features.
type Engine struct {
	definitions []Definition
	columns     []*column // by place in a row; nil for a derived feature
	groups      []*group
	names       map[string]int // the event names that some feature mentions, from 1
	nameTexts   []string       // by number
	items       map[string]*attribute
	users       map[string]*attribute
	derived     *derived // nil when there are none
	born        func(item uint32) int64
	asksDocs    bool            // some feature looks at the documents themselves
	itemDocs    []*freshet.Item // by number, with asksDocs
	userDocs    []*freshet.User
	slack       int64
	newest      int64 // newest event time applied
	maxKeys     int
	batches     [stages]batch  // of the acts that are being applied
	ahead       prefetch.Queue // what they ask the memory for
	kept        int            // columns of all groups
	unpacked    int            // one more than the highest item that Unpack may come across
}

// New returns an Engine for definitions that [Definition.Check] and [CheckAll] found sound.
func New(defs []Definition, o Options) *Engine {
	g := &Engine{definitions: defs, names: map[string]int{}, items: map[string]*attribute{}, users: map[string]*attribute{}, slack: int64(o.Slack), maxKeys: o.MaxKeys}
	if o.ItemID == nil {
		o.ItemID = func(uint32) string { return "" }
	}
	if o.Born == nil {
		o.Born = func(uint32) int64 { return 0 }
	}
	var names []string
	for i, d := range defs {
		if d.Expr != "" {
			g.columns = append(g.columns, nil)
			continue
		}
		c := newColumn(d, &o, window.Order{Slab: &slab.Slab{}, ItemID: o.ItemID, Items: func() int { return g.unpacked }})
		c.place = i
		g.columns = append(g.columns, c)
		gr := g.group(parseKey(d.Key))
		gr.columns = append(gr.columns, c)
		for _, name := range slices.Concat(d.On, d.Of, d.Per) {
			if g.names[name] == 0 {
				names = append(names, name)
				g.names[name] = len(names)
			}
		}
		g.asksDocs = g.asksDocs || d.Where != "" || c.field.of == attributeField
	}
	g.nameTexts = append([]string{""}, names...)
	for _, gr := range g.groups {
		gr.finish(&o, names)
		gr.run.ahead = &g.ahead
		g.kept += len(gr.columns)
	}
	for i := range g.batches {
		g.batches[i].of = make([]found, len(g.groups))
	}
	if slices.Contains(g.columns, nil) {
		g.derived, g.born, g.asksDocs = newDerived(defs), o.Born, true
	}
	return g
}

// group is the one of a key, made at first sight.
func (g *Engine) group(parts []part) *group {
	for _, gr := range g.groups {
		if slices.EqualFunc(gr.parts, parts, func(a, b part) bool { return a.of == b.of && a.name == b.name }) {
			return gr
		}
	}
	for i := range parts {
		switch p := &parts[i]; p.of {
		case ofItem:
			p.attr = attributeOf(g.items, p.name)
		case ofUser:
			p.attr = attributeOf(g.users, p.name)
		case ofContext:
			p.texts = intern.New()
		}
	}
	g.groups = append(g.groups, &group{parts: parts, shape: shapeOf(parts), place: len(g.groups)})
	return g.groups[len(g.groups)-1]
}

func attributeOf(all map[string]*attribute, name string) *attribute {
	if all[name] == nil {
		all[name] = &attribute{name: name, numbers: intern.New()}
	}
	return all[name]
}

// Names lists the features in the order of a row.
func (g *Engine) Names() []string {
	names := make([]string, len(g.definitions))
	for i := range g.definitions {
		names[i] = g.definitions[i].Name
	}
	return names
}

// Definitions are the features in the order of a row. They must not be changed.
func (g *Engine) Definitions() []Definition { return g.definitions }

// Keys is the number of live keys: of different keys of the definitions, each once however many
// features share it.
func (g *Engine) Keys() int {
	n := 0
	for _, gr := range g.groups {
		n += gr.table.Len()
	}
	return n
}

// Evicted is how many keys have gone for want of room, see Options.MaxKeys.
func (g *Engine) Evicted() int64 {
	n := int64(0)
	for _, gr := range g.groups {
		n += gr.evicted
	}
	return n
}

// MaxKeys is Options.MaxKeys.
func (g *Engine) MaxKeys() int { return g.maxKeys }

// LetGo is the time, Unix ms, before which events may have gone with a key of a feature for want of
// room; 0 when no such key went, and for a derived feature. Values over events from then on are those
// of an engine without a bound.
func (g *Engine) LetGo(place int) int64 {
	for _, gr := range g.groups {
		if slices.Contains(gr.columns, g.columns[place]) {
			return gr.letGo
		}
	}
	return 0
}

// Upsert notes the attributes of an item, for the events and reads that follow. item is the
// item's number, ≥ 1.
func (g *Engine) Upsert(item uint32, doc *freshet.Item) {
	for _, a := range g.items {
		a.set(item, itemValues(doc, a.name))
	}
	if g.asksDocs {
		for int(item) >= len(g.itemDocs) {
			g.itemDocs = append(g.itemDocs, nil)
		}
		g.itemDocs[item] = doc
	}
}

// UpsertUser notes the attributes of a user, for the events and reads that follow. visitor is
// the user's number, ≥ 1.
func (g *Engine) UpsertUser(visitor uint32, doc *freshet.User) {
	for _, a := range g.users {
		a.set(visitor, scalars(doc.Attributes[a.name]))
	}
	if g.asksDocs {
		for int(visitor) >= len(g.userDocs) {
			g.userDocs = append(g.userDocs, nil)
		}
		g.userDocs[visitor] = doc
	}
}

func (g *Engine) docs(s *subject) (item *freshet.Item, user *freshet.User) {
	if int(s.item) < len(g.itemDocs) {
		item = g.itemDocs[s.item]
	}
	if int(s.visitor) < len(g.userDocs) {
		user = g.userDocs[s.visitor]
	}
	return item, user
}

// Apply folds in one event that is not late. visitor and item are the numbers of who did it
// and to what, 0 for nobody and nothing; Time must not be negative.
func (g *Engine) Apply(visitor, item uint32, e *freshet.Event) {
	g.ApplyAll([]Act{{visitor, item, e}})
}

// Act is one event for ApplyAll.
type Act struct {
	Visitor, Item uint32
	Event         *freshet.Event
}

// ApplyAll is Apply of each act, in order; many at a time are faster than one by one. It takes them in
// batches, of which three are under way: where the cells of one are is asked for, the cells of the one
// before it are fetched, and the one before that is applied, so that the memory works while the
// processor does. What a group makes of an act depends on that group alone, unless keys have to go;
// so a group takes a whole batch after the other groups have.
func (g *Engine) ApplyAll(acts []Act) {
	batches := (len(acts) + atOnce - 1) / atOnce
	for n := range batches + stages - 1 {
		asked, fetched, due := &g.batches[n%stages], &g.batches[(n+stages-1)%stages], &g.batches[(n+stages-2)%stages]
		if n < batches {
			g.take(asked, acts[n*atOnce:min((n+1)*atOnce, len(acts))])
		}
		crowded := g.maxKeys > 0 && n >= stages-1 && g.Keys()+due.keys > g.maxKeys
		if n+1 < batches {
			g.askAttributes(acts[(n+1)*atOnce : min((n+2)*atOnce, len(acts))])
		}
		for _, gr := range g.groups {
			if n < batches {
				asked.keys += gr.prepare(asked, &g.ahead)
			}
			if n > 0 && n <= batches && len(fetched.deeds) > 1 {
				gr.table.Ahead(fetched.of[gr.place].keys, fetched.of[gr.place].hints, &g.ahead)
			}
		}
		switch {
		case n < stages-1:
		case crowded:
			g.applyCrowded(due)
		default:
			g.ahead.Spread(g.kept)
			for _, gr := range g.groups {
				gr.applyAll(due)
			}
		}
		g.ahead.Rest()
	}
	for i := range g.batches {
		clear(g.batches[i].deeds) // they point to events
	}
}

const (
	// atOnce is how many acts a batch has: their cells fit into the buffers of a core that waits for
	// memory. By measurement; 16 and 64 are slower.
	atOnce = 32
	stages = 3
)

// batch is the acts of one step, and where each group finds their cells.
type batch struct {
	deeds    []deed
	of       []found // by group
	keys     int     // of all groups together
	horizon  int64   // of the last act
	earliest int64   // event time
	latest   int64
	room     [atOnce]deed
	times    [atOnce]int64 // of the deeds, again
	horizons [atOnce]int64
	names    [atOnce]int
	visitors [atOnce]uint32
	items    [atOnce]uint32
}

// found are the keys of a batch's acts in a group's table.
type found struct {
	keys  []store.Key
	ends  []int // where those of each act end
	hints []store.Hint
	many  bool              // some act has several
	one   [atOnce]store.Key // the room of keys where each act has one
	some  struct {          // and of any
		keys []store.Key
		ends []int
	}
}

// take fills a batch.
func (g *Engine) take(b *batch, acts []Act) {
	b.deeds, b.keys = b.room[:len(acts)], 0
	b.earliest, b.latest = math.MaxInt64, 0
	for i := range acts {
		a, d := &acts[i], &b.deeds[i]
		e := a.Event
		g.newest = max(g.newest, e.Time)
		b.earliest, b.latest = min(b.earliest, e.Time), max(b.latest, e.Time)
		d.subject.visitor, d.subject.item, d.subject.context = a.Visitor, a.Item, e.Context
		d.event, d.name, d.time, d.horizon = e, g.name(e.Name), e.Time, g.newest-g.slack
		b.times[i], b.horizons[i], b.names[i] = d.time, d.horizon, d.name
		b.visitors[i], b.items[i] = a.Visitor, a.Item
		if g.asksDocs {
			d.item, d.user = g.docs(&d.subject)
		}
	}
	b.horizon = g.newest - g.slack
}

// askAttributes asks for the attributes that are parts of the keys of acts.
func (g *Engine) askAttributes(acts []Act) {
	for _, a := range g.items {
		for i := range acts {
			a.ahead(acts[i].Item)
		}
	}
	for _, a := range g.users {
		for i := range acts {
			a.ahead(acts[i].Visitor)
		}
	}
}

// applyCrowded applies a batch one act after the other, so that keys go as soon as they must.
func (g *Engine) applyCrowded(b *batch) {
	for i := range b.deeds {
		had := g.Keys()
		for _, gr := range g.groups {
			gr.apply(b, i)
		}
		g.evict(crowdedCells * (1 + max(0, g.Keys()-had)))
	}
}

// name is the number of an event's name. A few names are sooner compared than looked up.
func (g *Engine) name(text string) int {
	if len(g.nameTexts) > fewNames {
		return g.names[text]
	}
	for i := 1; i < len(g.nameTexts); i++ {
		if g.nameTexts[i] == text {
			return i
		}
	}
	return 0
}

const fewNames = 9

// deed is an act with what all groups want to know of it.
type deed struct {
	subject subject
	event   *freshet.Event
	time    int64
	horizon int64 // the earliest time that a read may still be made for
	name    int   // the number of the event's name, 0 when no feature mentions it
	item    *freshet.Item
	user    *freshet.User // both nil when they are unknown or nobody asks
}

// evict gives up the keys that Options.MaxKeys says, for at most so many looks at cells.
func (g *Engine) evict(looks int) {
	for ; looks > 0 && g.Keys() > g.maxKeys; looks-- {
		g.crowded().evict()
	}
}

// crowded is the group whose keys have to go first.
func (g *Engine) crowded() *group {
	var most *group
	for _, gr := range g.groups {
		n := gr.table.Len()
		if n > 0 && (most == nil || len(gr.parts) > 1 && len(most.parts) <= 1 || len(gr.parts) > 1 == (len(most.parts) > 1) && n > most.table.Len()) {
			most = gr
		}
	}
	return most
}

// Value is one feature read for one key.
type Value = window.Value

// Entry is an element of a last_k.
type Entry = window.Entry
