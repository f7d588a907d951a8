package feature

import (
	"fmt"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/internal/slab"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// column is one aggregate at work: what it takes of an event, and how its part of a group's cells
// is kept.
type column struct {
	def   Definition
	place int // in a row
	field field
	lanes map[string]uint8  // of an event name: of a rate its counts, as bits, otherwise 1; nil is every name
	where *expression.Where // nil takes every event
	cells window.Cells
	from  int // its words in the group's cells
	to    int
	live  int // cells that are not empty

	decay   *window.DecayedSum // cells, of a decayed_sum
	waiting queue              // the keys whose cells wait to be settled, each at least once
}

// step is what an event of a name does to a column.
type step struct {
	column *column
	lanes  uint8
}

func newColumn(d Definition, o *Options, s *slab.Slab) *column {
	c := &column{def: d, field: parseField(d.Field)}
	lanes := func(names []string, lane uint8) {
		for _, name := range names {
			if c.lanes == nil {
				c.lanes = map[string]uint8{}
			}
			c.lanes[name] |= lane
		}
	}
	lanes(d.On, 1)
	lanes(d.Of, window.LaneOf)
	lanes(d.Per, window.LanePer)
	if d.Where != "" {
		where, err := expression.CompileWhere(d.Where)
		if err != nil {
			panic(fmt.Sprintf("BUG: feature %q was not checked: %v", d.Name, err))
		}
		c.where = where
	}
	c.cells = newCells(&d, o, s)
	c.decay, _ = c.cells.(*window.DecayedSum)
	return c
}

// newCells picks the arithmetic of a definition.
func newCells(d *Definition, o *Options, s *slab.Slab) window.Cells {
	var aggregate window.Aggregate
	order := window.Order{Slab: s, ItemID: o.ItemID}
	switch d.Agg {
	case DecayedSum:
		return &window.DecayedSum{HalfLife: int64(d.HalfLife), Slab: s}
	case Count:
		if d.Window > 0 {
			return window.NewCounters(nil, int64(d.Window), int64(d.Hop), int64(o.Slack), s)
		}
		aggregate = window.Count{}
	case Rate:
		rate := &window.Rate{Prior: d.Prior}
		if d.Window > 0 {
			return window.NewCounters(rate, int64(d.Window), int64(d.Hop), int64(o.Slack), s)
		}
		aggregate = rate
	case Sum:
		aggregate = window.Sum{}
	case Mean:
		aggregate = window.Mean{}
	case Min:
		aggregate = window.Min{}
	case Max:
		aggregate = window.Max{}
	case Last:
		aggregate = &window.Last{Order: order}
	case LastTime:
		aggregate = window.LastTime{}
	case Age:
		aggregate = window.Age{}
	case Distinct:
		aggregate = &window.Distinct{Slab: s}
	case LastK:
		aggregate = &window.LastK{K: d.K, Order: order}
	default:
		panic("BUG: no aggregate " + d.Agg)
	}
	if d.Window > 0 {
		return window.NewHopping(aggregate, int64(d.Window), int64(d.Hop), int64(o.Slack))
	}
	return &window.Total{Aggregate: aggregate}
}

func (c *column) cell(record []uint64) []uint64 { return record[c.from:c.to:c.to] }

// takes says whether the event counts, and fills in what it adds, but for the hashes of a distinct.
func (c *column) takes(sample *window.Sample, e *freshet.Event) bool {
	if c.cells.Beyond(e.Time, sample.Horizon) {
		return false
	}
	switch c.def.Agg {
	case LastK:
		return e.Item != ""
	case Distinct:
		return true
	}
	var ok bool
	sample.Number, sample.Text, sample.IsText, ok = c.field.scalar(e)
	return ok && (!sample.IsText || c.def.Agg == Last)
}

// add adds a sample to the column's cell in a record.
func (c *column) add(k store.Key, record []uint64, sample *window.Sample, hashes []uint64) {
	cell := c.cell(record)
	if cell[0] == 0 {
		c.live++
	}
	switch {
	case c.def.Agg == Distinct:
		for i, h := range hashes {
			sample.Hash, sample.More = h, i > 0
			c.cells.Add(cell, sample)
		}
		sample.More = false
	case c.decay != nil:
		waited := c.decay.Waits(cell)
		if c.decay.Add(cell, sample); !waited && c.decay.Waits(cell) {
			c.waiting.push(k, c.decay.Due(cell))
		}
	default:
		c.cells.Add(cell, sample)
	}
}

// drop empties the column's cell in a record that is to go.
func (c *column) drop(record []uint64) {
	if cell := c.cell(record); cell[0] != 0 {
		c.cells.Clear(cell)
		c.live--
	}
}

// settle folds decayed amounts that no read can be ahead of any more. It takes the keys that have
// waited longest, so the work follows the writes.
func (c *column) settle(t store.Table, horizon int64) {
	for c.waiting.due(horizon) {
		k := c.waiting.pop()
		record := t.Find(k)
		if record == nil {
			continue
		}
		if cell := c.cell(record); c.decay.Settle(cell, horizon) {
			c.waiting.push(k, c.decay.Due(cell))
		}
	}
}

// queue is first in, first out. The zero queue is empty.
type queue struct {
	list []wait
	head int
}

// wait is a key, and the time that the horizon must have reached before its turn comes.
type wait struct {
	key  store.Key
	time int64
}

func (q *queue) push(k store.Key, t int64) { q.list = append(q.list, wait{k, t}) }

// due reports that the first one's turn has come.
func (q *queue) due(horizon int64) bool {
	return q.head < len(q.list) && q.list[q.head].time <= horizon
}

func (q *queue) pop() store.Key {
	k := q.list[q.head].key
	q.head++
	if q.head >= 1024 && q.head > len(q.list)/2 {
		q.list = append(q.list[:0], q.list[q.head:]...)
		q.head = 0
	}
	return k
}
