package feature

import (
	"github.com/freshet-rec/freshet/internal/prefetch"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// Reader reads the rows of one visitor at one time for many items. What does not depend on
// the item is read once. A Reader is for one goroutine; between Start and the last Row no
// event may be applied.
type Reader struct {
	engine  *Engine
	swept   []*group // those whose keys depend on the item
	steps   int      // of reading those
	subject subject
	time    int64
	shared  []Value // by place; of those that do not depend on the item
	keys    []store.Key
	derive  *deriver      // nil when no feature is derived
	when    []window.When // time, by place, of counts in windows
	row     []Value       // of one item, for Rows when derived features go by texts
	ahead   [aheadOf + 1]stretch
	lines   prefetch.Queue       // what the stretches ask for
	now     window.Sweep         // of the feature that is read
	found   [rowsAtOnce][]uint64 // records by key
	records [rowsAtOnce][]uint64 // by item
}

// Reader returns a Reader of the engine.
func (g *Engine) Reader() *Reader {
	r := &Reader{engine: g, shared: make([]Value, len(g.columns)), when: make([]window.When, len(g.columns))}
	for _, group := range g.groups {
		if group.byItem {
			r.swept = append(r.swept, group)
			r.steps += len(group.columns)
		}
	}
	if g.derived != nil {
		r.derive, r.row = g.derived.deriver(), make([]Value, len(g.columns))
	}
	return r
}

// Start begins to read for a visitor at time q, which must not lie more than Options.Slack
// behind the newest event applied. context is that of the request, as decoded JSON, nil for none;
// it must not change until the last Row.
func (r *Reader) Start(visitor uint32, q int64, context map[string]any) {
	r.subject, r.time = subject{visitor: visitor, context: context}, q
	for place, c := range r.engine.columns {
		if c != nil && c.counters != nil {
			r.when[place].Set(c.counters, q)
		}
	}
	for _, g := range r.engine.groups {
		if !g.byItem {
			r.keys = g.keys(r.keys[:0], &r.subject, false)
			g.read(r.shared, r.keys, q)
		}
	}
}

// Row reads all features for the item, in the order of [Engine.Names]; len(row) must be their
// number. Visitor 0 and item 0 are nobody and nothing.
func (r *Reader) Row(item uint32, row []Value) {
	copy(row, r.shared)
	r.subject.item = item
	for _, g := range r.swept {
		r.keys = g.keys(r.keys[:0], &r.subject, false)
		g.read(row, r.keys, r.time)
	}
	if r.derive != nil {
		doc, user := r.engine.docs(&r.subject)
		r.derive.fill(row, doc, r.born(), user, r.subject.context, r.time)
	}
}

// born is when the catalogue first knew of the item that is read for.
func (r *Reader) born() int64 {
	if r.subject.item == 0 {
		return 0
	}
	return r.engine.born(r.subject.item)
}

// read fills in the values of the group's features: of the cells of all keys together.
func (g *group) read(row []Value, keys []store.Key, q int64) {
	if len(keys) <= 1 {
		var record []uint64
		if len(keys) == 1 {
			record = g.table.Find(keys[0], 0)
		}
		for _, c := range g.columns {
			c.read(&row[c.place], record, q)
		}
		return
	}
	for _, c := range g.columns {
		c.combine(&row[c.place], g.table, keys, q)
	}
}

// read is the value of the column's cell in a record, nil for none.
func (c *column) read(v *Value, record []uint64, q int64) {
	if record == nil {
		c.cells.Read(v, nil, q)
		return
	}
	c.cells.Read(v, c.cell(record), q)
}

// combine is the value over several keys: the mean of those that are not null, or what is no
// number from the first key that has it.
func (c *column) combine(v *Value, t store.Table, keys []store.Key, q int64) {
	mean, n := Value{Null: true}, 0
	for _, k := range keys {
		c.read(v, t.Find(k, 0), q)
		mean.Events += v.Events
		mean.Updated = max(mean.Updated, v.Updated)
		switch {
		case v.IsText || v.List != nil:
			if !mean.IsText && len(mean.List) == 0 {
				mean.Null, mean.IsText, mean.Text, mean.List = false, v.IsText, v.Text, v.List
			}
		case !v.Null:
			mean.Null = false
			mean.Value += v.Value
			n++
		}
	}
	if mean.IsText {
		mean.Value = 0
	} else if n > 1 {
		mean.Value /= float64(n)
	}
	*v = mean
}

// Rows reads all features of many items at once: rows[i*n:(i+1)*n] are the values for items[i],
// n the number of features. NaN stands for null and for what is no number.
func (r *Reader) Rows(items []uint32, rows []float64) {
	n := len(r.shared)
	if r.derive != nil && r.derive.derived.texts {
		for i, item := range items {
			r.Row(item, r.row)
			for place := range r.row {
				rows[i*n+place] = r.row[place].Number()
			}
		}
		return
	}
	for place := range r.shared {
		x := r.shared[place].Number()
		for at := place; at < len(rows); at += n {
			rows[at] = x
		}
	}
	r.sweepAll(items, rows)
	if r.derive == nil {
		return
	}
	for i, item := range items {
		r.subject.item = item
		doc, user := r.engine.docs(&r.subject)
		r.derive.fillNumbers(rows[i*n:(i+1)*n], nil, doc, r.born(), user, r.subject.context, r.time)
	}
}
