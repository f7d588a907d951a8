package audit

import (
	"math"
	"slices"
)

// MaxKeyFacts bounds the events kept of one key when there is a bound at all; a key with more
// is given up.
const MaxKeyFacts = 1 << 12

// facts are the events of one key.
type facts struct {
	list     []fact
	size     int  // of the list
	givenUp  bool // there were too many
	lastTime int64
}

// fact is what one event means to one feature.
type fact struct {
	time  int64
	value uint64 // the bits of a number, 1 when there is no field; of a distinct the hash
	lanes uint8
	item  uint32 // of a last_k
	words *words // of last and last_k, else nil
}

// words are the texts that are kept of an event.
type words struct {
	item, id string // which decide at equal times
	text     string // the value, of a last that is one
}

// What a fact is, in bits.
const (
	laneOf   = 1 << iota // the event counts, or is part of a rate's of
	lanePer              // it is part of its per
	laneMore             // one more value of the event before
	laneText             // the value is a text
	laneEnd
)

// size is what a fact counts for: 32 bytes each, and 48 are those of words without their letters.
func (f *fact) size() int {
	if f.words == nil {
		return 1
	}
	return 1 + (48+len(f.words.item)+len(f.words.id)+len(f.words.text))/32
}

// kept reports that the events of a key are kept.
func (g *Oracle) kept(key uint64) bool { return key&(g.oneIn-1) == 0 }

// add notes what an event means under one key.
func (g *Oracle) add(c *column, key uint64, list []fact) {
	k := c.keyed[key]
	if k == nil {
		k = &facts{}
		c.keyed[key] = k
		g.facts++ // the key itself takes room too
	}
	k.lastTime = max(k.lastTime, list[0].time)
	if k.givenUp {
		return
	}
	for i := range list {
		k.list = append(k.list, list[i])
		k.size += list[i].size()
		g.facts += list[i].size()
	}
	if g.maxFacts == 0 {
		return
	}
	if k.size > MaxKeyFacts {
		g.forget(k, g.horizon(c))
		if k.size > MaxKeyFacts/2 {
			g.facts -= k.size
			*k = facts{givenUp: true, lastTime: k.lastTime}
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

// forget drops the facts of a key from before a time.
func (g *Oracle) forget(k *facts, before int64) {
	g.facts -= k.size
	k.size = 0
	k.list = slices.DeleteFunc(k.list, func(f fact) bool {
		if f.time >= before {
			k.size += f.size()
		}
		return f.time < before
	})
	g.facts += k.size
}

// shrink drops what no read can count any more, and then half of the keys at a time until the
// facts are at most half of those allowed.
func (g *Oracle) shrink() {
	for i := range g.columns {
		c := &g.columns[i]
		horizon := g.horizon(c)
		for key, k := range c.keyed {
			g.forget(k, horizon)
			if k.lastTime < horizon {
				delete(c.keyed, key)
				g.facts--
			}
		}
	}
	for g.facts > g.maxFacts/2 && g.oneIn < 1<<63 {
		g.oneIn *= 2
		for i := range g.columns {
			c := &g.columns[i]
			for key, k := range c.keyed {
				if !g.kept(key) {
					g.facts -= k.size + 1
					delete(c.keyed, key)
				}
			}
		}
	}
}
