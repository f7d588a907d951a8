package feature

import (
	"math"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/intern"
	"github.com/freshet-rec/freshet/store"
)

// Options are what an Engine needs beside its definitions.
type Options struct {
	// Slack is how far behind the newest event a read may still be made: the allowed
	// future of event times.
	Slack freshet.Duration
	// NewTable makes the table for one feature's state; cells have the given number of
	// words.
	NewTable func(words int) store.Table
	// ItemID gives the id of an item's number: it decides between events of one millisecond.
	ItemID func(item uint32) string
}

// Engine holds the state of all features.
type Engine struct {
	columns     []*column
	definitions []Definition
	attributes  map[string]*attribute // the item attributes that some key names
	slack       int64
	newest      int64 // newest event time applied
}

// New returns an Engine for definitions that [Definition.Check] found sound and whose names
// differ.
func New(defs []Definition, o Options) *Engine {
	g := &Engine{attributes: map[string]*attribute{}, slack: int64(o.Slack), definitions: defs}
	for _, d := range defs {
		g.columns = append(g.columns, newColumn(d, o, g.attribute))
	}
	return g
}

func (g *Engine) attribute(name string) *attribute {
	if g.attributes[name] == nil {
		g.attributes[name] = &attribute{name: name, numbers: intern.New()}
	}
	return g.attributes[name]
}

// Names lists the features in the order of a row.
func (g *Engine) Names() []string {
	names := make([]string, len(g.columns))
	for i, c := range g.columns {
		names[i] = c.def.Name
	}
	return names
}

// Definitions are the features in the order of a row. They must not be changed.
func (g *Engine) Definitions() []Definition { return g.definitions }

// Keys is the number of live keys over all features.
func (g *Engine) Keys() int {
	n := 0
	for _, c := range g.columns {
		n += c.keys()
	}
	return n
}

// Upsert notes the attributes of an item, for the events and reads that follow. item is the
// item's number, ≥ 1.
func (g *Engine) Upsert(item uint32, doc *freshet.Item) {
	for _, a := range g.attributes {
		a.set(item, doc)
	}
}

// Apply folds in one event that is not late. visitor and item are the numbers of who did it
// and to what, 0 for nobody and nothing; Time must not be negative.
func (g *Engine) Apply(visitor, item uint32, e *freshet.Event) {
	g.newest = max(g.newest, e.Time)
	for _, c := range g.columns {
		c.apply(visitor, item, e, g.newest, g.newest-g.slack)
	}
}

// UpsertUser notes the attributes of a user, for the events and reads that follow. visitor is
// the user's number, ≥ 1.
func (g *Engine) UpsertUser(visitor uint32, doc *freshet.User) {}

// Act is one event for ApplyAll.
type Act struct {
	Visitor, Item uint32
	Event         *freshet.Event
}

// ApplyAll is Apply of each act, in order; many at a time are faster than one by one.
func (g *Engine) ApplyAll(acts []Act) {
	for i := range acts {
		g.Apply(acts[i].Visitor, acts[i].Item, acts[i].Event)
	}
}

// Value is one feature read for one key.
type Value struct {
	Value   float64 // of a number
	Text    string  // of a text: last of a text, or a derived feature that is one
	List    []Entry // of a last_k, newest first; must not be changed
	Null    bool    // there is no value
	Events  int64   // events counted
	Updated int64   // newest event time seen under the key, 0 if none; Unix ms
}

// Entry is an element of a last_k.
type Entry struct {
	Item uint32
	Time int64 // Unix ms
}

// Default reports that no event stands behind the value.
func (v Value) Default() bool { return v.Events == 0 }

// Micro rounds x to 10⁻⁶, half to even, in units of 10⁻⁶.
func micro(x float64) int64 { return int64(math.RoundToEven(float64(x * 1e6))) }
