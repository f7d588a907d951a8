package feature

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/expression"
	"github.com/freshet-rec/freshet/internal/slab"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// column is one aggregate at work: what it takes of an event, and how its part of a group's cells
// is kept.
type column struct {
	def    Definition
	place  int // in a row
	field  field
	lanes  map[string]uint8  // of an event name: of a rate its counts, as bits, otherwise 1; nil is every name
	byName []uint8           // lanes by the number of an event name
	every  bool              // no name has lanes but 1
	where  *expression.Where // nil takes every event
	slab   *slab.Slab        // what the cells do not hold themselves
	cells  window.Cells
	from   int // its words in the group's cells
	to     int
	live   int // cells that are not empty

	counters *window.Counters // cells, of counts in windows
	latest   bool             // cells are window.Latest
	sweeping window.Sweeping  // cells, where they take sweeps

	decay   window.Putting // cells, of a decayed_sum
	sums    window.Running // the same where it takes runs
	waiting queue          // the keys whose cells wait to be settled, each at least once
}

// step is what an event of a name does to a column.
type step struct {
	column *column
	lanes  uint8
}

func newColumn(d Definition, o *Options, order window.Order) *column {
	c := &column{def: d, field: parseField(d.Field), slab: order.Slab}
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
	c.cells = newCells(&d, o, order)
	c.decay, _ = c.cells.(window.Putting)
	c.sums, _ = c.cells.(window.Running)
	c.every = c.lanes == nil
	c.counters, _ = c.cells.(*window.Counters)
	_, c.latest = c.cells.(window.Latest)
	c.sweeping, _ = c.cells.(window.Sweeping)
	return c
}

// newCells picks the arithmetic of a definition.
func newCells(d *Definition, o *Options, order window.Order) window.Cells {
	var aggregate window.Aggregate
	s := order.Slab
	switch d.Agg {
	case DecayedSum:
		return window.NewDecayedSum(int64(d.HalfLife), int64(o.Slack), s)
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
	if d.Agg == LastTime || d.Agg == Age {
		return window.Latest{Aggregate: aggregate}
	}
	return &window.Total{Aggregate: aggregate}
}

func (c *column) cell(record []uint64) []uint64 { return record[c.from:c.to:c.to] }

// takes says whether the event counts, and fills in what it adds, but for the hashes of a distinct.
func (c *column) takes(sample *window.Sample, e *freshet.Event) bool {
	if e.Time < sample.Horizon && c.cells.Beyond(e.Time, sample.Horizon) {
		return false
	}
	if c.field.of == noField {
		sample.Number = 1
		return c.def.Agg != LastK || e.Item != ""
	}
	if c.def.Agg == Distinct {
		return true
	}
	var ok bool
	sample.Number, sample.Text, sample.IsText, ok = c.field.scalar(e)
	return ok && (!sample.IsText || c.def.Agg == Last)
}

// add adds a sample to the column's cell in a record. The kinds of cells that most events meet are
// called without the interface.
func (c *column) add(k store.Key, record []uint64, sample *window.Sample, hashes []uint64) {
	cell := record[c.from:c.to:c.to]
	if cell[0] == 0 {
		c.live++
	}
	switch {
	case c.counters != nil:
		c.counters.AddEvent(cell, sample.Time, sample.Lanes)
	case c.latest:
		window.Latest{}.Add(cell, sample)
	case c.decay != nil:
		waited := c.decay.Waits(cell)
		if c.decay.Add(cell, sample); !waited && c.decay.Waits(cell) {
			c.waiting.push(k, c.decay.Due(cell))
		}
	case c.def.Agg == Distinct:
		for i, h := range hashes {
			sample.Hash, sample.More = h, i > 0
			c.cells.Add(cell, sample)
		}
		sample.More = false
	default:
		c.cells.Add(cell, sample)
	}
}

// addRun adds the acts of a run of a plain group.
func (c *column) addRun(r *run) {
	acts := &r.acts
	*acts = window.Run{Records: r.records, Times: r.times}
	if !c.every {
		acts.Lanes = r.lanes[:len(r.names)]
		for i, name := range r.names {
			acts.Lanes[i] = c.byName[name]
		}
	}
	switch {
	case c.counters != nil:
		c.live += c.counters.AddRun(acts, c.from)
	case c.latest:
		c.live += window.Latest{}.AddRun(acts, c.from)
	case c.sums != nil:
		made, began := c.sums.AddRun(acts, c.from)
		for c.live += made; began != 0; began &= began - 1 {
			i := bits.TrailingZeros64(began)
			c.waiting.push(r.keys[i], c.decay.Due(c.cell(r.records[i])))
		}
	default:
		for i, record := range acts.Records {
			if lanes := c.byName[r.names[i]]; lanes != 0 {
				sample := window.Sample{Time: r.times[i], Number: 1, Lanes: lanes, Horizon: r.horizons[i]}
				c.add(r.keys[i], record, &sample, nil)
			}
		}
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
	var keys [atOnce]store.Key
	var hints [atOnce]store.Hint
	for c.waiting.due(horizon) {
		n := 0
		for ; n < atOnce && c.waiting.due(horizon); n++ {
			keys[n] = c.waiting.pop()
		}
		t.Soon(keys[:n], hints[:n], nil)
		t.Ahead(keys[:n], hints[:n], nil)
		for i, k := range keys[:n] {
			record := t.Find(k, hints[i])
			if record == nil {
				continue
			}
			if cell := c.cell(record); c.decay.Settle(cell, horizon) {
				c.waiting.push(k, c.decay.Due(cell))
			}
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

// push puts a key at the end. Its turn is put off until the turn of others, up to a second.
func (q *queue) push(k store.Key, t int64) {
	q.list = append(q.list, wait{k, (t + oneTurn - 1) / oneTurn * oneTurn})
}

// oneTurn is a second: looking at what is due has its price, whether there is much or little.
const oneTurn = int64(freshet.Second)

// next is the time of the first one's turn, the end of time when there is none.
func (q *queue) next() int64 {
	if q.head == len(q.list) {
		return math.MaxInt64
	}
	return q.list[q.head].time
}

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
