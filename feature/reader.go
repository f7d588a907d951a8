package feature

import (
	"slices"

	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// Reader reads the rows of one visitor at one time for many items. What does not depend on
// the item is read once. A Reader is for one goroutine; between Start and the last Row no
// event may be applied.
type Reader struct {
	engine  *Engine
	subject subject
	time    int64
	shared  []Value // by place; of those that do not depend on the item
	keys    []store.Key
	hints   []store.Hint
	ends    []int         // where the keys of each item end, by group and item
	derive  *deriver      // nil when no feature is derived
	when    []window.When // time, by place, of counts in windows
	row     []Value       // of one item, for Rows when derived features go by texts
}

// Reader returns a Reader of the engine.
func (g *Engine) Reader() *Reader {
	r := &Reader{engine: g, shared: make([]Value, len(g.columns)), when: make([]window.When, len(g.columns))}
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
			r.when[place] = c.counters.When(q)
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
	for _, g := range r.engine.groups {
		if g.byItem {
			r.keys = g.keys(r.keys[:0], &r.subject, false)
			g.read(row, r.keys, r.time)
		}
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

// rowsAtOnce is how many items' cells are fetched at a time.
const rowsAtOnce = 64

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
	for len(items) > 0 {
		some := min(rowsAtOnce, len(items))
		r.some(items[:some], rows[:some*n])
		items, rows = items[some:], rows[some*n:]
	}
}

func (r *Reader) some(items []uint32, rows []float64) {
	n := len(r.shared)
	for place := range r.shared {
		x := r.shared[place].Number()
		for at := place; at < len(rows); at += n {
			rows[at] = x
		}
	}
	r.keys, r.ends, r.hints = r.keys[:0], r.ends[:0], r.hints[:0]
	for _, g := range r.engine.groups {
		if !g.byItem {
			continue
		}
		from := len(r.keys)
		for i := range g.parts {
			if p := &g.parts[i]; p.of == ofItem {
				for _, item := range items {
					p.attr.ahead(item)
				}
			}
		}
		for _, item := range items {
			r.subject.item = item
			r.keys = g.keys(r.keys, &r.subject, false)
			r.ends = append(r.ends, len(r.keys))
		}
		r.hints = slices.Grow(r.hints, len(r.keys)-len(r.hints))[:len(r.keys)]
		g.table.Soon(r.keys[from:], r.hints[from:], nil)
		g.table.Ahead(r.keys[from:], r.hints[from:], nil)
	}
	from, at := 0, 0
	for _, g := range r.engine.groups {
		if !g.byItem {
			continue
		}
		for i := range items {
			keys, hints := r.keys[from:r.ends[at]], r.hints[from:r.ends[at]]
			from, at = r.ends[at], at+1
			g.numbers(rows[i*n:(i+1)*n], keys, hints, r)
		}
	}
	if r.derive == nil {
		return
	}
	for i, item := range items {
		r.subject.item = item
		doc, user := r.engine.docs(&r.subject)
		r.derive.fillNumbers(rows[i*n:(i+1)*n], nil, doc, r.born(), user, r.subject.context, r.time)
	}
}

// numbers is read for numbers alone.
func (g *group) numbers(row []float64, keys []store.Key, hints []store.Hint, r *Reader) {
	if len(keys) > 1 {
		for _, c := range g.columns {
			var v Value
			c.combine(&v, g.table, keys, r.time)
			row[c.place] = v.Number()
		}
		return
	}
	var record []uint64
	if len(keys) == 1 && hints[0].Found() { // Ahead finds every cell that there is
		record = g.table.Find(keys[0], hints[0])
	}
	for _, c := range g.columns {
		var cell []uint64
		if record != nil {
			cell = c.cell(record)
		}
		if c.counters != nil {
			row[c.place] = c.counters.NumberAt(cell, &r.when[c.place])
		} else {
			row[c.place] = c.cells.Number(cell, r.time)
		}
	}
}
