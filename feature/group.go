package feature

import (
	"cmp"
	"math"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// group is the features that have a key in common: one table, in whose cells their states stand
// one after the other, so that an event finds all of them in one place.
type group struct {
	parts   []part
	place   int // among the groups
	shape   shape
	columns []*column // the small cells first
	defined []*column // the same in the order of the definitions
	table   store.Table
	crosses crosses
	byItem  bool // the key depends on the item

	grain              int64 // of a generation, ms
	window             int64 // the longest window and hop together, 0 when some feature has none: cells stay
	nextPass           int64 // the horizon at which pass has something to do
	grainFrom, grainIs int64 // the generation asked for last: its first ms, and which it is
	spent              int64 // cells that were removed because nothing in them can be read any more
	evicted            int64 // cells that were removed for want of room
	letGo              int64 // the ms after the newest event time in any of those

	steps  [][]step // by the number of an event name
	decays []*column
	plain  bool // all columns take every event of the names they name, with nothing but its time
	run    []running
	fresh  []running // those of the run whose records were made for them
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
	// crowdedCells is how many are looked at, at most, for one that has to go.
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
	g.defined = slices.Clone(g.columns)
	// The small cells first: they share the first line of the cache.
	slices.SortStableFunc(g.columns, func(a, b *column) int { return cmp.Compare(a.cells.Words(), b.cells.Words()) })
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
	g.plain = true
	for _, c := range g.columns {
		g.plain = g.plain && c.where == nil && c.field.of == noField && c.def.Agg != LastK
	}
	g.table = o.NewTable(words)
	g.byItem = slices.ContainsFunc(g.parts, func(p part) bool { return p.byItem() })
	for _, name := range append([]string{""}, names...) {
		var steps []step
		for _, c := range g.columns {
			lanes := uint8(1)
			if c.lanes != nil {
				lanes = c.lanes[name]
			}
			if c.byName = append(c.byName, lanes); lanes != 0 {
				steps = append(steps, step{c, lanes})
			}
		}
		g.steps = append(g.steps, steps)
	}
	g.look = g.old
}

// prepare finds the keys of a batch, and asks for where their cells are. It returns how many keys
// there are.
func (g *group) prepare(b *batch) int {
	f := &b.of[g.place]
	f.keys, f.ends = f.keys[:0], f.ends[:0]
	for i := range b.deeds {
		if d := &b.deeds[i]; len(g.steps[d.name]) > 0 {
			f.keys = g.keys(f.keys, &d.subject, true)
		}
		f.ends = append(f.ends, len(f.keys))
	}
	f.hints = slices.Grow(f.hints[:0], len(f.keys))[:len(f.keys)]
	clear(f.hints)
	if len(b.deeds) > 1 {
		g.table.Soon(f.keys)
	}
	return len(f.keys)
}

// applyAll adds the events of all acts that were prepared. Where the group is plain it takes
// one column after the other, each over a run of acts: what an act makes of a cell depends on that cell
// alone.
func (g *group) applyAll(b *batch) {
	if !g.plain {
		for i := range b.deeds {
			g.apply(b, i)
		}
		return
	}
	f := &b.of[g.place]
	g.run = g.run[:0]
	earliest := int64(math.MaxInt64) // event time in the run
	from := 0
	for i := range b.deeds {
		d := &b.deeds[i]
		to := f.ends[i]
		horizon := d.sample.Horizon
		if horizon >= min(g.nextPass, earliest) {
			g.runAll()
			earliest = math.MaxInt64
			if horizon >= g.nextPass {
				g.pass(horizon)
			}
		}
		if d.sample.Time < horizon || to-from > 1 {
			g.runAll()
			earliest = math.MaxInt64
			g.add(b, i)
		} else if to > from {
			record, fresh := g.table.Cell(f.keys[from], g.generation(d.sample.Time), f.hints[from])
			if fresh {
				g.fresh = append(g.fresh, running{record, d, f.keys[from]})
			} else {
				g.run = append(g.run, running{record, d, f.keys[from]})
			}
			earliest = min(earliest, d.sample.Time)
		}
		from = to
	}
	g.runAll()
}

// running is an act of a run and the record that it is added to.
type running struct {
	record []uint64
	deed   *deed
	key    store.Key
}

// runAll adds the acts of the run to all columns: first those whose cells are all empty, so that the
// processor sees what comes. An act of the others on one of those cells came after them.
func (g *group) runAll() {
	for _, c := range g.columns {
		c.addRun(g.fresh)
		c.addRun(g.run)
	}
	g.fresh, g.run = g.fresh[:0], g.run[:0]
	for _, c := range g.decays {
		g.nextPass = min(g.nextPass, c.waiting.next())
	}
}

// apply adds the event of act i of a batch that was prepared.
func (g *group) apply(b *batch, i int) {
	if horizon := b.deeds[i].sample.Horizon; horizon >= g.nextPass {
		g.pass(horizon)
	}
	g.add(b, i)
}

// add is apply without the pass.
func (g *group) add(b *batch, i int) {
	d, f := &b.deeds[i], &b.of[g.place]
	from, to := 0, f.ends[i]
	if i > 0 {
		from = f.ends[i-1]
	}
	if from == to {
		return
	}
	keys, hints, sample := f.keys[from:to], f.hints[from:to], &d.sample
	var record []uint64
	for _, step := range g.steps[d.name] {
		c := step.column
		if !c.takes(sample, d.event) || c.where != nil && !c.where.True(d.event, d.item, d.user) {
			continue
		}
		if c.def.Agg == Distinct {
			if g.hashes = c.field.hashes(g.hashes[:0], d.event, d.item); len(g.hashes) == 0 {
				continue
			}
		}
		sample.Lanes = step.lanes
		if len(keys) == 1 {
			if record == nil {
				record, _ = g.table.Cell(keys[0], g.generation(sample.Time), hints[0])
			}
			c.add(keys[0], record, sample, g.hashes)
			continue
		}
		for i, k := range keys {
			record, _ := g.table.Cell(k, g.generation(sample.Time), hints[i])
			c.add(k, record, sample, g.hashes)
		}
	}
	for _, c := range g.decays {
		g.nextPass = min(g.nextPass, c.waiting.next())
	}
}

// generation is that of a time.
func (g *group) generation(t int64) int64 {
	if t < g.grainFrom || t >= g.grainFrom+g.grain {
		g.grainFrom = t / g.grain * g.grain
		g.grainIs = t / g.grain
	}
	return g.grainIs
}

// pass does what time has brought due, little by little.
func (g *group) pass(horizon int64) {
	g.nextPass = math.MaxInt64
	for _, c := range g.decays {
		c.settle(g.table, horizon)
		g.nextPass = min(g.nextPass, c.waiting.next())
	}
	if g.window == 0 {
		return
	}
	if horizon >= g.nextSpent {
		g.spentBefore = (horizon - g.window) / g.grain
		g.nextSpent = (g.spentBefore+1)*g.grain + g.window
		g.draining = true
	}
	if g.draining {
		g.lookAt = g.spentBefore
		g.draining = g.table.Old(g.lookAt, oldCells, g.look) == oldCells
	}
	if g.nextPass = min(g.nextPass, g.nextSpent); g.draining {
		g.nextPass = math.MinInt64
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
		g.letGo = max(g.letGo, newest+1)
	} else {
		g.spent++
	}
	return 0, false
}

// evict looks at the first cell of the oldest generation: it is removed, or moves on into a later
// one when it was added to since.
func (g *group) evict() {
	oldest, ok := g.table.Oldest()
	if !ok {
		return
	}
	g.overFull, g.lookAt = true, oldest+1
	g.table.Old(g.lookAt, 1, g.look)
	g.overFull = false
}
