package feature

import (
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/store"
	"github.com/freshet-rec/freshet/window"
)

// column is one feature at work: which events it takes, under which keys, and its state.
//
// A cell of its table is: word 0, the events added; word 1, the newest event time; then the
// aggregate's own words. A cell of a hopping window counts its events per tile instead, and
// leaves word 0 at 0.
type column struct {
	def     Definition
	on      map[string]uint8 // lanes an event name feeds, as bits; nil takes every event in lane 0
	byUser  bool
	byItem  bool
	byAttr  *attribute // nil unless an item attribute is part of the key
	table   store.Table
	hopping *window.Hopping // set for a windowed count, sum or rate
	total   *window.Total   // set for one over all time
	decay   *window.Decay   // set for decayed_sum
	pending map[store.Key]window.Pending
	waiting queue // the keys in pending, each once
	newest  int64 // newest event time applied anywhere, for spent
	spent   func(cell []uint64) bool
}

const headWords = 2 // events added, newest event time

// The lanes of a tile. A rate has no sum: its lanes are of and per.
const (
	laneEvents, laneSum = 0, 1
	laneOf, lanePer     = 0, 1
)

// sweepCells is how many cells are looked at with each event: two for every one that can be
// made, so that a table holds at most about twice its live keys.
const sweepCells = 2

func newColumn(d Definition, o Options, attributes func(string) *attribute) *column {
	c := &column{def: d}
	for _, part := range d.Key {
		switch attr, isAttr := strings.CutPrefix(part, "item."); {
		case part == "user":
			c.byUser = true
		case part == "item":
			c.byItem = true
		case isAttr:
			c.byAttr = attributes(attr)
		}
	}
	lanes := 1
	switch d.Agg {
	case Rate:
		lanes = 2
		c.on = map[string]uint8{}
		for _, name := range d.Of {
			c.on[name] |= 1 << laneOf
		}
		for _, name := range d.Per {
			c.on[name] |= 1 << lanePer
		}
	case Sum:
		lanes = 2
		fallthrough
	default:
		for _, name := range d.On {
			if c.on == nil {
				c.on = map[string]uint8{}
			}
			c.on[name] = 1
		}
	}
	words := headWords
	switch {
	case d.Agg == DecayedSum:
		c.decay = &window.Decay{HalfLife: int64(d.HalfLife)}
		c.pending = map[store.Key]window.Pending{}
		words += c.decay.Words()
	case d.Agg == LastTime || d.Agg == Age:
	case d.Window > 0:
		c.hopping = &window.Hopping{Window: int64(d.Window), Hop: int64(d.Hop), Slack: int64(o.Slack), Lanes: lanes}
		words += c.hopping.Words()
		c.spent = func(cell []uint64) bool { return c.hopping.Spent(cell[headWords:], c.newest) }
	default:
		c.total = &window.Total{Lanes: lanes}
		words += c.total.Words()
	}
	c.table = o.NewTable(words)
	return c
}

func (c *column) keys() int { return c.table.Len() }

// apply adds an event. newest is the newest event time applied anywhere, horizon the
// earliest time a read may still be made for.
func (c *column) apply(visitor, item uint32, e *freshet.Event, newest, horizon int64) {
	c.settle(horizon)
	if c.hopping != nil {
		c.newest = newest
		c.table.Sweep(sweepCells, c.spent)
	}
	lanes := uint8(1)
	if c.on != nil {
		if lanes = c.on[e.Name]; lanes == 0 {
			return
		}
	}
	amount, ok := c.amount(e)
	if !ok || c.byUser && visitor == 0 {
		return
	}
	if c.hopping != nil && c.hopping.Beyond(e.Time, newest) {
		return
	}
	switch {
	case c.byAttr != nil:
		for _, value := range c.byAttr.of(item) {
			c.add(c.key(visitor, value), lanes, e.Time, amount, horizon)
		}
	case c.byItem:
		if item != 0 {
			c.add(c.key(visitor, item), lanes, e.Time, amount, horizon)
		}
	default:
		c.add(c.key(visitor, 0), lanes, e.Time, amount, horizon)
	}
}

// key packs the visitor and the item side; whichever is not part of the key is 0.
func (c *column) key(visitor, other uint32) store.Key {
	if !c.byUser {
		visitor = 0
	}
	return store.Key(visitor)<<32 | store.Key(other)
}

// amount is what the event adds, and whether it has it.
func (c *column) amount(e *freshet.Event) (float64, bool) {
	switch c.def.Field {
	case "value":
		return e.Value, e.HasValue
	case "rank":
		return float64(e.Rank), e.Rank > 0
	}
	return 1, true
}

func (c *column) add(k store.Key, lanes uint8, t int64, amount float64, horizon int64) {
	cell := c.table.Cell(k)
	if c.hopping == nil {
		cell[0]++
	}
	cell[1] = uint64(max(int64(cell[1]), t))
	state := cell[headWords:]
	switch {
	case c.decay != nil && t > horizon:
		list := c.pending[k]
		if len(list) == 0 {
			c.waiting.push(k)
		}
		c.pending[k] = list.Insert(t, amount)
	case c.decay != nil:
		c.decay.Add(state, t, amount)
	case c.def.Agg == Sum:
		c.addLane(state, t, laneEvents, 1)
		c.addLane(state, t, laneSum, micro(amount))
	case c.def.Agg == Rate:
		for lane := range 2 {
			if lanes&(1<<lane) != 0 {
				c.addLane(state, t, lane, 1)
			}
		}
	case c.def.Agg == Count:
		c.addLane(state, t, laneEvents, 1)
	}
}

func (c *column) addLane(state []uint64, t int64, lane int, amount int64) {
	if c.hopping != nil {
		c.hopping.Add(state, t, lane, amount)
	} else {
		c.total.Add(state, lane, amount)
	}
}

// settle folds pending decayed amounts that no read can be ahead of any more. It takes the
// keys that have waited longest, so the work follows the writes.
func (c *column) settle(horizon int64) {
	for c.waiting.len() > 0 {
		k := c.waiting.front()
		list := c.pending[k]
		if list[0].Time > horizon {
			return
		}
		c.waiting.pop()
		if rest := list.Settle(c.decay, c.table.Cell(k)[headWords:], horizon); len(rest) > 0 {
			c.pending[k] = rest
			c.waiting.push(k)
		} else {
			delete(c.pending, k)
		}
	}
}

// queue is first in, first out. The zero queue is empty.
type queue struct {
	keys []store.Key
	head int
}

func (q *queue) len() int         { return len(q.keys) - q.head }
func (q *queue) front() store.Key { return q.keys[q.head] }
func (q *queue) push(k store.Key) { q.keys = append(q.keys, k) }

func (q *queue) pop() {
	q.head++
	if q.head >= 1024 && q.head > len(q.keys)/2 {
		q.keys = append(q.keys[:0], q.keys[q.head:]...)
		q.head = 0
	}
}
