package recall

import (
	"slices"
	"sync"
)

// countedTiles is the number of tiles of a counted window: its tail moves by 1/60 of it.
const countedTiles = 60

// counted counts events per item over one sliding window, for all items at once. It keeps
// the running totals of the window that ends at the newest event's tile, and per tile what
// it added, so that an event costs one step and a tile that leaves costs its own items.
type counted struct {
	window int64 // ms
	hop    int64 // ms, ≥ 1
	newest int64 // tile of the newest event
	ring   []map[uint32]int64
	totals []int64 // by item, over the tiles (newest − countedTiles, newest]
	total  int64   // sum of totals
	begun  bool
	turn   uint64 // grows with each event added

	mu   sync.Mutex // guards last; readers share it
	last shifted    // the newest window asked for that does not end at the newest event
}

// shifted is the window that ends at a tile other than the newest event's, as of a turn.
type shifted struct {
	turn   uint64
	tile   int64
	counts []int64
	total  int64
}

func newCounted(window, slack int64) *counted {
	hop := max(1, window/countedTiles)
	return &counted{window: window, hop: hop, ring: make([]map[uint32]int64, countedTiles+int((slack+hop-1)/hop)+1)}
}

func (c *counted) slot(tile int64) *map[uint32]int64 {
	n := int64(len(c.ring))
	return &c.ring[(tile%n+n)%n]
}

// add counts one event at time t. One older than the ring is in no window any more.
func (c *counted) add(item uint32, t int64) {
	tile := t / c.hop
	if !c.begun {
		c.newest, c.begun = tile, true
	}
	if tile > c.newest {
		c.advance(tile)
	}
	if tile <= c.newest-int64(len(c.ring)) {
		return
	}
	slot := c.slot(tile)
	if *slot == nil {
		*slot = map[uint32]int64{}
	}
	(*slot)[item]++
	c.turn++
	if tile > c.newest-countedTiles {
		for int(item) >= len(c.totals) {
			c.totals = append(c.totals, 0)
		}
		c.totals[item]++
		c.total++
	}
}

// advance moves the newest tile on: tiles leave the totals as they fall behind the window,
// and the ring as they fall behind it.
func (c *counted) advance(tile int64) {
	if tile-c.newest >= int64(len(c.ring)) {
		clear(c.ring)
		clear(c.totals)
		c.total, c.newest = 0, tile
		return
	}
	for c.newest < tile {
		c.newest++
		*c.slot(c.newest) = nil
		for item, n := range *c.slot(c.newest - countedTiles) {
			c.totals[item] -= n
			c.total -= n
		}
	}
}

// at returns the counts by item of the window that ends at time q, and their sum. The slice
// is shared: read only, under the lock. Between two events all readers of one tile share the
// work of shifting the window there.
func (c *counted) at(q int64) ([]int64, int64) {
	tile := q / c.hop
	switch {
	case !c.begun || tile-c.newest >= countedTiles:
		return nil, 0
	case tile == c.newest:
		return c.totals, c.total
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.turn != c.turn || c.last.tile != tile || c.last.counts == nil {
		counts, total := c.shift(tile)
		c.last = shifted{c.turn, tile, counts, total}
	}
	return c.last.counts, c.last.total
}

// shift counts the window that ends at a tile, from the one that ends at the newest event's.
func (c *counted) shift(tile int64) ([]int64, int64) {
	counts, total := slices.Clone(c.totals), c.total
	change := func(tile, sign int64) {
		for item, n := range *c.slot(tile) {
			for int(item) >= len(counts) {
				counts = append(counts, 0)
			}
			counts[item] += sign * n
			total += sign * n
		}
	}
	for t := c.newest - countedTiles + 1; t <= c.newest; t++ {
		if t <= tile-countedTiles || t > tile {
			change(t, -1)
		}
	}
	for t := max(tile-countedTiles+1, c.newest-int64(len(c.ring))+1); t <= min(tile, c.newest-countedTiles); t++ {
		change(t, +1)
	}
	return counts, total
}
