package feature

import "math"

// Reader reads the rows of one visitor at one time for many items. What does not depend on
// the item is read once. A Reader is for one goroutine; between Start and the last Row no
// event may be applied.
type Reader struct {
	engine  *Engine
	visitor uint32
	time    int64
	shared  []Value // by column; of those that do not depend on the item
}

// Reader returns a Reader of the engine.
func (g *Engine) Reader() *Reader { return &Reader{engine: g, shared: make([]Value, len(g.columns))} }

// Start begins to read for a visitor at time q, which must not lie more than Options.Slack
// behind the newest event applied. context is that of the request, as decoded JSON, nil for none;
// it must not change until the last Row.
func (r *Reader) Start(visitor uint32, q int64, context map[string]any) {
	r.visitor, r.time = visitor, q
	for i, c := range r.engine.columns {
		if c.shared() {
			r.shared[i] = c.read(visitor, 0, q)
		}
	}
}

// Row reads all features for the item, in the order of [Engine.Names]; len(row) must be their
// number. Visitor 0 and item 0 are nobody and nothing.
func (r *Reader) Row(item uint32, row []Value) {
	for i, c := range r.engine.columns {
		if c.shared() {
			row[i] = r.shared[i]
		} else {
			row[i] = c.read(r.visitor, item, r.time)
		}
	}
}

// Rows reads all features of many items at once: rows[i*n:(i+1)*n] are the values for items[i],
// n the number of features. NaN stands for null and for what is no number.
func (r *Reader) Rows(items []uint32, rows []float64) {
	n := len(r.shared)
	row := make([]Value, n)
	for i, item := range items {
		r.Row(item, row)
		for j, v := range row {
			if rows[i*n+j] = v.Value; v.Null {
				rows[i*n+j] = math.NaN()
			}
		}
	}
}

// shared reports that the column's value is the same for every item.
func (c *column) shared() bool { return !c.byItem && c.byAttr == nil }
