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

// Value is one feature read for one key.
type Value struct {
	Value   float64
	Null    bool  // there is no value (last_time and age without an event)
	Events  int64 // events counted
	Updated int64 // newest event time seen under the key, 0 if none; Unix ms
}

// Default reports that no event stands behind the value.
func (v Value) Default() bool { return v.Events == 0 }

// Micro rounds x to 10⁻⁶, half to even, in units of 10⁻⁶.
func micro(x float64) int64 { return int64(math.RoundToEven(float64(x * 1e6))) }
