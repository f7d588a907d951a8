package recall

import "sync"

// countedTiles is the number of tiles of a counted window: its tail moves by 1/60 of it.
const countedTiles = 60

// counted counts events per item over one sliding window, for all items at once. It keeps
// the running totals of the window that ends at the newest event's tile, and per tile what
// it added, so that an event costs one step and a tile that leaves costs its own items.
type counted struct {
	window int64 // ms
	hop    int64 // ms, ≥ 1
	newest int64 // tile of the newest event
	ring   []amounts
	totals peaked[int64] // by item, over the tiles (newest − countedTiles, newest]
	total  int64         // sum of totals
	begun  bool

	mu   sync.Mutex // guards last among readers, who share it
	last *shifted   // the newest window asked for that does not end at the newest event's tile; nil is none
}

// shifted is the window that ends at a tile other than the newest event's.
type shifted struct {
	tile   int64
	counts *peaked[int64]
	total  int64
}

func newCounted(window, slack int64) *counted {
	hop := max(1, window/countedTiles)
	return &counted{window: window, hop: hop, ring: make([]amounts, countedTiles+int((slack+hop-1)/hop)+1)}
}

func (c *counted) slot(tile int64) *amounts {
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
	*c.slot(tile).at(item)++
	if tile > c.newest-countedTiles {
		c.totals.add(item, 1)
		c.total++
	}
	if l := c.last; l != nil && tile > l.tile-countedTiles && tile <= l.tile {
		l.counts.add(item, 1)
		l.total++
	}
}

// advance moves the newest tile on: tiles leave the totals as they fall behind the window,
// and the ring as they fall behind it.
func (c *counted) advance(tile int64) {
	c.last = nil // what falls out of the ring may be in it
	if tile-c.newest >= int64(len(c.ring)) {
		clear(c.ring)
		c.totals.clear()
		c.total, c.newest = 0, tile
		return
	}
	stale := make([]bool, len(c.totals.peaks))
	for c.newest < tile {
		c.newest++
		*c.slot(c.newest) = amounts{}
		for item, n := range c.slot(c.newest - countedTiles).all() {
			c.totals.add(item, -n)
			stale[item/peakBlock] = true
			c.total -= n
		}
	}
	c.totals.settle(stale)
}

// at returns the counts by item of the window that ends at time q, and their sum. The slice
// is shared: read only, under the lock.
func (c *counted) at(q int64) ([]int64, int64) {
	counts, total := c.within(q)
	return counts.values, total
}

// within is at with the peaks of the counts. Between two tiles of the newest event all readers of
// one tile share the work of shifting the window there; events that come meanwhile are added.
func (c *counted) within(q int64) (*peaked[int64], int64) {
	tile := q / c.hop
	switch {
	case !c.begun || tile-c.newest >= countedTiles:
		return &peaked[int64]{}, 0
	case tile == c.newest:
		return &c.totals, c.total
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || c.last.tile != tile {
		counts, total := c.shift(tile)
		c.last = &shifted{tile, counts, total}
	}
	return c.last.counts, c.last.total
}

// shift counts the window that ends at a tile, from the one that ends at the newest event's.
func (c *counted) shift(tile int64) (*peaked[int64], int64) {
	counts, total := c.totals.clone(), c.total
	change := func(tile, sign int64) {
		for item, n := range c.slot(tile).all() {
			counts.add(item, sign*n)
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
	counts.settle(nil)
	return counts, total
}
