package feature

import (
	"slices"

	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

const (
	// rowsAtOnce is how many items are a stretch: what they ask for fits a prefetch.Queue, mostly; 40 and 100 took as long.
	rowsAtOnce = 64
	// aheadOf is how many stretches are under way beside the one that is read.
	aheadOf = 3
)

// stretch is some items of which the cells are on their way: they are in memory that no cache has,
// mostly, of which a processor asks for some places at a time, and goes on with other work meanwhile.
// So while one stretch is read, the cells of the next are asked for, the places in the indexes
// where those of the one behind it are found, and the attributes that keys are made of of the third.
type stretch struct {
	items []uint32
	rows  []float64
	keys  []store.Key
	hints []store.Hint
	ends  []int // where the keys of each item end, by group and item
}

// sweepAll fills in the numbers of the features that go by the item.
func (r *Reader) sweepAll(items []uint32, rows []float64) {
	if len(r.swept) == 0 {
		return
	}
	n := len(r.shared)
	stretches := (len(items) + rowsAtOnce - 1) / rowsAtOnce
	for turn := range stretches + aheadOf {
		if turn < stretches {
			from, to := turn*rowsAtOnce, min((turn+1)*rowsAtOnce, len(items))
			s := r.stretch(turn)
			s.items, s.rows = items[from:to], rows[from*n:to*n]
			r.askAttributes(s)
		}
		if at := turn - 1; at >= 0 && at < stretches {
			r.findKeys(r.stretch(at))
		}
		if at := turn - 2; at >= 0 && at < stretches {
			r.askCells(r.stretch(at))
		}
		if at := turn - aheadOf; at >= 0 {
			r.lines.Spread(r.steps)
			r.read(r.stretch(at))
		}
		r.lines.Rest()
	}
	clear(r.found[:])
	clear(r.records[:])
	r.now = window.Sweep{}
	for i := range r.ahead {
		r.ahead[i].items, r.ahead[i].rows = nil, nil
	}
}

// stretch is that of a number.
func (r *Reader) stretch(n int) *stretch { return &r.ahead[n%len(r.ahead)] }

// askAttributes asks for the attributes of items that keys are made of.
func (r *Reader) askAttributes(s *stretch) {
	for _, g := range r.swept {
		for i := range g.parts {
			if p := &g.parts[i]; p.of == ofItem {
				for _, item := range s.items {
					p.attr.ahead(item)
				}
			}
		}
	}
}

// findKeys finds the keys of all items, and asks for where their cells are.
func (r *Reader) findKeys(s *stretch) {
	s.keys, s.hints, s.ends = s.keys[:0], s.hints[:0], s.ends[:0]
	for _, g := range r.swept {
		from := len(s.keys)
		for _, item := range s.items {
			r.subject.item = item
			s.keys = g.keys(s.keys, &r.subject, false)
			s.ends = append(s.ends, len(s.keys))
		}
		s.hints = slices.Grow(s.hints, len(s.keys)-from)[:len(s.keys)]
		g.table.Soon(s.keys[from:], s.hints[from:], &r.lines)
	}
}

// askCells asks for the cells.
func (r *Reader) askCells(s *stretch) {
	from := 0
	for at, g := range r.swept {
		to := s.ends[(at+1)*len(s.items)-1]
		g.table.Ahead(s.keys[from:to], s.hints[from:to], &r.lines)
		from = to
	}
}

// read fills in the numbers.
func (r *Reader) read(s *stretch) {
	from, n := 0, len(r.shared)
	for at, g := range r.swept {
		ends := s.ends[at*len(s.items) : (at+1)*len(s.items)]
		if to := ends[len(ends)-1]; oneEach(ends, from) {
			r.sweep(g, s, ends, from, to)
			from = to
			continue
		}
		for i, end := range ends {
			g.numbers(s.rows[i*n:(i+1)*n], s.keys[from:end], s.hints[from:end], r.time)
			from = end
		}
		for range g.columns {
			r.lines.Ask()
		}
	}
}

// oneEach reports that no item has more than one key; the first of all is number from.
func oneEach(ends []int, from int) bool {
	for _, end := range ends {
		if end > from+1 {
			return false
		}
		from = end
	}
	return true
}

// sweep fills in the numbers of a group of which each item has one key at most, one feature after the
// other.
func (r *Reader) sweep(g *group, s *stretch, ends []int, from, to int) {
	records := r.found[:to-from]
	g.table.Finds(s.keys[from:to], s.hints[from:to], records)
	if to-from < len(ends) {
		found := records
		records = r.records[:len(ends)]
		last := from
		for i, end := range ends {
			if records[i] = nil; end > last {
				records[i] = found[last-from]
			}
			last = end
		}
	}
	w := &r.now
	*w = window.Sweep{Records: records, Rows: s.rows, Width: len(r.shared), Time: r.time}
	for _, c := range g.columns {
		r.lines.Ask()
		switch {
		case c.counters != nil:
			c.counters.SweepAt(w, c.from, c.place, &r.when[c.place])
		case c.sweeping != nil:
			c.sweeping.Sweep(w, c.from, c.place)
		default:
			at := c.place
			for _, record := range records {
				var cell []uint64
				if record != nil {
					cell = c.cell(record)
				}
				w.Rows[at] = c.cells.Number(cell, r.time)
				at += w.Width
			}
		}
	}
}

// numbers is read for numbers alone.
func (g *group) numbers(row []float64, keys []store.Key, hints []store.Hint, q int64) {
	if len(keys) > 1 {
		for _, c := range g.columns {
			var v Value
			c.combine(&v, g.table, keys, q)
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
		row[c.place] = c.cells.Number(cell, q)
	}
}
