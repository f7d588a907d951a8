package feature

import "github.com/freshet-rec/freshet/window"

// read gives the value for a visitor and an item at q. For a key on an attribute with
// several values it is the mean over the item's values, of those that are not null.
func (c *column) read(visitor, item uint32, q int64) Value {
	if c.byAttr == nil {
		if !c.byItem {
			item = 0
		}
		return c.readKey(visitor, item, q)
	}
	values := c.byAttr.of(item)
	if len(values) == 0 {
		return c.value(nil, nil, q)
	}
	mean, n := Value{Null: true}, 0
	for _, other := range values {
		v := c.readKey(visitor, other, q)
		mean.Events += v.Events
		mean.Updated = max(mean.Updated, v.Updated)
		if !v.Null {
			mean.Null = false
			mean.Value += v.Value
			n++
		}
	}
	if n > 1 {
		mean.Value /= float64(n)
	}
	return mean
}

func (c *column) readKey(visitor, other uint32, q int64) Value {
	if c.byUser && visitor == 0 || (c.byItem || c.byAttr != nil) && other == 0 {
		return c.value(nil, nil, q)
	}
	k := c.key(visitor, other)
	cell := c.table.Find(k)
	if cell == nil {
		return c.value(nil, nil, q)
	}
	return c.value(cell, c.pending[k], q)
}

// value reads a cell, nil for a key without events.
func (c *column) value(cell []uint64, pending window.Pending, q int64) Value {
	var v Value
	var state []uint64
	if cell != nil {
		state = cell[headWords:]
		v.Events, v.Updated = int64(cell[0]), int64(cell[1])
	}
	switch c.def.Agg {
	case Count:
		if v.Events = c.lane(state, q, laneEvents); v.Events == 0 {
			v.Updated = 0
		}
		v.Value = float64(v.Events)
	case Sum:
		if v.Events = c.lane(state, q, laneEvents); v.Events == 0 {
			v.Updated = 0
		}
		v.Value = float64(c.lane(state, q, laneSum)) / 1e6
	case Rate:
		of, per := c.lane(state, q, laneOf), c.lane(state, q, lanePer)
		if v.Events = of + per; v.Events == 0 {
			v.Updated = 0
		}
		v.Value = rate(of, per, c.def.Prior)
	case DecayedSum:
		if cell != nil {
			v.Value = c.decay.Read(state, pending, q)
		}
	case LastTime:
		v.Value, v.Null = float64(v.Updated), v.Events == 0
	case Age:
		if v.Null = v.Events == 0; !v.Null {
			v.Value = float64(max(0, q-v.Updated)) / 1000
		}
	}
	return v
}

// lane reads an integer at q, 0 without state.
func (c *column) lane(state []uint64, q int64, lane int) int64 {
	switch {
	case state == nil:
		return 0
	case c.hopping != nil:
		return c.hopping.Sum(state, q, lane)
	}
	return c.total.Sum(state, lane)
}

// rate is min(1, (of+α)/(per+α+β)); without prior and denominator it is 0, or 1 when of > 0.
func rate(of, per int64, prior [2]float64) float64 {
	over, under := float64(of)+prior[0], float64(per)+prior[0]+prior[1]
	switch {
	case over == 0:
		return 0
	case over >= under:
		return 1
	}
	return over / under
}
