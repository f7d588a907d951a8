package audit

import (
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/freshet-rec/freshet"
	"github.com/freshet-rec/freshet/feature"
)

// Options configure an Oracle.
type Options struct {
	Features []feature.Definition // that Definition.Check found sound
	// Slack is how far behind the newest event a read may still be made.
	Slack freshet.Duration
	// OneIn is the share of the keys that are kept, a power of two: 1 keeps all.
	OneIn uint64
	// MaxFacts bounds the events kept over all keys; one event counts once for each key that
	// it belongs to. When there are more, half of the keys are given up. 0 is no bound.
	MaxFacts int
}

// MaxKeyFacts bounds the events kept of one key when there is a bound at all; a key with more
// is given up.
const MaxKeyFacts = 1 << 12

// Oracle keeps raw events by feature and key. It is for one writer or many readers at a time.
type Oracle struct {
	columns  []column
	names    map[string][]uint8 // by event name: the lanes it feeds, by column; 0 is none
	others   []uint8            // the same for all further names
	texts    map[string]uint32  // attribute values, numbered from 1
	slack    int64
	newest   int64 // newest event time
	oneIn    uint64
	maxFacts int
	facts    int // kept
}

// column is one feature: how its keys are made, and the events under those that are kept.
type column struct {
	def            feature.Definition
	byUser, byItem bool
	attribute      string     // of the item, in the key; "" is none
	values         [][]uint32 // by item: the numbers of the attribute's values now
	keys           map[uint64]*facts
}

// facts are the events of one key.
type facts struct {
	list     []fact
	givenUp  bool // there were too many
	lastTime int64
}

// fact is what one event means to one feature.
type fact struct {
	time   int64
	amount float64
	lanes  uint8 // bit 0: counted, or part of a rate's of; bit 1: part of its per
}

// NewOracle returns an Oracle without events.
func NewOracle(o Options) *Oracle {
	g := &Oracle{names: map[string][]uint8{}, texts: map[string]uint32{}, slack: int64(o.Slack), oneIn: max(1, o.OneIn), maxFacts: o.MaxFacts}
	for _, d := range o.Features {
		c := column{def: d, keys: map[uint64]*facts{}}
		for _, part := range d.Key {
			switch attribute, ok := strings.CutPrefix(part, "item."); {
			case ok:
				c.attribute = attribute
			case part == "item":
				c.byItem = true
			default:
				c.byUser = true
			}
		}
		g.columns = append(g.columns, c)
		for _, name := range slices.Concat(d.On, d.Of, d.Per) {
			g.names[name] = nil
		}
	}
	for name := range g.names {
		g.names[name] = g.lanes(name)
	}
	g.others = g.lanes("")
	return g
}

// lanes says what an event of a name is to each feature.
func (g *Oracle) lanes(name string) []uint8 {
	lanes := make([]uint8, len(g.columns))
	for i := range g.columns {
		d := &g.columns[i].def
		switch {
		case d.Agg == feature.Rate:
			if slices.Contains(d.Of, name) {
				lanes[i] |= 1
			}
			if slices.Contains(d.Per, name) {
				lanes[i] |= 2
			}
		case len(d.On) == 0 || slices.Contains(d.On, name):
			lanes[i] = 1
		}
	}
	return lanes
}

// OneIn is the share of keys that are kept now: one in so many.
func (g *Oracle) OneIn() uint64 { return g.oneIn }

// Keys is how many keys are kept, over all features.
func (g *Oracle) Keys() int {
	n := 0
	for i := range g.columns {
		n += len(g.columns[i].keys)
	}
	return n
}

// Facts is how many events are kept, each once for every key that it belongs to.
func (g *Oracle) Facts() int { return g.facts }

// Upsert notes the attributes of an item, for the events and reads that follow.
func (g *Oracle) Upsert(item uint32, doc *freshet.Item) {
	for i := range g.columns {
		c := &g.columns[i]
		if c.attribute == "" {
			continue
		}
		for int(item) >= len(c.values) {
			c.values = append(c.values, nil)
		}
		c.values[item] = nil
		for _, text := range valuesOf(doc, c.attribute) {
			n, ok := g.texts[text]
			if !ok {
				n = uint32(len(g.texts) + 1)
				g.texts[text] = n
			}
			if !slices.Contains(c.values[item], n) {
				c.values[item] = append(c.values[item], n)
			}
		}
	}
}

// Event notes an event that is not late. visitor and item are the numbers of who did it and to
// what, 0 for nobody and nothing.
func (g *Oracle) Event(visitor, item uint32, e *freshet.Event) {
	g.newest = max(g.newest, e.Time)
	lanes, ok := g.names[e.Name]
	if !ok {
		lanes = g.others
	}
	for i := range g.columns {
		c := &g.columns[i]
		if lanes[i] == 0 || c.byUser && visitor == 0 || c.byItem && item == 0 {
			continue
		}
		amount := 1.0
		switch c.def.Field {
		case "value":
			if !e.HasValue {
				continue
			}
			amount = e.Value
		case "rank":
			if e.Rank <= 0 {
				continue
			}
			amount = float64(e.Rank)
		}
		if c.attribute == "" {
			g.add(i, c.key(visitor, item), fact{e.Time, amount, lanes[i]})
			continue
		}
		for _, value := range c.of(item) {
			g.add(i, c.key(visitor, value), fact{e.Time, amount, lanes[i]})
		}
	}
}

// of are the values of the column's attribute that an item has now.
func (c *column) of(item uint32) []uint32 {
	if int(item) < len(c.values) {
		return c.values[item]
	}
	return nil
}

// key is that of a visitor and an item or an attribute's value, whichever the column goes by.
func (c *column) key(visitor, other uint32) uint64 {
	if !c.byUser {
		visitor = 0
	}
	if !c.byItem && c.attribute == "" {
		other = 0
	}
	return uint64(visitor)<<32 | uint64(other)
}

// kept reports that the events of a key are kept.
func (g *Oracle) kept(column int, key uint64) bool {
	return g.oneIn == 1 || mix(key+uint64(column+1)*0x9e3779b97f4a7c15)&(g.oneIn-1) == 0
}

// mix spreads the bits of x, by the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (g *Oracle) add(column int, key uint64, f fact) {
	if !g.kept(column, key) {
		return
	}
	c := &g.columns[column]
	k := c.keys[key]
	if k == nil {
		k = &facts{}
		c.keys[key] = k
		g.facts++ // the key itself takes room too
	}
	k.lastTime = max(k.lastTime, f.time)
	if k.givenUp {
		return
	}
	k.list = append(k.list, f)
	g.facts++
	if g.maxFacts == 0 {
		return
	}
	if len(k.list) > MaxKeyFacts {
		g.facts -= c.forget(k, g.horizon(c))
		if len(k.list) > MaxKeyFacts/2 {
			g.facts -= len(k.list)
			k.list, k.givenUp = nil, true
		}
	}
	if g.facts > g.maxFacts {
		g.shrink()
	}
}

// horizon is the time from which on events count in a column, for every read still to come.
func (g *Oracle) horizon(c *column) int64 {
	if c.def.Window == 0 {
		return math.MinInt64
	}
	return (tile(g.newest-g.slack, int64(c.def.Hop)) - int64(c.def.Window/c.def.Hop) + 1) * int64(c.def.Hop)
}

// forget drops the facts of a key from before a time, and returns how many.
func (c *column) forget(k *facts, before int64) int {
	n := len(k.list)
	k.list = slices.DeleteFunc(k.list, func(f fact) bool { return f.time < before })
	return n - len(k.list)
}

// shrink drops what no read can count any more, and then half of the keys at a time until the
// facts are at most half of those allowed.
func (g *Oracle) shrink() {
	for i := range g.columns {
		c := &g.columns[i]
		horizon := g.horizon(c)
		for key, k := range c.keys {
			g.facts -= c.forget(k, horizon)
			if k.lastTime < horizon {
				delete(c.keys, key)
				g.facts--
			}
		}
	}
	for g.facts > g.maxFacts/2 {
		g.oneIn *= 2
		for i := range g.columns {
			c := &g.columns[i]
			for key, k := range c.keys {
				if !g.kept(i, key) {
					g.facts -= len(k.list) + 1
					delete(c.keys, key)
				}
			}
		}
	}
}

// Read recomputes a feature, by its place among the definitions, for a visitor and an item at
// time q, which must not lie more than the slack behind the newest event. NaN is null. known is
// false when the events of a key that it needs are not kept.
func (g *Oracle) Read(column int, visitor, item uint32, q int64) (value float64, known bool) {
	c := &g.columns[column]
	if c.attribute == "" {
		if c.byUser && visitor == 0 || c.byItem && item == 0 {
			return c.sum(nil, q), true
		}
		return g.read(column, c.key(visitor, item), q)
	}
	sum, n := 0.0, 0
	values := c.of(item)
	if c.byUser && visitor == 0 {
		values = nil
	}
	for _, other := range values {
		v, known := g.read(column, c.key(visitor, other), q)
		if !known {
			return 0, false
		}
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	switch {
	case len(values) == 0:
		return c.sum(nil, q), true
	case n == 0:
		return math.NaN(), true
	}
	return sum / float64(n), true
}

func (g *Oracle) read(column int, key uint64, q int64) (float64, bool) {
	if !g.kept(column, key) {
		return 0, false
	}
	c := &g.columns[column]
	k := c.keys[key]
	switch {
	case k == nil:
		return c.sum(nil, q), true
	case k.givenUp:
		return 0, false
	}
	return c.sum(k.list, q), true
}

// sum is the feature's value at q over the events of its key.
func (c *column) sum(list []fact, q int64) float64 {
	var n, of, per, last int64
	micros := new(big.Int)
	decayed := 0.0
	hop := int64(c.def.Hop)
	for _, f := range list {
		if c.def.Window > 0 {
			head, at := tile(q, hop), tile(f.time, hop)
			if at > head || at <= head-int64(c.def.Window)/hop {
				continue
			}
		}
		n++
		of += int64(f.lanes & 1)
		per += int64(f.lanes >> 1)
		last = max(last, f.time)
		switch c.def.Agg {
		case feature.Sum:
			micros.Add(micros, halfEven(f.amount))
		case feature.DecayedSum:
			decayed += f.amount * math.Pow(2, -float64(max(0, q-f.time))/float64(c.def.HalfLife))
		}
	}
	switch c.def.Agg {
	case feature.Count:
		return float64(n)
	case feature.Sum:
		return float64(micros.Int64()) / 1e6
	case feature.Rate:
		return share(float64(of)+c.def.Prior[0], float64(per)+c.def.Prior[0]+c.def.Prior[1])
	case feature.DecayedSum:
		return decayed
	}
	switch {
	case n == 0:
		return math.NaN()
	case c.def.Agg == feature.LastTime:
		return float64(last)
	}
	return float64(max(0, q-last)) / 1000
}

// share is over/under, never above 1; nothing of nothing is 0.
func share(over, under float64) float64 {
	if over == 0 {
		return 0
	}
	return math.Min(1, over/under)
}

// tile is ⌊t/h⌋.
func tile(t, h int64) int64 {
	n := t / h
	if t%h < 0 {
		n--
	}
	return n
}

// halfEven is x in units of 10⁻⁶, half to even: exact arithmetic on the double nearest to x·10⁶.
func halfEven(x float64) *big.Int {
	r := new(big.Rat).SetFloat64(x * 1e6)
	if r == nil {
		return new(big.Int) // not finite; no accepted event has such a field
	}
	down, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(r.Denom()) {
	case 1:
		down.Add(down, big.NewInt(1))
	case 0:
		if down.Bit(0) == 1 {
			down.Add(down, big.NewInt(1))
		}
	}
	return down
}

// Decayed sums are floats added in some order: they agree within one of these. All other
// values agree exactly.
const (
	decayedRelative = 1e-9
	decayedAbsolute = 1e-12
)

// Same reports that a value is the recomputed one. NaN is null, and only null equals it.
func Same(agg string, got, want float64) bool {
	switch {
	case math.IsNaN(got) || math.IsNaN(want):
		return math.IsNaN(got) && math.IsNaN(want)
	case got == want:
		return true
	case agg != feature.DecayedSum:
		return false
	}
	apart := math.Abs(got - want)
	return apart <= decayedAbsolute || apart <= decayedRelative*max(math.Abs(got), math.Abs(want))
}
