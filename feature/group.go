package feature

import (
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/slab"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// group is the features that have a key in common: one table, in whose cells their states stand
// one after the other, so that an event finds all of them in one place.
type group struct {
	parts   []part
	shape   shape
	columns []*column
	table   store.Table
	slab    *slab.Slab
	crosses crosses
	byItem  bool // the key depends on the item

	grain   int64 // of a generation, ms
	window  int64 // the longest window and hop together, 0 when some feature has none: cells stay
	settled int64 // the newest horizon that the decayed sums know
	spent   int64 // cells that were removed because nothing in them can be read any more
	evicted int64 // cells that were removed for want of room

	steps  [][]step // by the number of an event name
	decays []*column
	keyed  []store.Key // of the acts that are being applied
	ends   []int       // where those of each act end
	sample window.Sample
	hashes []uint64

	spentBefore int64 // the generation before which cells are spent
	nextSpent   int64 // the horizon at which that changes
	draining    bool  // there may be cells before it
	look        func(k store.Key, record []uint64) (generation int64, keep bool)
	lookAt      int64 // the generation before which look removes what was not added to since
	overFull    bool  // look removes for want of room
}

const (
	// oldCells is how many cells are looked at with each event: more than can be made, so that a
	// table holds little more than its live keys.
	oldCells = 4
	// crowdedCells is how many are looked at for one that has to go.
	crowdedCells = 64
	// stayGrain is the grain of generations where cells stay: they only order cells by age.
	stayGrain = int64(freshet.Hour)
	// windowGrains is how many grains a window has: cells are removed up to one later than they
	// could be.
	windowGrains = 8
)

// finish makes the table, once all columns are there. names are the event names that some feature
// mentions; number 0 is any other.
func (g *group) finish(o *Options, names []string) {
	words := 0
	g.window = 0
	stays := false
	for _, c := range g.columns {
		c.from, c.to = words, words+c.cells.Words()
		words = c.to
		if c.def.Window == 0 {
			stays = true
		}
		g.window = max(g.window, int64(c.def.Window+c.def.Hop))
		if c.decay != nil {
			g.decays = append(g.decays, c)
		}
	}
	if g.grain = max(1, g.window/windowGrains); stays {
		g.window, g.grain = 0, stayGrain
	}
	g.table = o.NewTable(words)
	g.byItem = slices.ContainsFunc(g.parts, func(p part) bool { return p.byItem() })
	for _, name := range append([]string{""}, names...) {
		var steps []step
		for _, c := range g.columns {
			if c.lanes == nil {
				steps = append(steps, step{c, 1})
			} else if lanes := c.lanes[name]; lanes != 0 && name != "" {
				steps = append(steps, step{c, lanes})
			}
		}
		g.steps = append(g.steps, steps)
	}
	g.look = g.old
}

// prepare finds the keys of acts, and has the table fetch what it knows of them. It returns how
// many keys there are.
func (g *group) prepare(deeds []deed) int {
	g.keyed, g.ends = g.keyed[:0], g.ends[:0]
	for i := range deeds {
		if len(g.steps[deeds[i].name]) > 0 {
			g.keyed = g.keys(g.keyed, &deeds[i].subject, true)
		}
		g.ends = append(g.ends, len(g.keyed))
	}
	if len(deeds) > 1 {
		g.table.Ahead(g.keyed)
	}
	return len(g.keyed)
}

// keysOf are the keys of act i of those that were prepared.
func (g *group) keysOf(i int) []store.Key {
	if i == 0 {
		return g.keyed[:g.ends[0]]
	}
	return g.keyed[g.ends[i-1]:g.ends[i]]
}

// apply adds an event under keys.
func (g *group) apply(d *deed, keys []store.Key) {
	g.pass(d.horizon)
	if len(keys) == 0 {
		return
	}
	e := d.event
	g.sample = window.Sample{Time: e.Time, Item: d.subject.item, EventID: e.ID, Horizon: d.horizon}
	sample := &g.sample
	var record []uint64
	for _, step := range g.steps[d.name] {
		c := step.column
		if !c.takes(sample, e) || c.where != nil && !c.where.True(e, d.item, d.user) {
			continue
		}
		if c.def.Agg == Distinct {
			if g.hashes = c.field.hashes(g.hashes[:0], e, d.item); len(g.hashes) == 0 {
				continue
			}
		}
		sample.Lanes = step.lanes
		if len(keys) == 1 {
			if record == nil {
				record = g.table.Cell(keys[0], e.Time/g.grain)
			}
			c.add(keys[0], record, sample, g.hashes)
			continue
		}
		for _, k := range keys {
			c.add(k, g.table.Cell(k, e.Time/g.grain), sample, g.hashes)
		}
	}
}

// pass does what time has brought due, little by little.
func (g *group) pass(horizon int64) {
	if horizon > g.settled {
		g.settled = horizon
		for _, c := range g.decays {
			if c.waiting.due(horizon) {
				c.settle(g.table, horizon)
			}
		}
		if g.window > 0 && horizon >= g.nextSpent {
			g.spentBefore = (horizon - g.window) / g.grain
			g.nextSpent = (g.spentBefore+1)*g.grain + g.window
			g.draining = true
		}
	}
	if g.draining {
		g.lookAt = g.spentBefore
		g.draining = g.table.Old(g.lookAt, oldCells, g.look) == oldCells
	}
}

// old looks at a record that is old: it goes, unless it was added to since.
func (g *group) old(_ store.Key, record []uint64) (generation int64, keep bool) {
	newest := int64(0)
	for _, c := range g.columns {
		newest = max(newest, window.Newest(c.cell(record)))
	}
	if generation = newest / g.grain; generation >= g.lookAt {
		return generation, true
	}
	for _, c := range g.columns {
		c.drop(record)
	}
	if g.overFull {
		g.evicted++
	} else {
		g.spent++
	}
	return 0, false
}

// evict removes the oldest cell: of those of the oldest generation that got nothing since, the
// first that came into it. Those that moved on take their place behind, at most crowdedCells of
// them: then there is one cell too many until the next one.
func (g *group) evict() {
	g.overFull = true
	for had, n := g.evicted, 0; g.evicted == had && n < crowdedCells; n++ {
		oldest, ok := g.table.Oldest()
		if !ok {
			break
		}
		g.lookAt = oldest + 1
		g.table.Old(g.lookAt, 1, g.look)
	}
	g.overFull = false
}
