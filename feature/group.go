package feature

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/internal/prefetch"
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
	every  bool // each name is one that some column takes
	run    run
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
	g.every = !slices.ContainsFunc(g.steps, func(steps []step) bool { return len(steps) == 0 })
	g.look = g.old
}

// prepare finds the keys of a batch, and asks for where their cells are. It returns how many keys
// there are.
func (g *group) prepare(b *batch, lines *prefetch.Queue) int {
	f := &b.of[g.place]
	if !g.every || !g.oneEach(b, f) {
		g.someEach(b, f)
	}
	f.hints = slices.Grow(f.hints[:0], len(f.keys))[:len(f.keys)]
	if len(b.deeds) > 1 {
		g.table.Soon(f.keys, f.hints, lines)
	} else {
		clear(f.hints)
	}
	return len(f.keys)
}

// oneEach finds the keys of acts that have one each, all of them, of a group whose keys have a shape;
// otherwise it finds nothing, and says so.
func (g *group) oneEach(b *batch, f *found) bool {
	keys := f.one[:len(b.deeds)]
	visitors, items := b.visitors[:len(keys)], b.items[:len(keys)]
	least := uint32(math.MaxUint32) // 0 when some act lacks a part
	switch g.shape {
	case shapeUser:
		for i := range keys {
			keys[i] = store.Key(visitors[i])
			least = min(least, visitors[i])
		}
	case shapeItem:
		for i := range keys {
			keys[i] = store.Key(items[i])
			least = min(least, items[i])
		}
	case shapePair:
		for i := range keys {
			keys[i] = store.Key(visitors[i])<<32 | store.Key(items[i])
			least = min(least, visitors[i], items[i])
		}
	case shapeTaste:
		attr := g.parts[1].attr
		for i := range keys {
			value := attr.only(items[i])
			keys[i] = store.Key(visitors[i])<<32 | store.Key(value)
			least = min(least, visitors[i], value)
		}
	default:
		return false
	}
	if least == 0 {
		return false
	}
	f.keys, f.ends, f.many = keys, oneByOne[:len(keys)], false
	return true
}

// oneByOne are the ends of the keys of acts that have one each.
var oneByOne = func() (ends [atOnce]int) {
	for i := range ends {
		ends[i] = i + 1
	}
	return ends
}()

// someEach finds the keys of any acts.
func (g *group) someEach(b *batch, f *found) {
	keys, ends := f.some.keys[:0], f.some.ends[:0]
	f.many = false
	for i := range b.deeds {
		from := len(keys)
		if d := &b.deeds[i]; g.every || len(g.steps[d.name]) > 0 {
			keys = g.keys(keys, &d.subject, true)
		}
		ends = append(ends, len(keys))
		f.many = f.many || len(keys) > from+1
	}
	f.some.keys, f.some.ends = keys, ends
	f.keys, f.ends = keys, ends
}

// applyAll adds the events of all acts that were prepared. Where the group is plain it takes
// one column after the other, each over a run of acts: what an act makes of a cell depends on that cell
// alone.
func (g *group) applyAll(b *batch) {
	f := &b.of[g.place]
	if !g.plain || f.many {
		for i := range b.deeds {
			g.apply(b, i)
		}
		return
	}
	for from := 0; from < len(b.deeds); {
		first := &b.deeds[from]
		if first.horizon >= g.nextPass {
			g.pass(first.horizon)
		}
		to := g.runEnd(b, from)
		if to == from+1 {
			g.add(b, from)
		} else {
			g.addRun(b, from, to)
		}
		from = to
	}
}

// runEnd is where a run that begins with act from ends: before a pass has something to do, and before
// an act that may be beyond what is kept, or is of another generation.
func (g *group) runEnd(b *batch, from int) int {
	first := &b.deeds[from]
	generation := g.generation(first.time)
	if b.horizon < min(g.nextPass, b.earliest) && g.generation(b.earliest) == generation && g.generation(b.latest) == generation {
		return len(b.deeds)
	}
	to, earliest := from+1, first.time
	for ; to < len(b.deeds) && first.time >= first.horizon; to++ {
		d := &b.deeds[to]
		earliest = min(earliest, d.time)
		if d.horizon >= min(g.nextPass, earliest) || g.generation(d.time) != generation {
			break
		}
	}
	return to
}

// addRun adds acts that are a run, each under one key at most: first those whose records are made for
// them, so that the processor sees what comes. An act of the others on one of those records came after
// them.
func (g *group) addRun(b *batch, from, to int) {
	f := &b.of[g.place]
	first := 0
	if from > 0 {
		first = f.ends[from-1]
	}
	keys := f.keys[first:f.ends[to-1]]
	if len(keys) == 0 {
		return
	}
	r := &g.run
	fresh := g.table.Cells(keys, g.generation(b.deeds[from].time), f.hints[first:f.ends[to-1]], r.found[:len(keys)])
	if fresh == 0 && len(keys) == to-from {
		r.records, r.keys = r.found[:len(keys)], keys
		r.times, r.horizons, r.names = b.times[from:to], b.horizons[from:to], b.names[from:to]
	} else {
		r.order(b, f, from, to, first, fresh)
	}
	for _, c := range g.columns {
		r.ahead.Ask()
		c.addRun(r)
	}
	for _, c := range g.decays {
		g.nextPass = min(g.nextPass, c.waiting.next())
	}
}

// run is the working space of addRun.
type run struct {
	records  [][]uint64
	keys     []store.Key
	times    []int64
	horizons []int64
	names    []int
	found    [atOnce][]uint64 // the records by key
	ordered  struct {
		records  [atOnce][]uint64
		keys     [atOnce]store.Key
		times    [atOnce]int64
		horizons [atOnce]int64
		names    [atOnce]int
	}
	lanes [atOnce]uint8
	acts  window.Run // of one column
	ahead *prefetch.Queue
}

// order makes a run of the acts from the given one on that have a key, those with fresh records first.
// The first key is number first of f.
func (r *run) order(b *batch, f *found, from, to, first int, fresh uint64) {
	o := &r.ordered
	key, next := 0, [2]int{bits.OnesCount64(fresh), 0} // where the next one goes, of the old and of the fresh
	for i := from; i < to; i++ {
		if f.ends[i] == first+key {
			continue
		}
		of := fresh >> key & 1
		at := next[of]
		next[of]++
		o.records[at], o.keys[at] = r.found[key], f.keys[first+key]
		o.times[at], o.horizons[at], o.names[at] = b.times[i], b.horizons[i], b.names[i]
		key++
	}
	r.records, r.keys = o.records[:key], o.keys[:key]
	r.times, r.horizons, r.names = o.times[:key], o.horizons[:key], o.names[:key]
}

// apply adds the event of act i of a batch that was prepared.
func (g *group) apply(b *batch, i int) {
	if horizon := b.deeds[i].horizon; horizon >= g.nextPass {
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
	keys, hints, sample := f.keys[from:to], f.hints[from:to], &g.sample
	*sample = window.Sample{Time: d.time, Item: d.subject.item, EventID: d.event.ID, Horizon: d.horizon}
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
